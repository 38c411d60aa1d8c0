"""One cell's code as a notebook of its own, beside the notebook that it stands in while it is sent."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from valo_jupyter.domain.errors import Invalid

#: What notebooks of single cells are called, after the notebook that they come from.
CELL_ENDING = ".cell.ipynb"


@contextmanager
def cell_notebook(
    source: str, parameters: Mapping[str, Any], *, beside: Path | None, kernelspec: Mapping[str, Any]
) -> Iterator[Path]:
    """The path of a notebook with `source` as its one cell, and parameters in one before; gone in the end.

    Parameters
    ----------
    beside
        The notebook that the cell is of; without it the notebook is made in the current folder.

    Raises
    ------
    Invalid
        There is no code, or no file can be made there.
    """
    if not source.strip():
        raise Invalid("The cell has no code below %%valo.")
    cells = [_cell(source)]
    if parameters:
        # names were checked when they were given; values come from Papermill
        cells.insert(0, _cell("\n".join(f"{name} = {value!r}" for name, value in parameters.items()), "parameters"))
    notebook = {"cells": cells, "metadata": {"kernelspec": dict(kernelspec)}, "nbformat": 4, "nbformat_minor": 4}
    stem = re.sub(r"\.ipynb$", "", beside.name) if beside is not None else "cell"
    path = (beside.parent if beside is not None else Path.cwd()) / f".{stem}{CELL_ENDING}"
    try:
        path.write_text(json.dumps(notebook))
    except OSError as error:
        raise Invalid(f"{path} cannot be written: {error.strerror}. A cell is sent as a file of its folder.") from None
    try:
        yield path
    finally:
        if path.exists():
            os.unlink(path)


def _cell(source: str, *tags: str) -> dict[str, Any]:
    return {
        "cell_type": "code", "metadata": {"tags": list(tags)}, "source": source, "outputs": [], "execution_count": None,
    }  # fmt: skip
