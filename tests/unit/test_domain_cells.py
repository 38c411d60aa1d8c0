"""The code cells of a notebook as papermill runs it."""

from __future__ import annotations

from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from papermill.execute import remove_error_markers
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from valo_jupyter.domain.cells import as_run

PYTHON = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


def tagged(source: str, tag: str) -> nbformat.NotebookNode:
    return new_code_cell(source, metadata={"tags": [tag]})


def marker() -> nbformat.NotebookNode:
    return new_markdown_cell("failed", metadata={"tags": ["papermill-error-cell-tag"]})


@pytest.mark.parametrize(
    "cells",
    [
        ["a", "b"],
        ["a", tagged("lr = 1", "parameters"), "b", tagged("x = 1", "parameters")],
        [marker(), tagged("lr = 1", "parameters"), tagged("lr = 2", "injected-parameters"), marker(), "b"],
        [tagged("lr = 2", "injected-parameters"), "b"],
        [],
    ],
)
@pytest.mark.parametrize("injected", [True, False])
def test_cells_are_where_papermill_has_them(cells: list[Any], injected: bool, tmp_path: Any) -> None:
    nodes = [new_code_cell(cell) if isinstance(cell, str) else cell for cell in [*cells, new_markdown_cell("end")]]
    nbformat.write(new_notebook(cells=nodes, metadata=PYTHON), tmp_path / "nb.ipynb")
    node = load_notebook_node(str(tmp_path / "nb.ipynb"))
    found = as_run(nbformat.read(tmp_path / "nb.ipynb", as_version=4), injected=injected)
    node = remove_error_markers(parameterize_notebook(node, {"lr": 3}) if injected else node)
    theirs = [(place, cell.source) for place, cell in enumerate(node.cells) if cell.cell_type == "code"]
    assert [(place, source.split("\n")[0]) for place, source in theirs] == found
