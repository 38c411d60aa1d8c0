"""Decides what may run now. The row is the queue; a placement is a compare-and-swap that makes an attempt."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from itertools import chain, islice
from typing import Any

import sqlalchemy as sa

from valo_jupyter.db import Connection, Database, again_if_overtaken
from valo_jupyter.db.tables import attempts, engines, environments, executions, facts
from valo_jupyter.domain import clock, storable
from valo_jupyter.domain.executions import INCOMPLETE, Status
from valo_jupyter.domain.lease import LEASE_SECONDS
from valo_jupyter.domain.placement import AttemptRef, EnvironmentPlan, Placement
from valo_jupyter.services import line
from valo_jupyter.services.facts import fact, set_fact, web_there_since
from valo_jupyter.services.moves import Moves

#: how long an attempt may be silent before it counts as lost
LEASE = timedelta(seconds=LEASE_SECONDS)
#: how long an engine's right to place lasts without a heartbeat
ENGINE_LEASE = timedelta(seconds=10)
#: placements that never reached the start gate, after which an execution is given up
MAX_ATTEMPTS = 8
#: after `kill_after` has passed, how much longer a stopping execution may take to put its files away
STOP_MARGIN = timedelta(seconds=20)

#: those who wait are counted up to here
MAX_WAITING = 1000
#: of what an execution needs, how much is compared with what machines have
MAX_WANTS = 100


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class Pool:
    """What the engine process asks and tells. Every method is one transaction."""

    def __init__(self, database: Database, moves: Moves) -> None:
        self._database = database
        self._moves = moves

    # engines

    def heartbeat(self, engine_id: str, *, host: str, pid: int, version: str, draining: bool = False) -> bool:
        """Say that the engine lives. True: it is the one that may place."""
        now = clock.now()
        with self._database.write() as connection:
            values = {"beat": now, "draining": draining, "host": host, "pid": pid, "version": version}
            found = connection.execute(sa.update(engines).where(engines.c.id == engine_id).values(**values))
            if not found.rowcount:
                connection.execute(sa.insert(engines).values(id=engine_id, started=now, **values))
            holder = fact(connection, "placement")
            if draining:
                if holder and holder["engine"] == engine_id:
                    connection.execute(sa.delete(facts).where(facts.c.name == "placement"))
                return False
            if holder and holder["engine"] != engine_id and clock.parse(holder["until"]) > now:
                return False
            until = clock.text(now + ENGINE_LEASE)
            set_fact(connection, "placement", {"engine": engine_id, "until": until})
            return True

    def leave(self, engine_id: str) -> None:
        """The engine stops: its right to place is free at once."""
        with self._database.write() as connection:
            holder = fact(connection, "placement")
            if holder and holder["engine"] == engine_id:
                connection.execute(sa.delete(facts).where(facts.c.name == "placement"))
            connection.execute(sa.delete(engines).where(engines.c.id == engine_id))

    # what is wanted

    def environments(self) -> list[EnvironmentPlan]:
        """All environments; of disabled ones nothing is wanted, of deleted ones those where something still runs."""
        with self._database.read() as connection:
            held = sa.select(executions.c.environment_id).join(attempts, attempts.c.execution_id == executions.c.id)
            still = set(connection.execute(held.where(attempts.c.status == "open")).scalars())
            kept = environments.c.deleted.is_(None) | environments.c.id.in_(still)
            return [_plan(connection, row) for row in connection.execute(sa.select(environments).where(kept)).all()]

    def settle(self, environment_id: str) -> None:
        """Queue whom the quotas allow to be queued, and take out of the line whom they no longer do."""
        with self._database.write() as connection:
            environment = _locked(connection, environment_id)
            if environment is not None:
                line.settle(connection, self._moves, environment)

    def incomplete(self) -> int:
        """Executions that have not ended, in all environments."""
        states = [status.value for status in INCOMPLETE]
        with self._database.read() as connection:
            query = sa.select(sa.func.count()).select_from(executions).where(executions.c.status.in_(states))
            return connection.execute(query).scalar_one()

    def trouble(self, environment_id: str, problem: str | None) -> None:
        """Say why no machine can be had, or that one can again: whoever waits for one is shown it."""
        # shown within a sentence, and the end of a log may be part of it
        problem = None if problem is None else " ".join(storable.text(problem).split())
        with self._database.write() as connection:
            changed = connection.execute(
                sa.update(environments)
                .where(environments.c.id == environment_id, environments.c.problem.is_distinct_from(problem))
                .values(problem=problem)
            )
            if not changed.rowcount:
                return
            self._moves.tell_waiting(connection, environment_id)

    # placing

    @again_if_overtaken
    def next_order(self, environment_id: str, engine_id: str) -> Placement | None:
        """Move the execution whose turn it is from queued to started, as a new attempt; None: nothing may run now."""
        with self._database.write() as connection:
            environment = _locked(connection, environment_id)
            if environment is None or not environment.enabled:
                return None
            busy = line.running(connection, environment_id)
            if busy.total() >= environment.max_scale:
                return None
            row = line.first(connection, environment, busy)
            return None if row is None else self._place(connection, row, engine_id, environment.per_hour_price_usd)

    def _place(self, connection: Connection, row: Any, engine_id: str, price: float | None) -> Placement:
        now = clock.now()
        token = secrets.token_urlsafe(32)
        number = row.attempt + 1
        connection.execute(
            sa.insert(attempts).values(
                execution_id=row.id,
                number=number,
                token_hash=token_hash(token),
                engine_id=engine_id,
                status="open",
                reason="",
                placed=now,
                lease_until=now + LEASE,
                acked=0,
                per_hour_price_usd=price,
            )
        )
        self._moves.move(connection, row, Status.STARTED, "starting", attempt=number, started=now, progress=None)
        return Placement(row.id, number, token, row.environment_id, row.kernel, _wants(row))

    def unplace(self, execution_id: str, attempt: int, reason: str) -> None:
        """The attempt reached no machine: it is void and the execution is queued again."""
        self._end_attempt(execution_id, attempt, "unplaced", reason)

    def lost(self, execution_id: str, attempt: int, reason: str) -> None:
        """The attempt's machine is gone and nothing of it runs any more: requeue once, or end as crashed."""
        self._end_attempt(execution_id, attempt, "lost", reason)

    @again_if_overtaken
    def _end_attempt(self, execution_id: str, attempt: int, status: str, reason: str) -> None:
        now = clock.now()
        with self._database.write() as connection:
            closed = connection.execute(
                sa.update(attempts)
                .where(
                    attempts.c.execution_id == execution_id,
                    attempts.c.number == attempt,
                    attempts.c.status == "open",
                )
                .values(status=status, reason=reason, ended=now)
                .returning(attempts.c.started)
            ).one_or_none()
            if closed is None:
                return
            row = connection.execute(
                sa.select(executions).where(executions.c.id == execution_id).with_for_update()
            ).one()
            if row.attempt != attempt or Status(row.status).ended:
                return
            self._moves.after_loss(connection, row, reason, ran=closed.started is not None, give_up=MAX_ATTEMPTS)

    # attempts in flight

    def running(self, engine_id: str) -> list[AttemptRef]:
        """The open attempts of an engine."""
        return self._open(attempts.c.engine_id == engine_id)

    def expired(self) -> list[AttemptRef]:
        """Open attempts whose lease has run out; none while the web process, which renews leases, is or was away."""
        now = clock.now()
        with self._database.read() as connection:
            since = web_there_since(connection)
        if since is None or since > now - LEASE:
            return []
        return self._open(attempts.c.lease_until < now, reason="it has not been heard of for 30 s")

    def orphans(self) -> list[AttemptRef]:
        """Open attempts of engines that no longer live."""
        dead = now_minus(ENGINE_LEASE)
        alive = sa.select(engines.c.id).where(engines.c.beat >= dead)
        return self._open(attempts.c.engine_id.not_in(alive), reason="its engine has ended")

    def overdue_stops(self) -> list[AttemptRef]:
        """Open attempts of executions that should long have stopped."""
        now = clock.now()
        found = []
        query = self._open_query().where(executions.c.status == Status.STOPPING.value).add_columns(executions.c.stop)
        with self._database.read() as connection:
            for row in connection.execute(query):
                stop = row.stop or {}
                due = clock.parse(stop["at"]) + timedelta(seconds=stop.get("kill_after", 10.0)) + STOP_MARGIN
                if due < now:
                    found.append(_ref(row, "it did not stop in time"))
        return found

    @staticmethod
    def _open_query() -> sa.Select:
        return (
            sa.select(attempts.c.execution_id, attempts.c.number, executions.c.environment_id, attempts.c.engine_id)
            .join(executions, executions.c.id == attempts.c.execution_id)
            .where(attempts.c.status == "open")
        )

    def _open(self, condition: sa.ColumnElement[bool], reason: str = "") -> list[AttemptRef]:
        with self._database.read() as connection:
            return [_ref(row, reason) for row in connection.execute(self._open_query().where(condition))]


def _plan(connection: Connection, row: Any) -> EnvironmentPlan:
    return EnvironmentPlan(
        id=row.id,
        slug=row.slug,
        engine=row.engine,
        options=row.options,
        secrets=row.secret_options,
        saved=clock.text(row.mtime),
        minimum=row.min_scale if row.enabled else 0,
        maximum=row.max_scale if row.enabled else 0,
        grace_seconds=row.scale_down_grace_minutes * 60,
        demand=line.demand(connection, row) if row.enabled else line.running(connection, row.id).total(),
        waiting=sum(line.count(connection, row.id, status, MAX_WAITING) for status in (line.CREATED, line.QUEUED)),
        unsettled=line.unsettled(connection, row),
    )


def _locked(connection: Connection, environment_id: str) -> Any:
    """The environment's row; whoever decides who may run there takes turns."""
    query = sa.select(environments).where(environments.c.id == environment_id).with_for_update()
    return connection.execute(query).one_or_none()


def _wants(row: Any) -> tuple[str, ...]:
    addresses = (uri for entry in row.inputs for uri in entry["uris"] if "://" in uri)
    return tuple(islice(chain([row.image] if row.image else [], addresses), MAX_WANTS))


def _ref(row: Any, reason: str) -> AttemptRef:
    return AttemptRef(row.execution_id, row.number, row.environment_id, row.engine_id, reason)


def now_minus(delta: timedelta) -> Any:
    return clock.now() - delta
