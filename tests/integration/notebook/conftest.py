"""Notebooks run for real: a pool of kernels shared by a module, and a sink that remembers."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from valo_jupyter.runtime.contract import Folders, Outcome, StopRequest, StopSignal
from valo_jupyter.runtime.kernels import KernelPool
from valo_jupyter.runtime.notebook import run_notebook

PYTHON = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


@dataclass
class Remembering:
    """A sink; `entries` holds log batches and events in one order."""

    entries: list[tuple[str, Any]] = field(default_factory=list)
    notebooks: list[bytes] = field(default_factory=list)
    on_entry: Callable[[], None] = lambda: None
    _lock: Any = field(default_factory=threading.Lock)

    def emit(self, event: dict[str, Any]) -> None:
        with self._lock:
            self.entries.append((event["k"], event))
        self.on_entry()

    def log(self, stream: str, lines: list[str], cell: int | None = None) -> None:
        with self._lock:
            self.entries += [("log", {"s": stream, "text": line, "cell": cell}) for line in lines]
        self.on_entry()

    def notebook(self, content: bytes) -> None:
        self.notebooks.append(content)

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [entry for name, entry in self.entries if name == kind]

    def lines(self, stream: str | None = None) -> list[str]:
        return [entry["text"] for entry in self.events("log") if stream in (None, entry["s"])]

    def metadata(self) -> list[dict[str, Any]]:
        return [
            {name: value for name, value in event["values"].items() if name != "_time"}
            for event in self.events("metadata")
        ]


@dataclass
class Ran:
    outcome: Outcome
    sink: Remembering
    folders: Folders
    name: str

    @property
    def notebook(self) -> nbformat.NotebookNode:
        return nbformat.read(self.folders.outputs / self.name, as_version=4)

    @property
    def outputs(self) -> list[list[nbformat.NotebookNode]]:
        return [cell.get("outputs", []) for cell in self.notebook.cells if not _is_marker(cell)]


def _is_marker(cell: nbformat.NotebookNode) -> bool:
    return "papermill-error-cell-tag" in cell.metadata.get("tags", [])


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The same for all, or no kernel that waits would fit."""
    home = tmp_path_factory.mktemp("kernel-home")
    return {name: value for name, value in os.environ.items() if not name.startswith(("VALO", "VH_", "PYTEST_"))} | {
        "HOME": str(home),
        "IPYTHONDIR": str(home / "ipython"),
    }


@pytest.fixture(scope="module")
def kernels() -> Iterator[KernelPool]:
    pool = KernelPool()
    yield pool
    pool.close()


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    made = Folders(tmp_path / "job")
    for folder in (made.repository, made.inputs, made.outputs, made.config):
        folder.mkdir(parents=True)
    return made


@pytest.fixture
def remembering() -> Remembering:
    return Remembering()


@pytest.fixture
def stop_when() -> Callable[[str, StopRequest], dict[str, Any]]:
    """Options for `run`: a stop that is asked for as soon as user code prints a line."""

    def options(line: str, request: StopRequest) -> dict[str, Any]:
        stop, sink = StopSignal(), Remembering()

        def look() -> None:
            if sink.entries[-1][0] == "log" and sink.entries[-1][1]["text"] == line and not stop.is_set():
                stop.set(request)

        sink.on_entry = look
        return {"stop": stop, "sink": sink}

    return options


@pytest.fixture
def run(folders: Folders, kernels: KernelPool, environment: dict[str, str]) -> Callable[..., Ran]:
    """Run cells (sources or cell nodes) as a notebook; keyword arguments replace those of `run_notebook`."""

    def run(*cells: Any, name: str = "book.ipynb", metadata: dict[str, Any] = PYTHON, **options: Any) -> Ran:
        nodes = [new_code_cell(cell) if isinstance(cell, str) else cell for cell in cells]
        path = folders.repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(new_notebook(cells=nodes, metadata=metadata), path)
        sink = options.pop("sink", None) or Remembering()
        arguments: dict[str, Any] = {
            "kernel": None,
            "inject": {},
            "environment": environment,
            "secrets": [],
            "limits": {},
            "stop": StopSignal(),
            "kernels": kernels,
        } | options
        outcome = run_notebook(notebook=path, folders=folders, sink=sink, **arguments)
        kernels.warm(None)
        return Ran(outcome, sink, folders, path.name)

    return run
