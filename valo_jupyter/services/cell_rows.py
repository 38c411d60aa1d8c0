"""Rows of the code cells of executions, as their machines tell of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from valo_jupyter.db import Connection
from valo_jupyter.db.tables import execution_cells
from valo_jupyter.domain import clock, storable
from valo_jupyter.services.events import Event

#: why a cell without anything in it was skipped; all others have a tag that says so
EMPTY = "empty"


def told(execution_id: str, events: Iterable[Event]) -> list[dict[str, Any]]:
    """The rows that `cell` events come to, in the order of their first ones."""
    rows: dict[int, dict[str, Any]] = {}
    for event in events:
        row = rows.setdefault(event["cell"], dict.fromkeys(execution_cells.c.keys()))
        row.update(execution_id=execution_id, cell=event["cell"], code=event["code"], state=event["state"])
        if event["state"] == "started":
            row["started"] = _time(event)
        elif event["state"] == "skipped":
            row["why"] = storable.text(str(event.get("why") or EMPTY))
        else:
            row.update(seconds=event.get("seconds"), peak_memory_bytes=event.get("peak_memory_bytes"))
    return list(rows.values())


def record(connection: Connection, execution_id: str, events: list[Event]) -> None:
    """Keep what `cell` events say."""
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(execution_cells)
    new = insert.excluded
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=["execution_id", "cell"],
            set_={
                **{name: new[name] for name in ("code", "state", "why", "seconds", "peak_memory_bytes")},
                "started": sa.func.coalesce(new.started, execution_cells.c.started),
            },
        ),
        told(execution_id, events),
    )


def begun(connection: Connection, execution_id: str) -> list[dict[str, Any]]:
    """Those that were begun or skipped."""
    query = sa.select(execution_cells).where(execution_cells.c.execution_id == execution_id)
    return [row._asdict() for row in connection.execute(query.order_by(execution_cells.c.cell))]


def skipped(connection: Connection, execution_id: str) -> list[dict[str, Any]]:
    """Those that a tag has kept from running."""
    here = execution_cells.c.execution_id == execution_id
    by_tag = (execution_cells.c.state == "skipped") & (execution_cells.c.why != EMPTY)
    rows = connection.execute(sa.select(execution_cells).where(here, by_tag).order_by(execution_cells.c.cell))
    return [{"cell": row.cell, "code": row.code, "tag": row.why} for row in rows]


def _time(event: Event) -> datetime:
    try:
        return clock.parse(str(event.get("t"))).replace(tzinfo=None)
    except ValueError:
        return clock.now()
