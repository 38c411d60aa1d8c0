"""One cell's code as a notebook of its own, beside the notebook that it stands in while it is sent."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from valo_jupyter.domain.errors import Invalid

#: What notebooks of single cells are called, after the notebook that they come from.
CELL_ENDING = ".cell.ipynb"
#: more of one notebook are not sent at a time
_AT_ONCE = 100


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
        # names were checked when they were given
        cells.insert(
            0, _cell("\n".join(f"{name} = {_literal(value)}" for name, value in parameters.items()), "parameters")
        )
    notebook = {"cells": cells, "metadata": {"kernelspec": dict(kernelspec)}, "nbformat": 4, "nbformat_minor": 4}
    stem = re.sub(r"\.ipynb$", "", beside.name) if beside is not None else "cell"
    path = _written(beside.parent if beside is not None else Path.cwd(), stem, json.dumps(notebook))
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _written(folder: Path, stem: str, content: str) -> Path:
    """A file that was not there: where another kernel's cell, or the user, has the name, the next one is tried."""
    for number in range(1, _AT_ONCE + 1):
        path = folder / f".{stem}{f'-{number}' if number > 1 else ''}{CELL_ENDING}"
        try:
            with open(path, "x", encoding="utf-8") as stream:
                try:
                    stream.write(content)
                    stream.flush()
                except OSError:
                    path.unlink()
                    raise
            return path
        except FileExistsError:
            continue
        except OSError as error:
            raise Invalid(
                f"{path} cannot be written: {error.strerror}. A cell is sent as a file of its folder."
            ) from None
    raise Invalid(f"{folder} has {_AT_ONCE} files .{stem}-….{CELL_ENDING[1:]}. Remove those that no cell is sent as.")


def _literal(value: Any) -> str:
    """Python for a value of JSON; `repr` alone has no expression for NaN and infinity."""
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name!r}: {_literal(one)}' for name, one in value.items())}}}"
    return repr(value)


def _cell(source: str, *tags: str) -> dict[str, Any]:
    return {
        "cell_type": "code", "metadata": {"tags": list(tags)}, "source": source, "outputs": [], "execution_count": None,
    }  # fmt: skip
