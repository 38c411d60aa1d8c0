"""How fast machines come: from none to one, and from a submission to code that runs on one that waits."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from distributed import Scheduler
from distributed.diagnostics.plugin import SchedulerPlugin

from benchmarks.alone import Runtime, first_cell, web_alone
from benchmarks.server import Server, server, write_notebook
from benchmarks.table import Row
from valo_jupyter.domain.clock import parse
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.engines.registry import open_engine

_RUNS = 5


class _Arrivals(SchedulerPlugin):
    def __init__(self) -> None:
        self.there = asyncio.Event()

    def add_worker(self, scheduler: Scheduler, worker: str) -> None:
        self.there.set()

    def remove_worker(self, scheduler: Scheduler, worker: str, **kwargs: Any) -> None:
        self.there.clear()


async def our_machine(folder: Path) -> Callable[[], Any]:
    """A function that starts one machine where there is none, and gives the seconds that took."""
    engine = open_engine("local", slug="bench", state=StateFolder(folder), options={})
    await engine.start()
    started = asyncio.Event()
    engine.on_change(lambda change: started.set() if change.kind == "started" else None)
    engine.set_limits(0, 1, 0.0)

    async def once() -> float:
        started.clear()
        begun = time.perf_counter()
        engine.demand(1)
        await asyncio.wait_for(started.wait(), 60)
        seconds = time.perf_counter() - begun
        engine.demand(0)
        while engine.machines():
            await asyncio.sleep(0.05)
        return seconds

    once.close = engine.close  # type: ignore[attr-defined]
    return once


async def bare_worker(scheduler: Scheduler, arrivals: _Arrivals, folder: Path) -> float:
    """Seconds until a Dask worker of its own command line has come."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "distributed.cli.dask_worker", scheduler.address]
    options = ["--nthreads=1", "--no-nanny", "--no-dashboard", f"--local-directory={folder}"]
    process = subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        await asyncio.wait_for(arrivals.there.wait(), 60)
        return time.perf_counter() - begun
    finally:
        process.kill()
        process.wait()
        while arrivals.there.is_set():
            await asyncio.sleep(0.05)


async def cold() -> Row:
    with tempfile.TemporaryDirectory() as folder:
        once = await our_machine(Path(folder) / "state")
        async with Scheduler(host="127.0.0.1", port=0, dashboard_address=":0") as scheduler:
            arrivals = _Arrivals()
            scheduler.add_plugin(arrivals)
            pairs = [(await once(), await bare_worker(scheduler, arrivals, Path(folder))) for _ in range(_RUNS + 1)]
        await once.close()  # type: ignore[attr-defined]
    ours, peers = (median(each) for each in zip(*pairs[1:], strict=True))
    return Row("no machine → one, local", "a bare Dask worker's start", ours, peers, 2.0, 1.0)


def starts(running: Server, project: str, commit: str) -> tuple[float, float]:
    """Seconds from the POST until the first cell runs, and those of them since the machine asked to start."""
    begun = time.time()
    made = running.submit(project, commit, "nb.ipynb")
    if running.wait(made) != "complete":
        raise RuntimeError("an execution failed")
    seen = running.ask("GET", f"/api/v0/executions/{made['id']}/")
    first = first_cell(running, made)
    return first - begun, first - parse(seen["attempts"][0]["started"]).timestamp()


def warm() -> list[Row]:
    """A submission on a machine that waits, against three ways to say what the runtime's own start is."""
    with server() as running, tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        notebook = write_notebook(Path(folder) / "code" / "nb.ipynb", ["import time; print(time.time())"])
        project, commit = running.project(notebook.parent)
        web, bare = stack.enter_context(web_alone(Path(folder) / "alone"))
        handed, started = (Runtime(web, bare, *bare.project(notebook.parent), waits=waits) for waits in (True, False))
        stack.callback(handed.close)
        found = []
        for _ in range(_RUNS * 2 + 1):
            submitted, from_gate = starts(running, project, commit)
            found.append((submitted, started(), handed(), from_gate))
            # the next kernel is warm
            time.sleep(1.5)
    ours, *peers = (median(each) for each in zip(*found[1:], strict=True))
    names = ("the runtime started as a process", "a runtime that waits, handed its attempt", "from its start gate")
    return [
        Row("submit → first cell, on a machine that waits", name, ours, peer, 1.2 if name == names[0] else 1.5, 1.2)
        for name, peer in zip(names, peers, strict=True)
    ]


def rows() -> list[Row]:
    return [asyncio.run(cold()), *warm()]
