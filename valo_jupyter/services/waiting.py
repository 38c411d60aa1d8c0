"""What those who wait are told: their place in line, and why nothing happens yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from valo_jupyter.db import Connection
from valo_jupyter.db.tables import environments, machines
from valo_jupyter.services import line
from valo_jupyter.services.line import CREATED, QUEUED

#: up to this place each is told its own; who is further behind, that it is
PLACES = 1000


@dataclass(frozen=True)
class Waiting:
    #: from 1; None: beyond `PLACES`
    place: int | None
    why: str


def waiting(connection: Connection, rows: Iterable[Any]) -> dict[str, Waiting]:
    """For each of the rows (`listing.select_executions`) that waits."""
    found: dict[str, Waiting] = {}
    by_environment: dict[str, list[Any]] = {}
    for row in rows:
        if row.status in (CREATED, QUEUED):
            by_environment.setdefault(row.environment_id, []).append(row)
    for environment_id, some in by_environment.items():
        environment = connection.execute(sa.select(environments).where(environments.c.id == environment_id)).one()
        why = _why_queued(connection, environment)
        places = _places(connection, environment_id, some)
        for row in some:
            place = places.get(row.id)
            reason = why if row.status == QUEUED else _why_created(environment, row)
            if place is None:
                reason = f"{reason}; more than {PLACES} are before it"
            found[row.id] = Waiting(place, reason)
    return found


def _places(connection: Connection, environment_id: str, rows: list[Any]) -> dict[str, int]:
    places: dict[str, int] = {}
    before = 0
    for status in (QUEUED, CREATED):
        wanted = {row.id for row in rows if row.status == status}
        if wanted:
            for place, entry in enumerate(line.walk(connection, environment_id, status), start=before + 1):
                if place > PLACES:
                    break
                if entry.id in wanted:
                    places[entry.id] = place
                    wanted.remove(entry.id)
                    if not wanted:
                        break
        if status == QUEUED and any(row.status == CREATED for row in rows):
            before = line.count(connection, environment_id, QUEUED, PLACES)
    return places


def _why_queued(connection: Connection, environment: Any) -> str:
    if not environment.enabled:
        return "in line: the environment is disabled"
    if environment.problem:
        return f"in line: no machine can be had: {environment.problem}"
    if environment.max_scale == 0:
        return "in line: the environment may have no machine, its maximum scale is 0"
    if line.running(connection, environment.id).total() >= environment.max_scale:
        if environment.max_scale == 1:
            return "in line: the one machine is busy"
        return f"in line: all {environment.max_scale} machines are busy"
    starting = sa.select(machines.c.name).where(
        machines.c.environment_id == environment.id, machines.c.state == "starting"
    )
    if connection.execute(starting.limit(1)).first() is not None:
        return "in line: a machine is starting"
    states = sa.select(machines.c.state).where(machines.c.environment_id == environment.id)
    there = connection.execute(states).scalars().all()
    if there and "idle" not in there:
        # fewer than its maximum: no more can be had, or not yet
        return f"in line: {'the one machine is' if len(there) == 1 else f'all {len(there)} machines are'} busy"
    return "in line"


def _why_created(environment: Any, row: Any) -> str:
    if not environment.enabled:
        return "over the quota, and the environment is disabled"
    quota = environment.per_user_quota
    if not quota:
        return "about to be put in line"
    what = "1 machine" if quota == 1 else f"{quota} machines"
    return f"over the quota: {row.creator_name} may use {what} of {environment.name} at once"
