"""The line of an environment: who is next, how many could run, and who may not stand in it for now.

Each user has a line of its own in the index `ix_executions_queue`; the users are compared by their first ones. So
nothing here reads the whole line: the statements visit users, and as many rows as a limit says.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

import sqlalchemy as sa

from valo_jupyter.db import Connection
from valo_jupyter.db.tables import executions
from valo_jupyter.domain import quotas
from valo_jupyter.domain.errors import Overtaken
from valo_jupyter.domain.executions import Status
from valo_jupyter.services.moves import Moves

RUNNING = (Status.STARTED.value, Status.STOPPING.value)
CREATED, QUEUED = Status.CREATED.value, Status.QUEUED.value

#: executions that change their state for a quota in one transaction
_BATCH = 200
#: rows of a user that are read at once, at first
_CHUNK = 20
#: statements kept as built, which takes longer than to run them
_KEPT = 1000


class Entry(NamedTuple):
    """An execution in the order in which the line moves, if nothing that runs ends first."""

    urgency: int
    share: int
    queued: datetime
    counter: int
    id: str


def running(connection: Connection, environment_id: str) -> Counter[int]:
    """How many executions of each user run."""
    return Counter(dict(connection.execute(_running(environment_id)).tuples().all()))


def first(connection: Connection, environment: Any, busy: Counter[int]) -> Any:
    """The execution whose turn it is: by priority, then of the user with the fewest running ones, then by time."""
    heads = [
        (-head.priority, busy[head.user], head.queued, head.user)
        for head in connection.execute(_heads(environment.id, QUEUED))
        if _room(environment, head.user, busy[head.user]) != 0
    ]
    if not heads:
        return None
    urgency, _, _, user = min(heads)
    query = sa.select(executions).where(_of(environment.id, QUEUED, user), executions.c.priority == -urgency)
    return connection.execute(query.order_by(executions.c.queued, executions.c.counter).limit(1)).one()


def demand(connection: Connection, environment: Any) -> int:
    """Executions that run and those that could, as far as there may be machines for them."""
    busy = running(connection, environment.id)
    wanted = busy.total()
    free = environment.max_scale - wanted
    if free <= 0:
        return wanted
    if not environment.per_user_quota and not environment.team_quotas:
        return wanted + count(connection, environment.id, QUEUED, free)
    for user in connection.execute(_users(environment.id, QUEUED)).scalars().all():
        room = _room(environment, user, busy[user])
        limit = free if room is None else min(room, free)
        more = count(connection, environment.id, QUEUED, limit, user)
        wanted, free = wanted + more, free - more
        if free <= 0:
            break
    return wanted


def count(connection: Connection, environment_id: str, status: str, limit: int, user: int | None = None) -> int:
    """How many there are in that state, but no more than `limit`."""
    if limit <= 0:
        return 0
    # in the order of the index, so that no database looks for them elsewhere
    order = (executions.c.creator_id, executions.c.priority)
    some = sa.select(sa.literal(1)).where(_of(environment_id, status, user)).order_by(*order).limit(limit).subquery()
    return connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()


def admitted(connection: Connection, environment: Any, user: int) -> bool:
    """Whether a new execution of the user is queued at once; else it is over the quota, and created only."""
    if _room(environment, user, 0) is None:
        return True
    # whoever has some outside the line is not to overtake them
    busy = running(connection, environment.id)
    return not count(connection, environment.id, CREATED, 1, user) and _left(connection, environment, user, busy, 1) > 0


def unsettled(connection: Connection, environment: Any) -> bool:
    """Whether `settle` would change something."""
    return any(True for _ in _to_queue(connection, environment, 1)) or any(
        True for _ in _to_take_out(connection, environment, 1)
    )


def settle(connection: Connection, moves: Moves, environment: Any) -> None:
    """Queue what the quotas allow, and take out of the line what they no longer do; some at a time."""
    # who was stopped at this moment is none of them any more
    for row in list(_to_queue(connection, environment, _BATCH)):
        with suppress(Overtaken):
            moves.move(connection, row, Status.QUEUED, "in line")
    for row in list(_to_take_out(connection, environment, _BATCH)):
        with suppress(Overtaken):
            moves.move(connection, row, Status.CREATED)


def _to_queue(connection: Connection, environment: Any, limit: int) -> Iterator[Any]:
    busy = running(connection, environment.id)
    for user in connection.execute(_users(environment.id, CREATED)).scalars().all():
        room = _left(connection, environment, user, busy, limit)
        ids = [entry.id for entry in islice(_own(connection, environment.id, CREATED, user, 0), room)]
        limit -= len(ids)
        yield from connection.execute(sa.select(executions).where(executions.c.id.in_(ids)))
        if limit <= 0:
            return


def _to_take_out(connection: Connection, environment: Any, limit: int) -> Iterator[Any]:
    if not environment.per_user_quota and not environment.team_quotas:
        return
    busy = running(connection, environment.id)
    for user in connection.execute(_users(environment.id, QUEUED)).scalars().all():
        room = _room(environment, user, busy[user])
        if room is None:
            continue
        over = count(connection, environment.id, QUEUED, room + limit, user) - room
        if over > 0:
            last = (executions.c.queued.desc(), executions.c.counter.desc())
            mine = sa.select(executions).where(_of(environment.id, QUEUED, user))
            lowest = sa.select(sa.func.min(executions.c.priority)).where(_of(environment.id, QUEUED, user))
            least = mine.where(executions.c.priority == lowest.scalar_subquery())
            yield from connection.execute(least.order_by(*last).limit(over))
            limit -= over
        if limit <= 0:
            return


def walk(connection: Connection, environment_id: str, status: str) -> Iterator[Entry]:
    """The line in its order, read as far as it is asked for."""
    busy = running(connection, environment_id)
    users = connection.execute(_users(environment_id, status)).scalars().all()
    return heapq.merge(*(_own(connection, environment_id, status, user, busy[user]) for user in users))


def _own(connection: Connection, environment_id: str, status: str, user: int, share: int) -> Iterator[Entry]:
    """A user's own line; `share`: how many of the user's run."""
    mine = _of(environment_id, status, user)
    query = sa.select(sa.func.max(executions.c.priority)).where(mine)
    priority = connection.execute(query).scalar()
    while priority is not None:
        # in the order of the index, whose priorities ascend: hence one after the other
        here = (
            sa.select(executions.c.queued, executions.c.counter, executions.c.id)
            .where(mine, executions.c.priority == priority)
            .order_by(executions.c.queued, executions.c.counter)
        )
        read, chunk = 0, _CHUNK
        while rows := connection.execute(here.limit(chunk).offset(read)).all():
            for row in rows:
                yield Entry(-priority, share, *row)
                share += 1
            read, chunk = read + len(rows), min(chunk * 2, 500)
        priority = connection.execute(query.where(executions.c.priority < priority)).scalar()


def _left(connection: Connection, environment: Any, user: int, busy: Counter[int], most: int) -> int:
    """How many more of the user's executions may be queued, as far as `most`."""
    room = _room(environment, user, busy[user])
    if room is None:
        return most
    return min(most, max(0, room - count(connection, environment.id, QUEUED, room, user)))


def _room(environment: Any, user: int, has: int) -> int | None:
    rooms = {
        team: quotas.team_room(environment.team_quotas[team], has)
        for team in teams_of(user)
        if team in environment.team_quotas
    }
    return quotas.room(environment.per_user_quota, has, rooms)


def teams_of(user: int) -> tuple[str, ...]:
    """The teams of a user: none, as there are no organizations yet."""
    return ()


def _of(environment_id: str, status: str, user: int | None = None) -> sa.ColumnElement[bool]:
    here = (executions.c.environment_id == environment_id) & (executions.c.status == status)
    return here if user is None else here & (executions.c.creator_id == user)


@lru_cache(_KEPT)
def _running(environment_id: str) -> sa.Select:
    return (
        sa.select(executions.c.creator_id, sa.func.count())
        .where(executions.c.environment_id == environment_id, executions.c.status.in_(RUNNING))
        .group_by(executions.c.creator_id)
    )


@lru_cache(_KEPT)
def _users(environment_id: str, status: str) -> sa.Select:
    """Whose executions are in that state: from one user to the next by the index, not over all rows."""
    here = _of(environment_id, status)
    found = sa.select(sa.func.min(executions.c.creator_id).label("id")).where(here).cte("users", recursive=True)
    following = (
        sa.select(sa.func.min(executions.c.creator_id))
        .where(here, executions.c.creator_id > found.c.id)
        .correlate(found)
        .scalar_subquery()
    )
    found = found.union_all(sa.select(following).where(found.c.id.is_not(None)))
    return sa.select(found.c.id).where(found.c.id.is_not(None))


@lru_cache(_KEPT)
def _heads(environment_id: str, status: str) -> sa.Select:
    """Of each user the highest priority there is, and how long the first one of it has waited."""
    users = _users(environment_id, status).subquery()
    here = _of(environment_id, status)
    highest = (
        sa.select(sa.func.max(executions.c.priority))
        .where(here, executions.c.creator_id == users.c.id)
        .scalar_subquery()
    )
    urgent = sa.select(users.c.id.label("user"), highest.label("priority")).subquery()
    oldest = (
        sa.select(sa.func.min(executions.c.queued))
        .where(here, executions.c.creator_id == urgent.c.user, executions.c.priority == urgent.c.priority)
        .scalar_subquery()
    )
    return sa.select(urgent.c.user, urgent.c.priority, oldest.label("queued"))
