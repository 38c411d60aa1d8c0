"""One real local server for the tests of a module, and small notebooks to run on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from valo_jupyter import Client

MakeNotebook = Callable[..., Path]
Command = Callable[..., "subprocess.CompletedProcess[str]"]

TRAIN = """
import json, os, pathlib
for epoch in range(epochs):
    print(json.dumps({"epoch": epoch, "loss": lr / (epoch + 1)}))
out = pathlib.Path(os.environ["VH_OUTPUTS_DIR"])
(out / "sub").mkdir()
(out / "sub/model.txt").write_text("weights")
(out / "sub/model.txt.metadata.json").write_text(json.dumps({"valohai.tags": ["best"]}))
"""


@pytest.fixture(scope="module")
def server_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The state folder of a running server."""
    home = tmp_path_factory.mktemp("valo")
    environment = {**os.environ, "VALO_HOME": str(home / "state"), "HOME": str(home)}
    command = [sys.executable, "-m", "valo_jupyter.server.cli"]
    subprocess.run([*command, "start"], env=environment, check=True, timeout=120, capture_output=True)
    yield home / "state"
    subprocess.run([*command, "stop", "--force"], env=environment, check=True, timeout=120, capture_output=True)


@pytest.fixture
def client(server_home: Path, private_home: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setenv("VALO_HOME", str(server_home))
    return Client()


@pytest.fixture
def make_notebook(tmp_path: Path) -> MakeNotebook:
    """`make_notebook(*cells, parameters="lr = 0.1", kernel="python3", folder="project") -> path`"""

    def make(*cells: str, parameters: str | None = None, kernel: str = "python3", folder: str = "project") -> Path:
        def code(source: str, *tags: str) -> dict[str, Any]:
            return {
                "cell_type": "code", "id": f"c{len(made)}", "metadata": {"tags": list(tags)},
                "source": source, "outputs": [], "execution_count": None,
            }  # fmt: skip

        made: list[dict[str, Any]] = []
        if parameters is not None:
            made.append(code(parameters, "parameters"))
        for source in cells:
            made.append(code(source))
        notebook = {
            "cells": made,
            "metadata": {"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        path = tmp_path / folder / "train.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(notebook))
        return path

    return make


@pytest.fixture
def training(make_notebook: MakeNotebook) -> Path:
    return make_notebook(TRAIN, parameters="lr = 0.1\nepochs = 3")


@pytest.fixture
def valo(client: Client) -> Command:
    """`jupyter valo …` as a process of its own, with the server of this module."""

    def run(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "valo_jupyter.server.cli", *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=cwd)

    return run
