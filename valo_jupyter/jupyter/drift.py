"""How an open notebook differs from what executions of it were made of."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any, Generic, TypeVar

from jupyter_server.auth.decorator import authorized
from tornado import web

from valo_jupyter.client.client import Client
from valo_jupyter.domain.drift import Cell, drift, sources
from valo_jupyter.domain.errors import Invalid, ValoError
from valo_jupyter.jupyter.base import Context, ValoHandler
from valo_jupyter.jupyter.paths import local_file

MOST_EXECUTIONS = 100
MOST_CELLS = 10_000
#: remembered: which notebook an execution was made of, and characters of notebooks
_EXECUTIONS, _CHARACTERS = 2_000, 50_000_000

Key = TypeVar("Key")
Value = TypeVar("Value")


class DriftHandler(ValoHandler):
    """`POST valo/drift`"""

    _track_activity = False

    def initialize(self, context: Context, submitted: Submitted) -> None:  # type: ignore[override]
        super().initialize(context)
        self._submitted = submitted

    @web.authenticated
    @authorized
    async def post(self) -> None:
        path, cells, executions = _checked(self.get_json_body())
        file = local_file(self.contents_manager, path) if cells is None else None
        client = await self.client()
        self.finish(json.dumps(await self.in_thread(_drift, client, self._submitted, file, cells, executions)))


class Submitted:
    """The submitted notebooks of executions, of which several have the same; neither ever changes."""

    def __init__(self) -> None:
        self._places: _Kept[tuple[str, str], tuple[str, ...]] = _Kept(_EXECUTIONS)
        self._notebooks: _Kept[tuple[str, ...], list[Cell]] = _Kept(_CHARACTERS)

    def of(self, client: Client, execution_id: str) -> list[Cell]:
        """
        Raises
        ------
        ValoError
            There is no such execution, it is of no notebook, or the server does not answer.
        """
        address = f"executions/{execution_id}/"
        place = self._places.get((client.url, execution_id))
        if place is None:
            data = client.http.get(address, {"exclude": "metadata,events"})
            notebook = (data["notebook"] or {}).get("path", "")
            place = (client.url, data["project"]["id"], data["commit"]["identifier"], notebook)
            self._places.put((client.url, execution_id), place, 1)
        cells = self._notebooks.get(place)
        if cells is None:
            cells = sources(client.http.get(f"{address}source/"))
            self._notebooks.put(place, cells, sum(len(cell["source"]) + 100 for cell in cells))
        return cells


class _Kept(Generic[Key, Value]):
    """What was used last, up to a weight; for threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._weight = 0
        self._kept: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key) -> Value | None:
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key][0]

    def put(self, key: Key, value: Value, weight: int) -> None:
        with self._lock:
            self._weight += weight - self._kept.pop(key, (None, 0))[1]
            self._kept[key] = (value, weight)
            while self._weight > self._most:
                self._weight -= self._kept.popitem(last=False)[1][1]


def _drift(
    client: Client, submitted: Submitted, file: Path | None, cells: list[Cell] | None, executions: list[str]
) -> dict[str, Any]:
    if cells is None:
        from valo_jupyter.submit.notebook import read_notebook

        assert file is not None
        cells = sources(read_notebook(file))
    return {execution_id: _of_one(client, submitted, cells, execution_id) for execution_id in executions}


def _of_one(client: Client, submitted: Submitted, cells: list[Cell], execution_id: str) -> dict[str, Any]:
    try:
        found = drift(submitted.of(client, execution_id), cells)
    except ValoError as error:
        return {"changed": 0, "cells": [], "removed": 0, "error": error.message}
    marked = [
        {"id": cells[index]["id"], "index": index, "state": "added" if was is None else "changed", "was": was}
        for index, was in found.cells
    ]
    return {"changed": found.changed, "cells": marked, "removed": found.removed, "error": None}


def _checked(body: Any) -> tuple[str, list[Cell] | None, list[str]]:
    """The request, or `Invalid` for what is not understood."""
    if not isinstance(body, dict) or not isinstance(body.get("path"), str) or not body["path"]:
        raise Invalid('Say of which notebook: {"path": "….ipynb", "cells": null, "executions": ["…"]}.')
    executions, cells = body.get("executions"), body.get("cells")
    if not isinstance(executions, list) or not all(isinstance(one, str) and "/" not in one for one in executions):
        raise Invalid("`executions` is a list of ids.")
    if len(executions) > MOST_EXECUTIONS:
        raise Invalid(f"Ask for {MOST_EXECUTIONS} executions or fewer at once.")
    if cells is None:
        return body["path"], None, executions
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise Invalid('`cells` is null, or a list of {"id", "type", "source"}.')
    if len(cells) > MOST_CELLS:
        raise Invalid(f"A notebook of more than {MOST_CELLS:,} cells is not looked at.")
    for number, cell in enumerate(cells):
        for name in ("id", "type", "source"):
            if not _is_text(cell.get(name), lines=name == "source"):
                raise Invalid(f"`{name}` of `cells[{number}]` is a text.")
    given = [{"id": cell.get("id"), "cell_type": cell.get("type"), "source": cell.get("source")} for cell in cells]
    return body["path"], sources({"cells": given}), executions


def _is_text(value: Any, *, lines: bool) -> bool:
    """Or nothing, or the lines of one, as notebooks have them."""
    if lines and isinstance(value, list):
        return all(isinstance(line, str) for line in value)
    return value is None or isinstance(value, str)
