"""A step's commands in a container: one shell, the same protocol as in a process, and nothing secret beside it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

import psutil
import pytest

from tests.parts import images
from tests.parts.local import until

MEGABYTES = 1024 * 1024


def test_one_shell_with_its_streams_in_the_order_of_commands(bench, box):
    status = bench.commands(
        "cd /; export MODE=fast; word=plain; echo err >&2",
        'echo "$PWD $MODE $word"; printf "no end"',
        'echo \'{"loss": 1}\'; echo $VH_REPOSITORY_DIR; cat > $VH_OUTPUTS_DIR/out.txt; echo "$ODD"',
        container=box(images.TINY),
        environment_variables={"ODD": "it's\n$HOME `x`", "not a name": "x", "VH_PROJECT_ID": "mine"},
    )
    assert (status, bench.end["exit_code"]) == ("complete", 0)
    lines = [(event["s"], line) for event in bench.server.of("log") for line in event["text"].split("\n")]
    lines = lines[lines.index(("stderr", "err")) :]
    assert [line for stream, line in lines if stream == "stdout"] == [
        "/ fast plain",
        "no end",
        '{"loss": 1}',
        "/valohai/repository",
        "it's",
        "$HOME `x`",
    ]
    assert lines.index(("stdout", "no end")) < next(n for n, (_, line) in enumerate(lines) if "Command 3 of 3" in line)
    assert bench.server.of("metadata")[0]["values"]["loss"] == 1
    assert bench.stored("out.txt") == b""
    assert any("not set: not a name" in line for line in bench.server.lines("status"))


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        ("no-such-program", "error", "exit code 127: no such program: no-such-program"),
        ("sh -c 'exit 3'", "error", "exit code 3: sh -c 'exit 3'"),
        ("kill -KILL $$", "error", "exit code 137: killed (out of memory?): kill -KILL $$"),
    ],
)
def test_the_reason_says_how_it_ended(bench, box, command: str, status: str, said: str):
    assert bench.commands(command, container=box(images.TINY)) == status
    assert bench.end["reason"] == f"the command failed with {said}"


def test_out_of_memory(bench, box):
    command = "python -c 'print(len(bytearray(10**9)))'"
    status = bench.commands(command, container=box(images.PYTHON, memory_bytes=96 * MEGABYTES))
    assert status == "crashed"
    assert bench.end["reason"] == "the command failed: the container ran out of memory: its limit is 96 MB"


def test_a_stop_lets_programs_save_their_work(bench, box):
    def ask(path: str) -> None:
        if "ready" in bench.server.lines():
            bench.server.stop = {"by": "ana", "reason": "stopped by ana", "kill_after": 60.0}

    bench.server.on_request = ask
    program = (
        "import time\ntry:\n    print('ready', flush=True); time.sleep(600)\n"
        "except KeyboardInterrupt:\n    time.sleep(0.5); print('saved', flush=True)"
    )
    begun = time.monotonic()
    # the one in the background is not waited for: it has a session of its own
    commands = ["(setsid sleep 600 &)", f'python -c "{program}"', "echo never"]
    assert bench.commands(*commands, container=box(images.PYTHON)) == "stopped"
    assert time.monotonic() - begun < 60
    assert bench.server.lines("stdout") == ["ready", "saved"]
    # the container went by itself
    assert bench.end["exit_code"] in (128 + signal.SIGINT, 1)


def test_a_stop_kills_what_does_not_heed_it_and_what_is_left_in_the_background(bench, box):
    def ask(path: str) -> None:
        if "ready" in bench.server.lines():
            bench.server.stop = {"by": "ana", "reason": "stopped by ana", "kill_after": 1.0}

    bench.server.on_request = ask
    commands = "(setsid sleep 600 &); trap '' INT TERM; echo ready; while :; do sleep 1; done"
    assert bench.commands(commands, container=box(images.TINY)) == "stopped"


def test_many_lines_arrive_complete(bench, box):
    bench.commands("seq 100000", container=box(images.TINY))
    assert bench.server.lines("stdout") == [str(n) for n in range(1, 100_001)]


def test_secrets_are_in_no_description_of_the_container_and_in_no_list_of_processes(bench, box, dockerd):
    shown: list[str] = []

    def look() -> None:
        (found,) = until(lambda: "ready" in bench.server.lines() and dockerd.client.containers.list())
        shown.append(str(dockerd.client.api.inspect_container(found.id)) + str(found.top()))
        shown.append(str(subprocess.run(["ps", "axww"], capture_output=True, check=True).stdout))
        (folder,) = (Path(mount["Source"]) for mount in found.attrs["Mounts"] if mount["Source"].endswith("/s"))
        shown.append("".join(p.read_text() for p in folder.iterdir() if p.is_file()))
        bench.server.stop = {"by": "ana", "reason": "seen", "kill_after": 5.0}

    looking = threading.Thread(target=look)
    looking.start()
    bench.commands(
        "echo $TOKEN; echo ready; sleep 600",
        container=box(images.TINY),
        environment_variables={"TOKEN": "hunter22", "PLAIN": "seen-by-nobody"},
        secret_names=["TOKEN"],
    )
    looking.join()
    assert len(shown) == 3
    assert not re.search("hunter22|seen-by-nobody", "".join(shown))
    assert "***" in bench.server.lines("stdout")
    assert "hunter22" not in (dockerd.log + str(bench.server.events))


def test_without_an_engine_it_is_refused_or_a_process(bench, box, monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    assert bench.commands("echo here", container=box()) == "error"
    assert bench.end["error"]["code"] == "no_container_engine"
    assert "does not answer" in bench.end["reason"]
    bench.server.ends.clear()
    assert bench.commands("echo $VH_INPUTS_DIR", container=box(mode="auto")) == "complete"
    assert str(bench.state) in bench.server.lines("stdout")[0]
    assert any("image valo-test/notebook:1 is not used" in line for line in bench.server.lines("status"))


def test_an_engine_of_another_computer_is_refused(bench, box, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "tcp://10.0.0.1:2375")
    assert bench.commands("echo here", container=box()) == "error"
    assert "another computer" in bench.end["reason"]


def test_an_environment_without_containers_runs_a_process(bench, box):
    assert bench.commands("echo $VH_INPUTS_DIR", container=box(mode="never")) == "complete"
    assert str(bench.state) in bench.server.lines("stdout")[0]
    assert bench.server.images == []


def test_the_network_of_the_environment(bench, box, dockerd):
    names = "ls /sys/class/net"
    assert bench.commands(names, container=box(images.TINY)) == "complete"
    assert bench.server.lines("stdout") == ["lo"]
    bench.server.ends.clear()
    assert bench.commands(names, container=box(images.TINY, network="bridge")) == "complete"
    assert "eth0" in bench.server.lines("stdout")


def test_no_gpu_where_there_is_none(bench, box):
    assert bench.commands("true", container=box(images.TINY, gpus=-1)) == "error"
    assert "no access to GPUs" in bench.end["reason"]


def test_peak_memory(bench, box):
    program = "import time; held = bytearray(120_000_000); time.sleep(0.5)"
    bench.commands(f"python -c '{program}'", container=box(images.PYTHON))
    assert bench.end["peak_memory_bytes"] > 120_000_000


def test_the_default_profile_may_install_packages(bench, box):
    package = bench.project / "package"
    package.mkdir()
    metadata = "[project]\nname='tiny-package'\nversion='1'\n[build-system]\nrequires=[]\nbuild-backend='backend'\n"
    (package / "pyproject.toml").write_text(metadata + "backend-path=['.']\n")
    (package / "backend.py").write_text(BACKEND)
    status = bench.commands(
        "python -m pip install --quiet --no-index --no-build-isolation ./package",
        "cd / && python -c 'import tiny_package; print(tiny_package.__file__)'",
        container=box(images.PYTHON),
    )
    assert (status, bench.end["reason"]) == ("complete", "")
    assert bench.server.lines("stdout")[-1].startswith("/usr/local/lib/python")


#: builds a wheel with nothing but the standard library
BACKEND = """\
import os, zipfile
def build_wheel(folder, *_):
    name = 'tiny_package-1-py3-none-any.whl'
    with zipfile.ZipFile(os.path.join(folder, name), 'w') as wheel:
        wheel.writestr('tiny_package.py', '')
        info = 'tiny_package-1.dist-info/'
        wheel.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: tiny-package\\nVersion: 1\\n')
        wheel.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
        wheel.writestr(info + 'RECORD', '')
    return name
"""


def test_processes_of_a_container_are_the_jobs_own(bench, box):
    """Those of other executions are not to be seen, or reached."""
    mine = os.getpid()
    bench.commands(f"ls /proc/{mine} || echo unseen; kill -9 {mine} || echo unreached", container=box(images.TINY))
    assert bench.server.lines("stdout") == ["unseen", "unreached"]
    assert psutil.pid_exists(mine)
