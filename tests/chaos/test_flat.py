"""What a server takes stays the same, however many executions it has run: memory, descriptors, threads, folders.

`make chaos` runs 2,000 of them.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import nbformat.v4 as v4
import psutil
import pytest
import urllib3

from tests.parts.local import LocalProject, until
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.engines.processes import machines_folder, records
from valo_jupyter.server import lifecycle

_LONG = bool(os.environ.get("CHAOS_ROUNDS"))
#: executions in a batch, batches until caches and pools are filled, and batches that count
BATCH = 100 if _LONG else 20
WARM_UP = 2
BATCHES = int(os.environ.get("VALO_CHAOS_BATCHES") or 20) if _LONG else 6
#: memory that one execution may cost for good; what is measured has a noise of a megabyte or so
BYTES_EACH = 3_000 if _LONG else 25_000
MACHINES = 2
#: threads that a process may have: those of its pools, which start one when all others are at work at that moment
THREADS = 24


@pytest.fixture
def project(state: StateFolder, tmp_path: Path) -> Iterator[LocalProject]:
    code = tmp_path / "code"
    code.mkdir()
    cells = [v4.new_code_cell("print('hello')"), v4.new_code_cell("1 + 1")]
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    (code / "hello.ipynb").write_text(v4.writes(v4.new_notebook(cells=cells, metadata={"kernelspec": spec})))
    step = 'echo hello; echo \'{"a": 1}\'; echo kept > "$VH_OUTPUTS_DIR/kept.txt"'
    project = LocalProject(state, code, {"hello": [step]})
    project.services.environments.set_scale("local", minimum=MACHINES, maximum=MACHINES)
    yield project
    project.close()


class Usage:
    """What the processes of the server have, by their parts."""

    def __init__(self, state: StateFolder) -> None:
        status = lifecycle.status(state)
        # idle machines with a kernel that waits, as between any two batches
        machines = sorted(record.machine.pid for record in records(machines_folder(state)))
        self.pids = [status["pid"], status["engine_pid"], *machines]
        names = ["web", "engine", *(f"machine {n + 1}" for n in range(len(machines)))]
        processes = dict(zip(names, map(psutil.Process, self.pids), strict=True))
        self.memory = {name: each.memory_full_info().uss for name, each in processes.items()}
        self.counts: dict[str, int] = {}
        self.threads = {f"threads of {name}": each.num_threads() for name, each in processes.items()}
        for name, each in processes.items():
            children = each.children(recursive=True)
            self.counts[f"descriptors of {name}"] = _descriptors(each.pid, state.database)
            self.counts[f"processes of {name}"] = len(children)
            self.counts[f"zombies of {name}"] = sum(child.status() == psutil.STATUS_ZOMBIE for child in children)
        for folder in (state.root, state.jobs, state.uploads, state.root / "machines", state.store / "incoming"):
            self.counts[f"entries of {folder.name}"] = len(list(folder.glob("*")))
        for record in records(machines_folder(state)):
            self.counts[f"entries of the scratch folder of {record.name}"] = len(list(Path(record.scratch).rglob("*")))


def _descriptors(pid: int, database: Path) -> int:
    """All but those of the database: its pool opens as many connections as were ever needed at once."""
    found = 0
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found += not os.readlink(descriptor).startswith(str(database))
    return found


def run(project: LocalProject, count: int, http: urllib3.PoolManager) -> None:
    """Submit half notebooks, half commands; follow each to its end as a client does."""
    server, token = project.state.read_server(), project.state.read_token()
    assert server is not None
    made = [project.submit_notebook("hello.ipynb") if n % 2 else project.submit("hello") for n in range(count)]
    for execution_id in made:
        path = f"{server['url']}/api/v0/executions/{execution_id}"
        seen = {"last": 0, "done": False}
        while not seen["done"]:
            url = f"{path}/stream/?after={seen['last']}&wait=20"
            seen = http.request("GET", url, headers={"Authorization": f"Token {token}"}, timeout=60).json()
        assert seen["status"] == "complete"


def settled(project: LocalProject) -> Usage:
    """The usage when nothing runs, and the kernels that wait are ready."""

    def ready() -> bool:
        machines = lifecycle.status(project.state)["machines"]
        idle = [machine for machine in machines if machine["state"] == "idle"]
        kernels = [record.groups for record in records(machines_folder(project.state))]
        return len(idle) == MACHINES and all(len(groups) == 1 for groups in kernels)

    until(ready)
    # connections that were just closed, a kernel that is about to be ready
    usages = [Usage(project.state)]

    def calm() -> bool:
        time.sleep(0.3)
        usages.append(Usage(project.state))
        return len(usages) > 4 and all(usage.counts == usages[-1].counts for usage in usages[-4:])

    until(calm)
    return usages[-1]


@pytest.mark.slow
@pytest.mark.timeout(3600 if _LONG else 300)
def test_a_server_takes_no_more_after_many_executions(project: LocalProject) -> None:
    http = urllib3.PoolManager()
    run(project, WARM_UP * BATCH, http)
    usages = [settled(project)]
    for _ in range(BATCHES):
        run(project, BATCH, http)
        usages.append(settled(project))
        assert usages[-1].pids == usages[0].pids
    executions = [n * BATCH for n in range(len(usages))]
    growth = {}
    for name in usages[0].memory:
        growth[name] = statistics.linear_regression(executions, [usage.memory[name] for usage in usages]).slope
        figures = ", ".join(f"{usage.memory[name] / 1e6:.1f}" for usage in usages)
        print(f"{name}: {growth[name]:+.0f} bytes an execution ({figures} MB)")
    assert {name: count for name, count in usages[-1].threads.items() if count > THREADS} == {}
    # what grows has more in all of the second half
    half = len(usages) // 2
    before = {name: max(usage.counts[name] for usage in usages[:half]) for name in usages[0].counts}
    after = {name: min(usage.counts[name] for usage in usages[half:]) for name in usages[0].counts}
    print({name: count for name, count in after.items() if name.startswith("descriptors")} | usages[-1].threads)
    assert {name: (before[name], count) for name, count in after.items() if count > before[name]} == {}
    assert {name: f"{each:.0f} bytes" for name, each in growth.items() if each > BYTES_EACH} == {}
