"""Brings what a machine's events say into the execution's row: progress, metadata, metric."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from valo_jupyter.db import Connection
from valo_jupyter.db.tables import executions, metadata_points
from valo_jupyter.domain import clock, storable
from valo_jupyter.domain.executions import Status
from valo_jupyter.services import cell_rows
from valo_jupyter.services.events import Event
from valo_jupyter.services.metrics import with_point
from valo_jupyter.services.moves import Moves

#: characters of a value among the newest ones
LONGEST = 1000


def reflect(moves: Moves, connection: Connection, row: Any, fresh: list[Event], written: list[Event]) -> None:
    """Bring into the row what the events say of it."""
    values: dict[str, Any] = {}
    points = [event for event in fresh if event.get("k") == "metadata"]
    if points:
        numbered = {event["w"]: event["seq"] for event in written if event.get("k") == "metadata"}
        _add_points(connection, row, points, list(numbered.values()))
        metric, cumulative = row.metric, _cumulative(connection, row)
        for event in points:
            metric = with_point(metric, event["values"])
            cumulative.update({name: _short(part) for name, part in event["values"].items() if name != "_time"})
        values.update(metric=metric, cumulative_metadata=cumulative)
    cells = [event for event in fresh if event.get("k") == "cell"]
    if cells:
        cell_rows.record(connection, row.id, cells)
        cell = cells[-1]
        done = cell["code"] - (cell["state"] == "started")
        fraction = done / cell["of"] if cell["of"] else 1.0
        values["progress"] = {
            "cell": cell["cell"],
            "code": cell["code"],
            "of": cell["of"],
            "fraction": fraction,
        }
        if row.status == Status.STARTED.value:
            values["status_detail"] = f"cell {cell['code']} of {cell['of']}"
    elif not row.progress:
        steps = [event for event in fresh if event.get("k") == "progress"]
        if steps and row.status == Status.STARTED.value:
            values["status_detail"] = str(steps[-1].get("what", "preparing"))
    if values:
        moves.touch(connection, row, **values)


def _cumulative(connection: Connection, row: Any) -> dict[str, Any]:
    query = sa.select(executions.c.cumulative_metadata).where(executions.c.id == row.id)
    return dict(connection.execute(query).scalar_one())


def _short(value: Any) -> Any:
    """The newest values are rewritten with every point: a long one is cut there, and whole in its own point."""
    if isinstance(value, (dict, list)):
        value = storable.dumps(value) if len(storable.dumps(value)) > LONGEST else value
    return value[:LONGEST] + "…" if isinstance(value, str) and len(value) > LONGEST else value


def _add_points(connection: Connection, row: Any, points: list[Event], seqs: list[int]) -> None:
    if len(seqs) < len(points):
        # a crash between file and row: the numbers are in the file already, these come after them
        highest = connection.execute(
            sa.select(sa.func.coalesce(sa.func.max(metadata_points.c.seq), 0)).where(
                metadata_points.c.execution_id == row.id
            )
        ).scalar_one()
        seqs = [highest + 1 + index for index in range(len(points))]
    connection.execute(
        sa.insert(metadata_points),
        [
            {"execution_id": row.id, "seq": seq, "time": _time(point), "values": point["values"]}
            for seq, point in zip(seqs, points, strict=True)
        ],
    )


def _time(point: Event) -> Any:
    value = point["values"].get("_time") or point.get("t")
    try:
        return clock.parse(str(value)).replace(tzinfo=None)
    except ValueError:
        return clock.now()
