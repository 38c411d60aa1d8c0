"""`%%valo`: one cell's code as an execution of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from keyword import iskeyword
from typing import TYPE_CHECKING, Any

from valo_jupyter.client.executions import Execution
from valo_jupyter.client.jupyter import kernel_context
from valo_jupyter.domain.errors import Invalid, ValoError
from valo_jupyter.submit.cell import cell_notebook
from valo_jupyter.submit.notebook import read_notebook

if TYPE_CHECKING:
    from pathlib import Path

    from valo_jupyter.submit import Client

_PYTHON = {"name": "python3", "display_name": "Python 3", "language": "python"}


def own_execution(client: Client, source: str, options: dict[str, Any]) -> Execution:
    """Run `source` where this kernel's notebook would run; `options` are keywords of `Client.run`."""
    context = kernel_context()
    notebook = context.notebook if context is not None else None
    parameters = {name: _value(name, text) for name, text in options["parameters"].items()}
    title = options["title"] or (f"a cell of {notebook.stem}" if notebook else "a cell")
    with cell_notebook(source, parameters, beside=notebook, kernelspec=_kernelspec(notebook)) as path:
        # NaN and infinity stand in the cell; JSON has no words for them
        given = {name: value for name, value in parameters.items() if _is_json(value)}
        return client.run(path, **{**options, "parameters": given, "title": title})


def _value(name: str, text: str) -> Any:
    """As `-p` gives it: JSON if it is, else the text itself."""
    if not name.isidentifier() or iskeyword(name):
        raise Invalid(f"“{name}” cannot be a variable of the cell.")
    try:
        return json.loads(text)
    except ValueError:
        return text


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True


def _kernelspec(notebook: Path | None) -> Mapping[str, Any]:
    try:
        found = read_notebook(notebook)["metadata"]["kernelspec"] if notebook is not None else None
    except (ValoError, KeyError, TypeError):
        found = None  # not saved yet
    return found if isinstance(found, dict) and found.get("name") else _PYTHON
