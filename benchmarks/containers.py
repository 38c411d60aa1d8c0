"""A notebook of 21 cells in a container: its kernel inside and Papermill outside, against all of it inside.

Usage: python benchmarks/containers.py [--rounds 5]. Starts a Docker engine of its own; needs root.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from benchmarks.cells import _METADATA, Counting
from benchmarks.table import Row, medians, show
from tests.parts import images
from tests.parts.docker import Engine, docker_engine
from valo_jupyter.domain.containers import ContainerSettings
from valo_jupyter.runtime.contract import Folders, StopSignal
from valo_jupyter.runtime.kernels import KernelPool
from valo_jupyter.runtime.notebook import run_notebook
from valo_jupyter.runtime.programs import programs_for

_IMAGE = "valo-benchmark/papermill:1"
_CELLS = [f"x = {n}\nprint(x)" for n in range(21)]


def rows(rounds: int = 5) -> list[Row]:
    cache = Path(__file__).parents[1] / ".make" / "images-benchmark"
    with docker_engine() as engine, tempfile.TemporaryDirectory(prefix="vb-", dir="/tmp") as scratch:
        engine.load(images.archive(cache, (images.Image(_IMAGE, ("ipykernel", "papermill")),)))
        os.environ["DOCKER_HOST"] = engine.host
        kernels = KernelPool(size=0, socket_folder=Path(scratch))
        ours, peers = medians(lambda: outside(kernels, Path(scratch)), lambda: inside(engine), rounds)
    return [
        Row("21 cells in a container, from its start to its end", "papermill in the container", ours, peers, 1.2, 1.0)
    ]


def outside(kernels: KernelPool, scratch: Path) -> float:
    """As an execution runs it, its image being there."""
    with tempfile.TemporaryDirectory(dir=scratch) as root:
        folders = _folders(Path(root))
        execution = {"id": "e", "project": {"id": "p"}}
        assignment = {
            "execution": execution,
            "attempt": 1,
            "environment_variables": {},
            "inputs": [],
            "cache_folder": root,
            "container": {"image": _IMAGE, **ContainerSettings(network="none").to_json(), "local_images": True},
        }
        sink = Counting()
        programs = programs_for(assignment, folders, sink, StopSignal(), kernels=kernels, watch=None, ask=_answer)
        began = time.perf_counter()
        programs.enter()
        outcome = run_notebook(
            notebook=folders.repository / "notebook.ipynb",
            folders=folders,
            kernel=None,
            inject={},
            environment=programs.environment(),
            secrets=[],
            limits={},
            sink=sink,
            stop=StopSignal(),
            kernels=programs.kernels,
            executed=programs.executed,
        )
        programs.leave()
        seconds = time.perf_counter() - began
        programs.close()
        assert outcome.status == "complete", outcome
        return seconds


def inside(engine: Engine) -> float:
    with tempfile.TemporaryDirectory(prefix="vb-", dir="/tmp") as root:
        folders = _folders(Path(root))
        began = time.perf_counter()
        command = ["python", "-m", "papermill", "/in/notebook.ipynb", "/out/notebook.ipynb", "--no-progress-bar"]
        engine.client.containers.run(
            _IMAGE,
            command,
            init=True,
            remove=True,
            network_mode="none",
            volumes={str(folders.repository): {"bind": "/in"}, str(folders.outputs): {"bind": "/out"}},
        )
        seconds = time.perf_counter() - began
        assert (folders.outputs / "notebook.ipynb").exists()
        return seconds


def _folders(root: Path) -> Folders:
    folders = Folders(root)
    for folder in (folders.repository, folders.inputs, folders.outputs, folders.config):
        folder.mkdir()
    notebook = new_notebook(cells=[new_code_cell(source) for source in _CELLS], metadata=_METADATA)
    nbformat.write(notebook, folders.repository / "notebook.ipynb")
    return folders


def _answer(path: str, _: object) -> dict[str, None]:
    """What a server says that has no entries of registries."""
    return {"username": None, "password": None, "entry": None}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    show(rows(parser.parse_args().rounds))
