"""What waiting costs: processor time of a server with two idle machines, against a bare Dask cluster of two workers."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from benchmarks.server import Server, cells, server, write_notebook
from benchmarks.table import Row

_SECONDS = 60.0
_BARE = """
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None):
        print(flush=True)
        input()
"""


@contextlib.contextmanager
def bare_cluster(folder: Path) -> Iterator[psutil.Process]:
    script = folder / "bare.py"
    script.write_text(_BARE)
    process = subprocess.Popen([sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield psutil.Process(process.pid)
    finally:
        process.communicate(b"\n", timeout=60)


def two_machines(running: Server, folder: Path) -> None:
    """Both of them have run something, and wait."""
    notebook = write_notebook(folder / "code" / "nb.ipynb", ["import time; time.sleep(2)", *cells(2)])
    project, commit = running.project(notebook.parent)
    for execution in [running.submit(project, commit, "nb.ipynb") for _ in range(2)]:
        running.wait(execution)


def family(*roots: psutil.Process) -> list[psutil.Process]:
    found = {child.pid: child for root in roots for child in [root, *root.children(recursive=True)]}
    return list(found.values())


def processor_seconds(processes: list[psutil.Process]) -> dict[psutil.Process, float]:
    used = {}
    for process in processes:
        times = process.cpu_times()
        used[process] = times.user + times.system
    return used


def rows() -> list[Row]:
    with server() as running, tempfile.TemporaryDirectory() as folder, bare_cluster(Path(folder)) as bare:
        two_machines(running, Path(folder))
        status = running.status()
        if len(status["machines"]) != 2:
            raise RuntimeError(f"there are {len(status['machines'])} machines")
        pids = [status["pid"], status["engine_pid"], *(machine["pid"] for machine in status["machines"])]
        ours, peers = family(*map(psutil.Process, pids)), family(bare)
        # kernels for the next executions are ready by now
        time.sleep(8)
        before = processor_seconds([*ours, *peers])
        time.sleep(_SECONDS)
        used = {process: seconds - before[process] for process, seconds in processor_seconds(list(before)).items()}
        for process, seconds in used.items():
            print(f"    {1000 * seconds / _SECONDS:6.2f} ms/s  {' '.join(process.cmdline())[:100]}", file=sys.stderr)
    mine, theirs = (1000 * sum(used[process] for process in each) / _SECONDS for each in (ours, peers))
    return [Row("idle: web, engine, 2 machines, 2 kernels", "a bare Dask cluster of 2", mine, theirs, 1.0, 0.5, "ms/s")]
