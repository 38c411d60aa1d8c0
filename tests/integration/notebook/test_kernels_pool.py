"""Kernels that wait: like a cold one to the code they run, and never given to whom they do not fit."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from valo_jupyter.domain.errors import StateFolder
from valo_jupyter.runtime.contract import StopRequest, StopSignal
from valo_jupyter.runtime.kernels import KernelPool
from valo_jupyter.runtime.running import KernelDied, KernelStopped, RunningKernel

Take = Callable[..., RunningKernel]

LOOK_AROUND = """
import json, os, signal, sys, threading
ip = get_ipython()
look = {
    "names": sorted(name for name in globals() if name not in ("ip", "look")),
    "path": sys.path, "argv": len(sys.argv), "cwd": os.getcwd(), "starting_dir": ip.starting_dir,
    "env": {k: v for k, v in os.environ.items()},
    "child": __import__("subprocess").check_output("env; pwd", shell=True, text=True).split(),
    "dh": [str(d) for d in _dh], "dh_type": type(_dh[0]).__name__,
    "in": In[:1], "out": list(Out), "count": ip.execution_count,
    "history": list(ip.history_manager.get_range(raw=True))[:-1], "umask": os.umask(0o22),
    "threads": sorted(t.name.partition("-")[0] for t in threading.enumerate()),
    "events": {name: len(list) for name, list in ip.events.callbacks.items()},
    "backend": __import__("matplotlib").get_backend(),
    "modules": sorted(sys.modules), "last": [ip.last_execution_succeeded, hasattr(sys, "last_value")],
    "stdout": [sys.__stdout__.encoding, sys.__stdout__.fileno(), type(sys.stdout).__name__],
}
"""


class Watch:
    def __init__(self) -> None:
        self.alive: set[int] = set()
        self.all: set[int] = set()

    def ready(self) -> None:
        pass

    def started(self, pid: int) -> None:
        self.alive.add(pid)
        self.all.add(pid)

    def ended(self, pid: int) -> None:
        self.alive.discard(pid)


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def pool(watch: Watch) -> Iterator[KernelPool]:
    made = KernelPool(watch=watch)
    yield made
    made.close()
    assert not watch.alive


@pytest.fixture
def take(pool: KernelPool, tmp_path: Path, environment: dict[str, str]) -> Iterator[Take]:
    taken: list[RunningKernel] = []

    def take(change: dict[str, str] | None = None, cwd: Path = tmp_path, **options: Any) -> RunningKernel:
        taken.append(pool.take(None, cwd=cwd, environment=environment | (change or {}), **options))
        return taken[-1]

    yield take
    for kernel in taken:
        kernel.close()


def warm(pool: KernelPool) -> None:
    pool.warm(None)
    assert pool.wait_warm(60)


def seen_by(kernel: RunningKernel, code: str, name: str) -> Any:
    request = kernel.execute(code)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        kernel.connection.wait(0.2)
        for message in kernel.connection.receive("iopub"):
            assert message["msg_type"] != "error", message["content"]
        for message in kernel.connection.receive("shell"):
            if message["parent_header"]["msg_id"] == request:
                path = Path(kernel.born["HOME"]) / f"{kernel.pid}.json"
                kernel.execute(f"json.dump({name}, open({str(path)!r}, 'w'))")
                while not path.exists() or not path.read_text().endswith("}"):
                    assert time.monotonic() < deadline
                    time.sleep(0.01)
                return json.loads(path.read_text())
    raise AssertionError("no answer")


def test_user_code_cannot_tell_a_warm_kernel(pool: KernelPool, take: Take, tmp_path: Path) -> None:
    change = {"MINE": "žluť", "PATH": os.environ["PATH"] + ":/extra"}
    cold = take(change)
    warm(pool)
    kernel = take(change)
    assert (cold.warm, kernel.warm) == (False, True)
    ours, theirs = seen_by(kernel, LOOK_AROUND, "look"), seen_by(cold, LOOK_AROUND, "look")
    for name in theirs:
        if name != "modules":
            assert ours[name] == theirs[name], name
    assert ours["cwd"] == str(tmp_path)
    assert ours["env"]["MINE"] == "žluť"
    assert set(ours["modules"]) - set(theirs["modules"]) <= {"tempfile"}


def test_the_environment_of_the_last_execution_is_gone(pool: KernelPool, take: Take) -> None:
    take({"SECRET": "of-the-first"})
    warm(pool)
    kernel = take()
    assert kernel.warm
    assert "of-the-first" not in Path(f"/proc/{kernel.pid}/environ").read_text()
    assert "SECRET" not in seen_by(kernel, LOOK_AROUND, "look")["env"]


@pytest.mark.parametrize("change", [{"PYTHONHASHSEED": "1"}, {"TZ": "Asia/Tokyo"}, {"LC_ALL": "C"}, {"LD_PRELOAD": ""}])
def test_what_counts_at_birth_starts_cold(pool: KernelPool, take: Take, change: dict[str, str]) -> None:
    take()
    warm(pool)
    assert not take(change).warm
    # the next one is born with it
    warm(pool)
    assert take(change).warm


def test_cold_when_asked_for(pool: KernelPool, take: Take) -> None:
    take()
    warm(pool)
    assert not take(must_start_cold=True).warm
    assert take().warm
    # each serves once
    assert not take().warm


def test_an_installed_package_makes_it_cold(pool: KernelPool, take: Take, tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    take({"PYTHONPATH": str(packages)})
    warm(pool)
    (packages / "new.dist-info").mkdir()
    assert not take({"PYTHONPATH": str(packages)}).warm


def test_startup_files_of_ipython_run_where_the_notebook_is(
    pool: KernelPool, take: Take, environment: dict[str, str], tmp_path: Path
) -> None:
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "0.py").write_text("import os; where = {'cwd': os.getcwd()}; import json")
    change = {"IPYTHONDIR": str(tmp_path / "ipython")}
    take(change)
    pool.warm(None)
    assert not pool.wait_warm(1)
    kernel = take(change)
    assert seen_by(kernel, "pass", "where") == {"cwd": str(tmp_path)}


def test_a_kernel_that_died_waiting_is_not_given(pool: KernelPool, take: Take, watch: Watch) -> None:
    take()
    warm(pool)
    (waiting,) = watch.alive - {kernel_pid for kernel_pid in watch.alive if kernel_pid == min(watch.alive)}
    os.kill(waiting, signal.SIGKILL)
    time.sleep(0.2)
    kernel = take()
    assert not kernel.warm
    assert kernel.ask("describe") is not None


def test_sockets_are_private_and_there_is_no_port(pool: KernelPool, take: Take) -> None:
    for kernel in (take(), (warm(pool), take())[1]):
        folder = kernel.provisioner.folder
        assert folder is not None
        # jupyter_client adds the sticky bit
        assert stat.S_IMODE(folder.stat().st_mode) & 0o777 == 0o700
        assert stat.S_IMODE((folder / "connection.json").stat().st_mode) == 0o600
        time.sleep(0.1)
        assert psutil.Process(kernel.pid).net_connections(kind="inet") == []
        kernel.close()
        assert not folder.exists()


def test_forked_processes_print_without_that_port(take: Take) -> None:
    kernel = take()
    kernel.execute(
        "import os\npid = os.fork()\nif not pid:\n    print('from the fork'); os._exit(0)\nos.waitpid(pid, 0)"
    )
    printed = ""
    deadline = time.monotonic() + 10
    while "from the fork" not in printed and time.monotonic() < deadline:
        kernel.connection.wait(0.2)
        for message in kernel.connection.receive("iopub"):
            printed += message["content"].get("text", "")
    assert "from the fork" in printed


def test_a_stop_does_not_wait_for_a_kernel_that_starts(pool: KernelPool, take: Take) -> None:
    stop = StopSignal()
    stop.set(StopRequest("stopped"))
    pool.warm(None)
    with pytest.raises(KernelStopped):
        take(stop=stop)


def test_a_long_socket_folder_is_refused_before_anything_starts(tmp_path: Path, environment: dict[str, str]) -> None:
    folder = tmp_path / ("x" * 100)
    folder.mkdir()
    watch = Watch()
    pool = KernelPool(socket_folder=folder, watch=watch)
    with pytest.raises(StateFolder, match="too long a path"):
        pool.take(None, cwd=tmp_path, environment=environment)
    assert not watch.all
    assert list(folder.iterdir()) == []
    pool.close()


def test_a_kernel_that_does_not_answer_is_given_up(pool: KernelPool, tmp_path: Path, watch: Watch) -> None:
    kernel = {"name": "mute", "argv": ["sleep", "60"], "env": {}, "language": "x"}
    with pytest.raises(KernelDied, match="did not answer within 1 seconds"):
        pool.take(kernel, cwd=tmp_path, environment=dict(os.environ), timeout=1.0)
    assert not watch.alive


@pytest.mark.skipif(sys.platform != "linux", reason="a parent's death signal is Linux's")
def test_kernels_die_with_the_machine_process(tmp_path: Path, environment: dict[str, str]) -> None:
    code = (
        "import os, sys, time\nfrom pathlib import Path\nfrom valo_jupyter.runtime.kernels import KernelPool\n"
        "pool = KernelPool(); kernel = pool.take(None, cwd=Path.cwd(), environment=dict(os.environ))\n"
        "pool.warm(None); pool.wait_warm(60)\n"
        "print(kernel.pid, next(iter(pool._waiting.values()))[0].result().kernel.pid, flush=True); time.sleep(60)"
    )
    root = Path(__file__).parents[3]
    machine = subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment | {"PYTHONPATH": str(root)}, stdout=subprocess.PIPE
    )
    assert machine.stdout is not None
    pids = [int(pid) for pid in machine.stdout.readline().split()]
    assert len(pids) == 2
    machine.kill()
    machine.wait()
    machine.stdout.close()
    # at once; ipykernel's own look at its parent comes each second
    deadline = time.monotonic() + 0.9
    while any(map(lives, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(lives, pids))


def lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
