"""What an alias stands for, within a transaction; every change is kept."""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa

from valo_jupyter.db import Connection
from valo_jupyter.db.tables import data, datum_alias_changes, datum_aliases
from valo_jupyter.domain import clock
from valo_jupyter.services import datum_rows

CHANGES = datum_alias_changes


def find(connection: Connection, project_id: str, name: str) -> Any | None:
    return connection.execute(
        sa.select(datum_aliases).where(datum_aliases.c.project_id == project_id, datum_aliases.c.name == name)
    ).one_or_none()


def point(
    connection: Connection,
    project_id: str,
    name: str,
    datum_id: str | None,
    *,
    user_id: int | None,
    execution_id: str | None = None,
) -> str:
    """Have the alias, which is made if need be, stand for the file; the alias's id."""
    row = find(connection, project_id, name)
    now = clock.now()
    if row is None:
        alias_id = str(uuid.uuid4())
        values = {"id": alias_id, "project_id": project_id, "name": name, "datum_id": datum_id}
        connection.execute(sa.insert(datum_aliases).values(**values, ctime=now, mtime=now))
    elif row.datum_id == datum_id:
        return row.id
    else:
        alias_id = row.id
        key = datum_aliases.c.id == alias_id
        connection.execute(sa.update(datum_aliases).where(key).values(datum_id=datum_id, mtime=now))
        if row.datum_id is not None:
            datum_rows.index_words(connection, row.datum_id)
    if datum_id is not None:
        datum_rows.index_words(connection, datum_id)
    number = sa.select(sa.func.coalesce(sa.func.max(CHANGES.c.number), 0) + 1).where(CHANGES.c.alias_id == alias_id)
    connection.execute(
        sa.insert(CHANGES).values(
            alias_id=alias_id,
            number=number.scalar_subquery(),
            datum_id=datum_id,
            user_id=user_id,
            execution_id=execution_id,
            time=now,
        )
    )
    return alias_id


def take_back(connection: Connection, execution_id: str, datum_ids: list[str]) -> None:
    """The files will be gone: their aliases stand again for what they stood for before the execution."""
    for some in datum_rows.in_parts(datum_ids):
        for alias in connection.execute(sa.select(datum_aliases).where(datum_aliases.c.datum_id.in_(some))).all():
            before = connection.execute(
                sa.select(CHANGES.c.datum_id)
                .join(data, data.c.id == CHANGES.c.datum_id)
                .where(
                    CHANGES.c.alias_id == alias.id,
                    CHANGES.c.execution_id.is_distinct_from(execution_id),
                    CHANGES.c.datum_id != alias.datum_id,
                )
                .order_by(CHANGES.c.number.desc())
                .limit(1)
            ).scalar_one_or_none()
            point(connection, alias.project_id, alias.name, before, user_id=None, execution_id=execution_id)
