"""What a machine may say of the attempt it runs; each call holds only for the attempt that is the valid writer."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from valo_jupyter.db import Connection, Database, again_if_overtaken
from valo_jupyter.db.tables import attempts, executions, projects
from valo_jupyter.domain import clock, storable
from valo_jupyter.domain.errors import Invalid, StaleAttempt
from valo_jupyter.domain.executions import Status
from valo_jupyter.domain.images import Reference
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.services import listing, references
from valo_jupyter.services.arrivals import Arrivals
from valo_jupyter.services.assignments import assignment, check_place
from valo_jupyter.services.events import Event, EventLog
from valo_jupyter.services.moves import Moves
from valo_jupyter.services.notebooks import executed_path
from valo_jupyter.services.parts import Parts
from valo_jupyter.services.pool import LEASE, token_hash
from valo_jupyter.services.projects import Projects
from valo_jupyter.services.reflection import reflect
from valo_jupyter.services.sealing import Seal

#: what a batch of events needs of the row; the rest, which may be long, is not read ten times a second
LIVE = (
    executions.c.id,
    executions.c.project_id,
    executions.c.status,
    executions.c.stop,
    executions.c.metric,
    executions.c.progress,
)

ENDS = {
    "complete": Status.COMPLETE,
    "error": Status.ERROR,
    "stopped": Status.STOPPED,
    "crashed": Status.CRASHED,
}


class Runs:
    def __init__(
        self,
        database: Database,
        state: StateFolder,
        events: EventLog,
        moves: Moves,
        arrivals: Arrivals,
        projects: Projects,
        seal: Seal,
    ) -> None:
        self._database = database
        self._state = state
        self._events = events
        self._moves = moves
        self._arrivals = arrivals
        self._projects = projects
        self._seal = seal

    @again_if_overtaken
    def start(self, token: str, machine: dict[str, Any]) -> dict[str, Any]:
        """The start gate: the assignment, or `StaleAttempt`. Asked again by the same machine, it answers the same."""
        with self._database.write() as connection:
            attempt = self._attempt(connection, token)
            row = self._row(connection, attempt.execution_id)
            if attempt.started is not None and _process(attempt.machine) != _process(machine):
                raise StaleAttempt("Another machine has begun this attempt.")
            if row.status == Status.STOPPING.value:
                self._close(connection, attempt, "stopped", "stopped before it began")
                reason = (row.stop or {}).get("reason", "stopped")
                self._moves.move(connection, row, Status.STOPPED, f"{reason} before it began")
                told = None
            else:
                told = assignment(connection, self._state, self._projects, self._seal, row, attempt.number)
                # by this, not by the environment, which may change meanwhile, it is known what the attempt may do
                known = {**machine, "elsewhere": told["jobs_folder"] is None}
                connection.execute(
                    sa.update(attempts)
                    .where(_key(attempt))
                    .values(started=attempt.started or clock.now(), machine=known)
                )
                self._moves.touch(connection, row, machine=machine, status_detail="preparing")
        if told is None:
            raise StaleAttempt("The execution was stopped before it began.")
        return told

    def attempt(self, token: str) -> Any:
        """The attempt of the token, with its lease renewed."""
        with self._database.write() as connection:
            return self._attempt(connection, token)

    def of(self, token: str) -> Any:
        """The execution of the token's attempt, whose lease is renewed."""
        with self._database.write() as connection:
            return self._row(connection, self._attempt(connection, token).execution_id)

    def check(self, token: str) -> None:
        """Raise `StaleAttempt` unless the token is, or was, an attempt's."""
        query = sa.select(attempts.c.number).where(attempts.c.token_hash == token_hash(token))
        with self._database.read() as connection:
            if connection.execute(query).first() is None:
                raise StaleAttempt()

    def events(self, token: str, first: int, events: list[Event]) -> dict[str, Any]:
        """Append a machine's events, and renew its lease; `{"ack", "stop"}`."""
        with self._database.write() as connection:
            attempt = self._attempt(connection, token)
            last = first + sum(event.get("n", 1) for event in events) - 1
            ack = max(attempt.acked, last) if events else attempt.acked
            if events and first > attempt.acked + 1:
                raise Invalid(f"Events {attempt.acked + 1} to {first - 1} are missing.", ack=attempt.acked)
            row = connection.execute(sa.select(*LIVE).where(executions.c.id == attempt.execution_id)).one()
            if events and last > attempt.acked:
                connection.execute(sa.update(attempts).where(_key(attempt)).values(acked=ack))
                fresh = _unacked(first, events, attempt.acked)
                written = self._events.append(row.id, events, attempt=attempt.number, first=first)
                reflect(self._moves, connection, row, fresh, written)
            stop = row.stop if row.status == Status.STOPPING.value else None
        if events:
            self._moves.changed()
        return {"ack": ack, "stop": stop}

    def notebook(self, token: str, content: Path) -> None:
        """Keep the executed notebook as it stands; the file becomes the server's."""
        with self._database.write() as connection:
            attempt = self._attempt(connection, token)
            path = executed_path(self._state, attempt.execution_id)
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.replace(content, path)
            self._moves.touch(connection, self._row(connection, attempt.execution_id))

    def image(self, token: str, digest: str, entry: dict[str, str] | None = None) -> None:
        """Which image the execution's name stood for, and the entry of a private registry that it was had with."""
        with self._database.write() as connection:
            row = self._row(connection, self._attempt(connection, token).execution_id)
            self._moves.touch(connection, row, image_digest=digest, image_entry=entry)

    @again_if_overtaken
    def outputs(self, token: str, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        with self._database.write() as connection:
            attempt = self._attempt(connection, token)
            if (attempt.machine or {}).get("elsewhere"):
                brought = [item for item in items if item.get("store") is None]
                Parts(self._state, attempt.execution_id, attempt.number).check(brought)
            row = self._row(connection, attempt.execution_id)
            for item in items:
                check_place(connection, row, attempt.number, item)
            found = self._arrivals.outputs(connection, row, items)
            self._moves.touch(connection, row)
        return found

    def inputs(self, token: str, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        with self._database.write() as connection:
            row = self._row(connection, self._attempt(connection, token).execution_id)
            return [self._arrivals.input(connection, row, item) for item in items]

    def reads(self, token: str, uri: str) -> bool:
        """Whether the file of the built-in store is an input of the execution."""
        with self._database.write() as connection:
            row = self._row(connection, self._attempt(connection, token).execution_id)
            return references.reads_built_in(connection, row, uri)

    def own_image(self, token: str, image: str) -> tuple[int, Reference]:
        """The owner of the execution's project, and the image in full, which must be the execution's own."""
        asked = Reference.parse(image)
        with self._database.write() as connection:
            row = self._row(connection, self._attempt(connection, token).execution_id)
            if not row.image or Reference.parse(row.image) != asked:
                raise Invalid(f"{image!r} is not the image of this execution.")
            owner = sa.select(projects.c.owner_id).where(projects.c.id == row.project_id)
            return connection.execute(owner).scalar_one(), asked

    @again_if_overtaken
    def end(self, token: str, outcome: dict[str, Any]) -> None:
        """The attempt has ended by itself. Asked again with the same end, it answers the same."""
        status = ENDS.get(str(outcome.get("status")))
        if status is None:
            raise Invalid(f"{outcome.get('status')!r} is no end of an execution; use one of {', '.join(ENDS)}.")
        with self._database.write() as connection:
            attempt = self._attempt(connection, token, ended_as=status.value)
            if attempt.status != "open":
                return
            row = self._row(connection, attempt.execution_id)
            reason = storable.text(str(outcome.get("reason") or ""))
            self._close(connection, attempt, status.value, reason)
            self._moves.move(
                connection,
                row,
                status,
                reason,
                error=outcome.get("error"),
                exit_code=outcome.get("exit_code"),
                seconds=outcome.get("seconds"),
                peak_memory_bytes=outcome.get("peak_memory_bytes"),
                capture=outcome.get("capture"),
            )

    @staticmethod
    def _close(connection: Connection, attempt: Any, status: str, reason: str) -> None:
        connection.execute(
            sa.update(attempts).where(_key(attempt)).values(status=status, reason=reason, ended=clock.now())
        )

    @staticmethod
    def _row(connection: Connection, execution_id: str) -> Any:
        return connection.execute(listing.select_executions().where(executions.c.id == execution_id)).one()

    def _attempt(self, connection: Connection, token: str, *, ended_as: str | None = None) -> Any:
        """The attempt of the token with its lease renewed, or `StaleAttempt`."""
        attempt = connection.execute(
            sa.update(attempts)
            .where(attempts.c.token_hash == token_hash(token), attempts.c.status == "open")
            .values(lease_until=clock.now() + LEASE)
            .returning(attempts)
        ).one_or_none()
        if attempt is None and ended_as is not None:
            attempt = connection.execute(
                sa.select(attempts).where(attempts.c.token_hash == token_hash(token), attempts.c.status == ended_as)
            ).one_or_none()
        if attempt is None:
            raise StaleAttempt()
        return attempt


def _process(machine: dict[str, Any] | None) -> tuple[Any, Any]:
    return (machine or {}).get("hostname"), (machine or {}).get("pid")


def _key(attempt: Any) -> sa.ColumnElement[bool]:
    return (attempts.c.execution_id == attempt.execution_id) & (attempts.c.number == attempt.number)


def _unacked(first: int, events: list[Event], acked: int) -> list[Event]:
    fresh = []
    number = first - 1
    for event in events:
        number += event.get("n", 1)
        if number > acked:
            fresh.append(event)
    return fresh
