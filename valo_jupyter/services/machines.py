"""The machines of environments as the engine last saw them, and how an environment was used over time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Any

import sqlalchemy as sa

from valo_jupyter.db import Connection, Database
from valo_jupyter.db.tables import attempts, engines, environment_samples, executions, machines, projects
from valo_jupyter.domain import clock
from valo_jupyter.services import line
from valo_jupyter.services.accounts import User
from valo_jupyter.services.line import CREATED, QUEUED
from valo_jupyter.services.pool import ENGINE_LEASE
from valo_jupyter.services.projects import visible_to

STATES = ("starting", "idle", "busy", "draining")
#: executions are counted up to here; who has more sees this number
COUNTED = 10_000
#: samples are kept whole for an hour; of what is older than that, one for so many seconds; and none after 30 days
_THINNED = ((timedelta(hours=1), 10), (timedelta(days=1), 600))
_KEPT = timedelta(days=30)
#: samples written between two looks for old ones
_TIDY_EVERY = 500

samples = environment_samples


@dataclass(frozen=True)
class Seen:
    """A machine as its engine sees it."""

    name: str
    state: str
    since: datetime
    idle_until: datetime | None
    execution_id: str | None
    hardware: dict[str, Any] | None


@dataclass(frozen=True)
class Usage:
    """An environment's present."""

    created: int
    queued: int
    running: int
    machines: dict[str, int]
    #: US dollars of what runs now, and of all machines, idle ones too, in the last 24 hours; None: it has no price
    cost_running: float | None
    cost_day: float | None

    @property
    def unfinished(self) -> int:
        return self.created + self.queued + self.running


@dataclass(frozen=True)
class Line:
    """A part of an environment's line, in the order in which it would start."""

    ids: list[str]
    #: all that wait, up to `COUNTED`
    count: int
    #: how many come before the next part; None: there is none
    next: int | None


class Machines:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._written = 0

    # what the engine says

    def report(self, engine_id: str, environment_id: str, seen: Sequence[Seen]) -> None:
        """These are the engine's machines of the environment, and no others."""
        mine = (machines.c.engine_id == engine_id) & (machines.c.environment_id == environment_id)
        with self._database.write() as connection:
            connection.execute(sa.delete(machines).where(mine))
            if seen:
                names = [machine.name for machine in seen]
                connection.execute(sa.delete(machines).where(machines.c.name.in_(names)))
                connection.execute(
                    sa.insert(machines),
                    [{**vars(one), "engine_id": engine_id, "environment_id": environment_id} for one in seen],
                )
            _sample(connection, environment_id, clock.now())
        self._written += 1
        if self._written % _TIDY_EVERY == 0:
            self.tidy(environment_id)

    def forget(self, engine_id: str) -> None:
        """The engine has ended, and its machines with it."""
        with self._database.write() as connection:
            beat = connection.execute(sa.select(engines.c.beat).where(engines.c.id == engine_id)).scalar()
            mine = machines.c.engine_id == engine_id
            where = connection.execute(sa.select(machines.c.environment_id).where(mine).distinct()).scalars().all()
            connection.execute(sa.delete(machines).where(mine))
            for environment_id in where:
                _sample(connection, environment_id, beat or clock.now())

    def forget_silent(self) -> None:
        """The machines of engines that no longer live are no more."""
        alive = sa.select(engines.c.id).where(engines.c.beat >= clock.now() - ENGINE_LEASE)
        query = sa.select(machines.c.engine_id).where(machines.c.engine_id.not_in(alive)).distinct()
        with self._database.read() as connection:
            silent = connection.execute(query).scalars().all()
        for engine_id in silent:
            self.forget(engine_id)

    def tidy(self, environment_id: str) -> None:
        """Thin out the samples that are old."""
        now = clock.now()
        with self._database.write() as connection:
            here = samples.c.environment_id == environment_id
            connection.execute(sa.delete(samples).where(here, samples.c.time < now - _KEPT))
            for age, seconds in _THINNED:
                old = sa.select(samples.c.time).where(here, samples.c.time < now - age).order_by(samples.c.time.desc())
                surplus = _all_but_one(list(connection.execute(old).scalars()), seconds)
                for start in range(0, len(surplus), 500):
                    connection.execute(sa.delete(samples).where(here, samples.c.time.in_(surplus[start : start + 500])))

    # what people see

    def usage(self, rows: Iterable[Any]) -> dict[str, Usage]:
        """The present of the environments in `rows`."""
        with self._database.read() as connection:
            return {row.id: self._usage(connection, row) for row in rows}

    def _usage(self, connection: Connection, environment: Any) -> Usage:
        states: dict[str, int] = dict.fromkeys(STATES, 0)
        counted = sa.select(machines.c.state, sa.func.count()).where(machines.c.environment_id == environment.id)
        for state, count in connection.execute(counted.group_by(machines.c.state)):
            states[state] = count
        price = environment.per_hour_price_usd
        return Usage(
            created=line.count(connection, environment.id, CREATED, COUNTED),
            queued=line.count(connection, environment.id, QUEUED, COUNTED),
            running=line.running(connection, environment.id).total(),
            machines=states,
            cost_running=None if price is None else price * _running_seconds(connection, environment.id) / 3600,
            cost_day=None if price is None else price * _machine_seconds(connection, environment.id) / 3600,
        )

    def of(self, user: User, environment_id: str) -> list[Any]:
        """Rows of the machines there are, with the execution each runs as far as the user may see it."""
        query = (
            sa.select(
                machines,
                executions.c.counter.label("counter"),
                executions.c.title.label("title"),
                executions.c.step.label("step"),
                executions.c.notebook_path.label("notebook_path"),
                projects.c.id.label("project_id"),
                projects.c.name.label("project_name"),
            )
            .outerjoin(executions, executions.c.id == machines.c.execution_id)
            .outerjoin(projects, (projects.c.id == executions.c.project_id) & visible_to(user))
            .where(machines.c.environment_id == environment_id)
            .order_by(machines.c.state, machines.c.since, machines.c.name)
        )
        with self._database.read() as connection:
            return list(connection.execute(query))

    def history(self, environment_id: str, minutes: int, most: int = 500) -> list[Mapping[str, Any]]:
        """Steps, each of which holds until the next; the first one begins the time that was asked for."""
        now = clock.now()
        begin = now - timedelta(minutes=minutes)
        here = samples.c.environment_id == environment_id
        found: list[Mapping[str, Any]] = []
        with self._database.read() as connection:
            before = _latest(connection, environment_id, begin)
            if before is not None:
                found.append({**_step(before), "time": begin})
            query = sa.select(samples).where(here, samples.c.time > begin).order_by(samples.c.time)
            rows = connection.execute(query).all()
        if len(rows) + len(found) > most:
            # of each part of the time the last step
            every = (now - begin) / (most - 1)
            rows = list({int((row.time - begin) / every): row for row in rows}.values())
        found.extend(_step(row) for row in rows)
        return found[-most:]

    def line(self, environment_id: str, limit: int, offset: int = 0) -> Line:
        """`limit` of those who wait, behind the first `offset` ones; what is beyond `COUNTED` is not gone through."""
        with self._database.read() as connection:
            states = (QUEUED, CREATED)
            count = sum(line.count(connection, environment_id, status, COUNTED) for status in states)
            whole = chain.from_iterable(line.walk(connection, environment_id, status) for status in states)
            some = [entry.id for entry in islice(whole, offset, offset + limit + 1)]
        more = len(some) > limit and offset + limit < COUNTED
        return Line(some[:limit], count, offset + limit if more else None)


def _sample(connection: Connection, environment_id: str, time: datetime) -> None:
    """Write down what there is, if it is not what there was."""
    rows = connection.execute(
        sa.select(machines.c.state, machines.c.execution_id).where(machines.c.environment_id == environment_id)
    ).all()
    starting = sum(row.state == "starting" for row in rows)
    # one that goes when its execution has ended is busy until then
    busy = sum(row.state == "busy" or row.execution_id is not None for row in rows)
    waiting = sum(line.count(connection, environment_id, status, COUNTED) for status in (QUEUED, CREATED))
    fresh = {
        "starting": starting,
        "idle": len(rows) - starting - busy,
        "busy": busy,
        "waiting": waiting,
    }
    last = _latest(connection, environment_id)
    total = 0.0
    if last is not None:
        if all(getattr(last, name) == value for name, value in fresh.items()):
            return
        time = max(time, last.time + timedelta(microseconds=1))
        total = last.machine_seconds + _there(last) * (time - last.time).total_seconds()
    connection.execute(
        sa.insert(samples).values(environment_id=environment_id, time=time, machine_seconds=total, **fresh)
    )


def _all_but_one(times: list[datetime], seconds: int) -> list[datetime]:
    """Those times, the latest first, that follow another one in the same part of so many seconds."""
    seen: set[int] = set()
    found = []
    for time in times:
        part = int((time - datetime(1970, 1, 1)).total_seconds()) // seconds
        if part in seen:
            found.append(time)
        seen.add(part)
    return found


def _latest(connection: Connection, environment_id: str, until: datetime | None = None) -> Any:
    query = sa.select(samples).where(samples.c.environment_id == environment_id)
    if until is not None:
        query = query.where(samples.c.time <= until)
    return connection.execute(query.order_by(samples.c.time.desc()).limit(1)).one_or_none()


def _there(sample: Any) -> int:
    return sample.starting + sample.idle + sample.busy


def _step(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("time", "starting", "idle", "busy", "waiting")}


def _machine_seconds(connection: Connection, environment_id: str) -> float:
    """How long machines were there in the last 24 hours, all together."""
    now = clock.now()

    def until(time: datetime) -> float:
        sample = _latest(connection, environment_id, time)
        return 0.0 if sample is None else sample.machine_seconds + _there(sample) * (time - sample.time).total_seconds()

    return max(0.0, until(now) - until(now - timedelta(days=1)))


def _running_seconds(connection: Connection, environment_id: str) -> float:
    """How long the executions that run now have held machines, in all their attempts."""
    now = clock.now()
    held = (
        sa.select(attempts.c.placed, attempts.c.ended)
        .join(executions, executions.c.id == attempts.c.execution_id)
        .where(executions.c.environment_id == environment_id, executions.c.status.in_(line.RUNNING))
    )
    return sum(clock.seconds_between(row.placed, row.ended or now) or 0.0 for row in connection.execute(held))
