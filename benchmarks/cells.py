"""Cost of a cell, of a printed line and of a kernel's start, each as a ratio to the bare libraries in the same run.

Usage: python benchmarks/cells.py [--lines 1000000] [--cells 200] [--rounds 3]
"""

from __future__ import annotations

import logging
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import nbformat
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from benchmarks.table import Row, show
from valo_jupyter.runtime.contract import Folders, Outcome, StopSignal
from valo_jupyter.runtime.kernels import KernelPool
from valo_jupyter.runtime.notebook import run_notebook

_METADATA = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


class Counting:
    """A sink that keeps nothing but the time of the first cell and the number of lines."""

    def __init__(self) -> None:
        self.lines = 0
        self.first_cell: float | None = None

    def emit(self, event: dict[str, Any]) -> None:
        if event["k"] == "cell" and self.first_cell is None:
            self.first_cell = time.perf_counter()

    def log(self, stream: str, lines: list[str], cell: int | None = None) -> None:
        self.lines += len(lines)

    def notebook(self, content: bytes) -> None: ...


def run(sources: list[str], kernels: KernelPool) -> tuple[Outcome, Counting, float]:
    with tempfile.TemporaryDirectory() as root:
        folders = Folders(Path(root))
        for folder in (folders.repository, folders.inputs, folders.outputs, folders.config):
            folder.mkdir()
        notebook = folders.repository / "benchmark.ipynb"
        nbformat.write(new_notebook(cells=[new_code_cell(source) for source in sources], metadata=_METADATA), notebook)
        sink = Counting()
        outcome = run_notebook(
            notebook=notebook,
            folders=folders,
            kernel=None,
            inject={},
            environment=dict(os.environ),
            secrets=[],
            limits={},
            sink=sink,
            stop=StopSignal(),
            kernels=kernels,
        )
        assert outcome.status == "complete", outcome
        return outcome, sink, time.perf_counter()


def wait_warm(kernels: KernelPool) -> None:
    kernels.warm(None)
    assert kernels.wait_warm(60), "no kernel came up"


@contextmanager
def bare_client() -> Iterator[Any]:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        manager = KernelManager(kernel_name="python3", transport="ipc", ip=f"{folder}/k")
        manager.start_kernel(extra_arguments=["--HistoryManager.hist_file=:memory:"])
        client = manager.client()
        client.start_channels()
        client.wait_for_ready()
        client.allow_stdin = False
        try:
            yield client
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)


def bare_cells(client: Any, sources: list[str]) -> float:
    started = time.perf_counter()
    for source in sources:
        request = client.execute(source)
        while True:
            message = client.get_iopub_msg()
            if (
                message["parent_header"].get("msg_id") == request
                and message["content"].get("execution_state") == "idle"
            ):
                break
        client.get_shell_msg()
    return time.perf_counter() - started


def cost_per_cell(cells: int, rounds: int) -> tuple[float, float]:
    sources = [f"x = {number}\nprint(x)" for number in range(cells)]
    bare, ours = [], []
    kernels = KernelPool()
    try:
        for _ in range(rounds):
            with bare_client() as client:
                bare_cells(client, sources[:5])
                bare.append(bare_cells(client, sources) / cells)
            seconds = {}
            for several in (sources[:5], sources + sources[:5]):
                wait_warm(kernels)
                outcome, _, _ = run(several, kernels)
                seconds[len(several)] = outcome.seconds["run"]
            ours.append((seconds[cells + 5] - seconds[5]) / cells)
    finally:
        kernels.close()
    return median(bare), median(ours)


def lines(number: int) -> tuple[float, float]:
    source = f"for i in range({number}): print('line', i)"
    started = time.perf_counter()
    NotebookClient(new_notebook(cells=[new_code_cell(source)], metadata=_METADATA)).execute()
    bare = time.perf_counter() - started
    kernels = KernelPool()
    try:
        started = time.perf_counter()
        _, sink, ended = run([source], kernels)
    finally:
        kernels.close()
    assert sink.lines == number, sink.lines
    return bare, ended - started


def first_cell(rounds: int) -> tuple[float, float]:
    bare, ours = [], []
    kernels = KernelPool()
    try:
        for _ in range(rounds):
            started = time.perf_counter()
            with bare_client():
                bare.append(time.perf_counter() - started)
            wait_warm(kernels)
            started = time.perf_counter()
            _, sink, _ = run(["1"], kernels)
            assert sink.first_cell is not None
            ours.append(sink.first_cell - started)
    finally:
        kernels.close()
    return median(bare), median(ours)


def rows(count: int = 200, rounds: int = 3, printed: int = 1_000_000) -> list[Row]:
    logging.disable(logging.WARNING)
    try:
        bare_cell, cell = cost_per_cell(count, rounds)
        cold, first = first_cell(rounds)
        bare_lines, ours = lines(printed)
    finally:
        logging.disable(logging.NOTSET)
    return [
        Row(
            f"one of {count} cells", "a bare client's execute and reply", 1000 * cell, 1000 * bare_cell, 1.5, 1.1, "ms"
        ),
        Row(
            "submit → first cell, on the machine, warm", "cold kernel ready", 1000 * first, 1000 * cold, 0.5, 0.2, "ms"
        ),
        Row(f"{printed:,} printed lines", "nbclient alone", ours, bare_lines, 1.3, 1.1),
    ]


if __name__ == "__main__":
    show(rows())
