"""The code cells of executions: what their machines tell of them, in the order of the notebook."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from valo_jupyter.db import Connection, Database
from valo_jupyter.db.tables import attempts
from valo_jupyter.domain.cells import as_run
from valo_jupyter.domain.errors import NotFound
from valo_jupyter.domain.executions import Status
from valo_jupyter.services import cell_rows
from valo_jupyter.services.accounts import User
from valo_jupyter.services.events import EventLog
from valo_jupyter.services.executions import Executions
from valo_jupyter.services.notebooks import Notebooks

#: characters of a cell's first line
LINE = 200


@dataclass(frozen=True)
class Cell:
    """A code cell as it runs; `cell` counts all cells of the executed notebook, `code` the code cells from 1."""

    cell: int
    code: int
    line: str
    state: str = "waiting"
    why: str | None = None
    started: datetime | None = None
    seconds: float | None = None
    peak_memory_bytes: int | None = None
    cost: float | None = None


class Cells:
    def __init__(self, database: Database, executions: Executions, notebooks: Notebooks, events: EventLog) -> None:
        self._database = database
        self._executions = executions
        self._notebooks = notebooks
        self._events = events

    def of(self, user: User, address: str) -> list[Cell]:
        """All code cells of an execution in their order, also those that have not begun; none of commands."""
        row = self._executions.get(user, address)
        if row.notebook_path is None:
            return []
        with self._database.read() as connection:
            known = cell_rows.begun(connection, row.id)
            price = _price(connection, row)
        if row.progress and (not known or known[0]["code"] > 1):
            # it was begun when there were no rows of cells yet: its stream has what they said
            said = self._events.of_kind(row.id, "cell")
            known = cell_rows.told(row.id, (event for event in said if event["a"] == row.attempt))
        begun = {one["cell"]: one for one in known}
        cells = []
        for code, (index, source) in enumerate(self._as_run(user, row), 1):
            line = source.strip().partition("\n")[0][:LINE]
            told = begun.pop(index, None)
            cells.append(Cell(index, code, line) if told is None else _told(told, line, row.status, price))
        # there would be none left, were it not for notebooks of old formats
        cells += [_told(one, "", row.status, price) for one in begun.values()]
        return cells

    def _as_run(self, user: User, row: Any) -> list[tuple[int, str]]:
        try:
            notebook = json.loads(self._notebooks.submitted(user, row))
        except (NotFound, ValueError):
            # what was run says more than what should have been
            return []
        return as_run(notebook, injected=bool(row.inject)) if isinstance(notebook, dict) else []


def _price(connection: Connection, row: Any) -> float | None:
    """What an hour of the newest attempt costs."""
    this = (attempts.c.execution_id == row.id) & (attempts.c.number == row.attempt)
    return connection.execute(sa.select(attempts.c.per_hour_price_usd).where(this)).scalar_one_or_none()


def _told(row: Mapping[str, Any], line: str, status: str, price: float | None) -> Cell:
    state = row["state"]
    if state == "started":
        # what runs when its machine is lost has no end of its own
        state = "error" if Status(status).ended else "running"
    seconds = row["seconds"]
    cost = None if price is None or seconds is None else price * seconds / 3600
    return Cell(
        row["cell"], row["code"], line, state, row["why"], row["started"], seconds, row["peak_memory_bytes"], cost
    )
