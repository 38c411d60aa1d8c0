"""Idle memory of the local server: web, engine, one warm machine and its kernel, against their bare libraries."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.server import cells, server, write_notebook
from benchmarks.table import Row

#: what each process cannot do without, imported and idle
BARE = (
    "import tornado.httpserver, sqlalchemy",
    "import distributed, tornado.httpserver, sqlalchemy",
    "import distributed, papermill, nbclient",
    "import ipykernel.ipkernel, ipykernel.kernelapp, ipykernel.inprocess",
)


def pss(processes: list[psutil.Process]) -> float:
    """Megabytes; pages that processes share are counted once, in parts."""
    return sum(process.memory_full_info().pss for process in processes) / 1e6


def bare() -> float:
    started = [
        subprocess.Popen([sys.executable, "-c", f"{code}; print(flush=True); input()"],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for code in BARE
    ]  # fmt: skip
    try:
        for process in started:
            assert process.stdout is not None
            process.stdout.readline()
        return pss([psutil.Process(process.pid) for process in started])
    finally:
        for process in started:
            process.communicate(b"\n")


def rows() -> list[Row]:
    with server() as running, tempfile.TemporaryDirectory() as folder:
        notebook = write_notebook(Path(folder) / "code" / "nb.ipynb", cells(3))
        running.timed(*running.project(notebook.parent), "nb.ipynb")
        # the next kernel is warm, and garbage is collected
        time.sleep(8)
        status = running.status()
        roots = [psutil.Process(status["pid"]), psutil.Process(status["engine_pid"])]
        family = {child.pid: child for root in roots for child in [root, *root.children(recursive=True)]}
        machines = [machine["pid"] for machine in status["machines"]]
        for pid in machines:
            process = psutil.Process(pid)
            family.update({child.pid: child for child in [process, *process.children(recursive=True)]})
        for process in family.values():
            print(f"    {pss([process]):6.1f} MB  {' '.join(process.cmdline())[:100]}", file=sys.stderr)
        ours = pss(list(family.values()))
    return [Row("idle: web + engine + warm machine + kernel", "bare libraries", ours, bare(), 1.25, 1.0, "MB")]
