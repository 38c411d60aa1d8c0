"""Environments: where executions run, and how many machines they may take."""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa

from valo_jupyter.db import Connection, Database
from valo_jupyter.db.tables import environments, executions
from valo_jupyter.domain import clock
from valo_jupyter.domain.errors import Invalid
from valo_jupyter.domain.executions import INCOMPLETE

#: what a new server has: this machine, two executions at once, none kept running for nothing
LOCAL = {
    "name": "local",
    "slug": "local",
    "description": "This machine",
    "engine": "local",
    "min_scale": 0,
    "max_scale": 2,
    "scale_down_grace_minutes": 15.0,
}


class UnknownEnvironment(Invalid):
    """There is no such environment."""

    code = "does_not_exist"


class Environments:
    def __init__(self, database: Database) -> None:
        self._database = database

    def ensure_local(self) -> None:
        """Make the environment `local`, unless it is there."""
        with self._database.write() as connection:
            if connection.execute(sa.select(environments.c.id).where(environments.c.slug == "local")).first() is None:
                connection.execute(
                    sa.insert(environments).values(
                        id=str(uuid.uuid4()), options={}, enabled=True, ctime=clock.now(), **LOCAL
                    )
                )

    def list(self, limit: int = 9000) -> list[Any]:
        """Rows with `unfinished`, the number of executions that have not ended there."""
        unfinished = (
            sa.select(sa.func.count())
            .where(
                executions.c.environment_id == environments.c.id,
                executions.c.status.in_([status.value for status in INCOMPLETE]),
            )
            .scalar_subquery()
        )
        query = sa.select(environments, unfinished.label("unfinished")).order_by(environments.c.name).limit(limit)
        with self._database.read() as connection:
            return list(connection.execute(query))

    def set_scale(
        self, slug: str, *, minimum: int | None = None, maximum: int | None = None, grace_minutes: float | None = None
    ) -> None:
        """Change an environment's scale; takes effect at once and never ends a busy machine."""
        values: dict[str, Any] = {}
        if minimum is not None:
            values["min_scale"] = minimum
        if maximum is not None:
            values["max_scale"] = maximum
        if grace_minutes is not None:
            values["scale_down_grace_minutes"] = grace_minutes
        with self._database.write() as connection:
            row = connection.execute(sa.select(environments).where(environments.c.slug == slug)).one_or_none()
            if row is None:
                raise UnknownEnvironment(f"There is no environment {slug!r}.")
            low = values.get("min_scale", row.min_scale)
            high = values.get("max_scale", row.max_scale)
            if not 0 <= low <= high:
                raise Invalid(f"The minimum scale ({low}) must be between 0 and the maximum scale ({high}).")
            if values.get("scale_down_grace_minutes", 0) < 0:
                raise Invalid("The scale-down grace period is a number of minutes, 0 or more.")
            if values:
                connection.execute(sa.update(environments).where(environments.c.id == row.id).values(**values))


def find_environment(connection: Connection, name: str | None) -> Any:
    """The environment by id or slug; None: the first enabled one, `local` before others."""
    query = sa.select(environments)
    if name:
        query = query.where((environments.c.id == name) | (environments.c.slug == name))
    else:
        query = query.where(environments.c.enabled).order_by((environments.c.slug != "local"), environments.c.ctime)
    row = connection.execute(query.limit(1)).one_or_none()
    if row is not None and row.enabled:
        return row
    known = connection.execute(sa.select(environments.c.slug).where(environments.c.enabled)).scalars().all()
    what = "is disabled" if row is not None else "does not exist"
    raise UnknownEnvironment(f"The environment {name!r} {what}. There are: {', '.join(known) or 'none'}.")
