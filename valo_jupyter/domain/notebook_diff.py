"""What differs between two notebooks, but for what every run changes: counters, times, identifiers.

Run as a program it is given both on its standard input, with a zero byte between them, and writes
`{"diff": [nbdime's operations], "left": {…}, "right": {…}}`: with notebooks of any size or oddity it may take long or
much, and its caller ends it then.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from valo_jupyter.domain.cell_pairs import pairs
from valo_jupyter.domain.cells import tags_of

Notebook = dict[str, Any]

#: what running a cell leaves in its metadata
_CELL_METADATA = ("papermill", "valo", "execution", "ExecuteTime", "collapsed", "scrolled", "trusted")
_NOTEBOOK_METADATA = ("papermill", "widgets", "signature", "ExecuteTimeLog")
_PAPERMILL_MARK = "papermill-error-cell-tag"
_WIDGET = "application/vnd.jupyter.widget-view+json"
#: of memory, and of processor time should nobody end it
_BYTES, _SECONDS = 4 << 30, 60


def steady(notebook: Notebook, *, outputs: bool = True) -> Notebook:
    """The notebook as it is compared and shown: lines joined, and without what every run changes."""
    metadata = {name: value for name, value in notebook.get("metadata", {}).items() if name not in _NOTEBOOK_METADATA}
    if isinstance(language := metadata.get("language_info"), dict):
        metadata["language_info"] = {name: value for name, value in language.items() if name != "version"}
    cells = [_cell(cell, outputs) for cell in notebook["cells"] if _PAPERMILL_MARK not in tags_of(cell)]
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": notebook.get("nbformat_minor", 4)}


def difference(left: Notebook, right: Notebook) -> list[dict[str, Any]]:
    """nbdime's operations that make `right` of `left`, both `steady`, but for the identifiers of cells."""
    # the cell that papermill injects has another one each time
    cells, others = ([_without_id(cell) for cell in one["cells"]] for one in (left, right))
    same = pairs(left["cells"], right["cells"])
    frames = [{name: value for name, value in one.items() if name != "cells"} for one in (left, right)]
    if cells == others and frames[0] == frames[1]:
        return []
    from nbdime.diff_format import op_addrange, op_patch, op_removerange
    from nbdime.diffing.notebooks import diff, notebook_config
    from nbformat import from_dict

    operations = []
    at = other_at = 0
    # nbdime's own way of finding what belongs together takes minutes for a thousand cells without identifiers
    for index, other in [*same, (len(cells), len(others))]:
        if other > other_at:
            operations.append(op_addrange(at, others[other_at:other]))
        if index > at:
            operations.append(op_removerange(at, index - at))
        if index < len(cells) and cells[index] != others[other]:
            inner = diff(from_dict(cells[index]), from_dict(others[other]), path="/cells/*", config=notebook_config)
            operations.append(op_patch(index, inner))
        at, other_at = index + 1, other + 1
    found = diff(*map(from_dict, frames), path="", config=notebook_config)
    return [*([op_patch("cells", operations)] if operations else []), *found]


def main() -> None:
    """`python -m valo_jupyter.domain.notebook_diff [--no-outputs]`"""
    _limit()
    # jsonschema, which nbformat brings, would build a grammar of addresses that takes longer than all the rest
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    outputs = "--no-outputs" not in sys.argv[1:]
    notebooks = [json.loads(text) for text in sys.stdin.buffer.read().split(b"\0")]
    if not all(isinstance(notebook, dict) and isinstance(notebook.get("cells"), list) for notebook in notebooks):
        sys.exit("only notebooks of format 4 can be; open them in Jupyter, and save them again")
    left, right = (steady(notebook, outputs=outputs) for notebook in notebooks)
    left["nbformat_minor"] = right["nbformat_minor"] = max(left["nbformat_minor"], right["nbformat_minor"])
    sys.stdout.write(json.dumps({"diff": difference(left, right), "left": left, "right": right}))


def _cell(cell: dict[str, Any], outputs: bool) -> dict[str, Any]:
    metadata = {name: value for name, value in cell.get("metadata", {}).items() if name not in _CELL_METADATA}
    cell = {**cell, "source": _joined(cell.get("source", "")), "metadata": metadata}
    if cell["cell_type"] == "code":
        cell["execution_count"] = None
        cell["outputs"] = _outputs(cell.get("outputs", [])) if outputs else []
    return cell


def _without_id(cell: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in cell.items() if name != "id"}


def _outputs(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    steady: list[dict[str, Any]] = []
    for output in outputs:
        output = dict(output)
        if output["output_type"] == "stream":
            output["text"] = _joined(output["text"])
            last = steady[-1] if steady else {}
            if (last.get("output_type"), last.get("name")) == ("stream", output["name"]):
                # in how many pieces it came is chance
                last["text"] += output["text"]
                continue
        if "execution_count" in output:
            output["execution_count"] = None
        if isinstance(output.get("data"), dict):
            output["data"] = {kind: _content(kind, value) for kind, value in output["data"].items()}
        steady.append(output)
    return steady


def _content(kind: str, value: Any) -> Any:
    if kind == _WIDGET and isinstance(value, dict):
        return {**value, "model_id": ""}
    return value if kind.endswith("json") else _joined(value)


def _joined(text: Any) -> Any:
    return "".join(map(str, text)) if isinstance(text, list) else text


def _limit() -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_BYTES, _BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    except (ImportError, ValueError, OSError):
        pass


if __name__ == "__main__":
    main()
