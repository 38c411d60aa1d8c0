"""The engine as papermill itself starts it, from the entry point of an installed package."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

ROOT = Path(__file__).parents[3]
PYTHON = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


@pytest.fixture
def installed(tmp_path: Path) -> dict[str, str]:
    """An environment in which the entry point is found, whether or not the package is installed."""
    metadata = tmp_path / "site" / "valo_entry-1.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: valo-entry\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[papermill.engine]\nvalo = valo_jupyter.runtime.entry:engine\n")
    return {**os.environ, "PYTHONPATH": f"{tmp_path / 'site'}{os.pathsep}{ROOT}"}


@pytest.mark.slow
def test_papermill_runs_a_notebook_with_it(tmp_path: Path, installed: dict[str, str]) -> None:
    cells = [
        new_code_cell("rate = 1", metadata={"tags": ["parameters"]}),
        new_code_cell("import os; rate, os.getcwd()"),
    ]
    nbformat.write(new_notebook(cells=cells, metadata=PYTHON), tmp_path / "in.ipynb")
    command = [sys.executable, "-m", "papermill", "--engine", "valo", "-p", "rate", "2", "in.ipynb", "out.ipynb"]
    done = subprocess.run(command, cwd=tmp_path, env=installed, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    notebook = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert notebook.cells[2].outputs[0].data["text/plain"] == repr((2, str(tmp_path)))


@pytest.mark.slow
@pytest.mark.parametrize("module", ["engine", "run", "cells", "notebook", "entry"])
def test_modules_and_papermill_import_each_other_in_any_order(module: str, installed: dict[str, str]) -> None:
    code = f"import valo_jupyter.runtime.{module}\nfrom papermill.engines import papermill_engines as engines\n"
    code += "engines.get_engine('valo').nb_language"
    subprocess.run([sys.executable, "-c", code], env=installed, check=True, timeout=60)
