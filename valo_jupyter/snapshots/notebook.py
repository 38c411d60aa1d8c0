"""A notebook without what running it left behind, so that the same code is the same bytes."""

from __future__ import annotations

import json
from typing import Any

from valo_jupyter.domain.errors import SnapshotFailed

_NOTEBOOK_LEFTOVERS = ("papermill", "signature", "widgets", "ExecuteTimeLog")
_CELL_LEFTOVERS = ("papermill", "valo", "execution", "ExecuteTime", "collapsed", "scrolled", "trusted")


def cleaned(content: bytes, name: str) -> bytes:
    """Deterministic JSON with no outputs, counters or execution-only metadata; `name` is for the error."""
    try:
        notebook = json.loads(content)
        cells = _cells(notebook)
        for cell in cells:
            _clean_cell(cell)
        _clean_metadata(notebook)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        reason = f"{error}" if isinstance(error, ValueError) else "it is no JSON object with a list of cells"
        raise SnapshotFailed(
            f"{name} is not a notebook that can be read ({reason}). Open and save it in JupyterLab, then run again."
        ) from error
    return _written(notebook)


def _cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    if "cells" not in notebook and "worksheets" in notebook:  # format 3
        return [cell for sheet in notebook["worksheets"] for cell in sheet["cells"]]
    cells = notebook.get("cells")
    if not isinstance(cells, list):
        raise TypeError
    return cells


def _clean_cell(cell: dict[str, Any]) -> None:
    if cell.get("cell_type") == "code":
        cell["outputs"] = []
        counter = "prompt_number" if "prompt_number" in cell else "execution_count"
        cell[counter] = None
    metadata = cell.get("metadata")
    if isinstance(metadata, dict):
        for key in _CELL_LEFTOVERS:
            metadata.pop(key, None)
        view = metadata.get("jupyter")
        if isinstance(view, dict) and "outputs_hidden" in view:
            del view["outputs_hidden"]
            if not view:
                del metadata["jupyter"]


def _clean_metadata(notebook: dict[str, Any]) -> None:
    metadata = notebook.get("metadata")
    if isinstance(metadata, dict):
        for key in _NOTEBOOK_LEFTOVERS:
            metadata.pop(key, None)
        language = metadata.get("language_info")
        if isinstance(language, dict):
            language.pop("version", None)  # the kernel that was last used writes it, not the user


def _written(notebook: dict[str, Any]) -> bytes:
    try:
        text = json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False)
        return text.encode() + b"\n"
    except UnicodeEncodeError:  # half a surrogate pair in a string: only an escape can carry it
        return json.dumps(notebook, indent=1, sort_keys=True).encode() + b"\n"
