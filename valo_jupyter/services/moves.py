"""The one way an execution changes state: row, project revision and event stream together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from valo_jupyter.db import Connection
from valo_jupyter.db.tables import attempts, executions, projects
from valo_jupyter.domain import clock, storable
from valo_jupyter.domain.errors import Overtaken
from valo_jupyter.domain.executions import Status, check_move
from valo_jupyter.services import version_rows
from valo_jupyter.services.events import EventLog
from valo_jupyter.services.lost import take_back

#: how long user code has to end by itself after it was asked to stop, seconds
KILL_AFTER = 10.0
#: how many of those who wait are told at once that something has changed for them
_TOLD = 200


class Moves:
    """Writes state changes; `changed` is called (in any thread) when a row has changed."""

    def __init__(self, events: EventLog, changed: Callable[[], None]) -> None:
        self._events = events
        self.changed = changed

    def revise(self, connection: Connection, project_id: str) -> int:
        """The project's next revision."""
        return connection.execute(
            sa.update(projects)
            .where(projects.c.id == project_id)
            .values(revision=projects.c.revision + 1)
            .returning(projects.c.revision)
        ).scalar_one()

    def touch(self, connection: Connection, row: Any, **values: Any) -> None:
        """Change columns of an execution without changing its state."""
        revision = self.revise(connection, row.project_id)
        connection.execute(sa.update(executions).where(executions.c.id == row.id).values(revision=revision, **values))
        self.changed()

    def move(self, connection: Connection, row: Any, to: Status, detail: str = "", **values: Any) -> None:
        """Change the state of the execution in `row`, and record it in its stream.

        Raises
        ------
        IllegalTransition
            The state in `row` does not lead to `to`.
        Overtaken
            It is not in the state that `row` says any more. Nothing was changed.
        """
        check_move(row.counter, Status(row.status), to)
        detail = storable.text(detail)
        if to.ended:
            ended = clock.now()
            values.setdefault("ended", ended)
            values["cost"] = self._cost(connection, row, ended)
            version_rows.seal(connection, row.id)
        values |= {"status": to.value, "status_detail": detail, "revision": self.revise(connection, row.project_id)}
        here = (executions.c.id == row.id) & (executions.c.status == row.status)
        if not connection.execute(sa.update(executions).where(here).values(**values)).rowcount:
            raise Overtaken()
        self.changed()
        attempt = values.get("attempt", row.attempt)
        self._events.append(row.id, [{"k": "status", "status": to.value, "reason": detail, "attempt": attempt}])

    def forget(self, connection: Connection, row: Any) -> None:
        """The execution's row is gone: so is its stream."""
        self.revise(connection, row.project_id)
        self._events.remove(row.id)
        self.changed()

    def after_loss(self, connection: Connection, row: Any, reason: str, *, ran: bool, give_up: int) -> None:
        """An attempt has ended without an end of its own: decide what becomes of the execution."""
        status = Status(row.status)
        if status is Status.STOPPING:
            stop = row.stop or {}
            self.move(connection, row, Status.STOPPED, f"{stop.get('reason', 'stopped')}; its machine was ended")
        elif ran and row.requeued < row.requeue:
            detail = f"machine lost in attempt {row.attempt}: {reason}"
            # it keeps its place in line: it has waited already
            values = {**take_back(connection, row.id), "requeued": row.requeued + 1}
            self.move(connection, row, Status.QUEUED, detail, **values)
        elif not ran and row.attempt < give_up:
            self.move(connection, row, Status.QUEUED, f"no machine yet: {reason}", progress=None)
        else:
            allowed = row.requeue + 1
            made = row.requeued + 1
            self.move(connection, row, Status.CRASHED, f"machine lost (attempt {made} of {allowed}): {reason}")

    def tell_waiting(self, connection: Connection, environment_id: str) -> None:
        """Why they wait has changed: whoever follows the first of those in line reads them again."""
        for status in (Status.QUEUED, Status.CREATED):
            query = sa.select(executions.c.id, executions.c.project_id).where(
                executions.c.environment_id == environment_id, executions.c.status == status.value
            )
            found: dict[str, list[str]] = defaultdict(list)
            for row in connection.execute(query.limit(_TOLD)):
                found[row.project_id].append(row.id)
            # in one order, in which processes that do so at once cannot block each other
            for project_id in sorted(found):
                revision = self.revise(connection, project_id)
                some = executions.c.id.in_(found[project_id])
                connection.execute(sa.update(executions).where(some).values(revision=revision))
        self.changed()

    @staticmethod
    def _cost(connection: Connection, row: Any, ended: Any) -> float | None:
        # every attempt has held a machine, also one that was lost; each at the price it was placed at, if there was one
        columns = (attempts.c.placed, attempts.c.ended, attempts.c.per_hour_price_usd)
        priced = (attempts.c.execution_id == row.id) & attempts.c.per_hour_price_usd.is_not(None)
        made = connection.execute(sa.select(*columns).where(priced)).all()
        if not made:
            return None
        held = ((clock.seconds_between(one.placed, one.ended or ended) or 0.0, one) for one in made)
        return sum(one.per_hour_price_usd * seconds for seconds, one in held) / 3600
