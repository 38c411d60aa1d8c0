"""Trials of an environment's engine: wanted over the API, made by the engine process, told step by step."""

from __future__ import annotations

import builtins
import secrets
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from valo_jupyter import __version__
from valo_jupyter.db import Connection, Database
from valo_jupyter.db.tables import engines, environment_tests, environments, users
from valo_jupyter.domain import clock, storable
from valo_jupyter.domain.environments import InvalidEnvironment, check_settings
from valo_jupyter.domain.errors import Invalid, NotFound, StaleAttempt
from valo_jupyter.domain.images import Reference
from valo_jupyter.domain.registries import stands_for_organization
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.services.accounts import User
from valo_jupyter.services.asking import NO_IMAGE, container
from valo_jupyter.services.assignments import HERE
from valo_jupyter.services.environments import Environments, check_admin
from valo_jupyter.services.options import Options
from valo_jupyter.services.pool import ENGINE_LEASE, token_hash

WANTED, RUNNING, PASSED, FAILED = "wanted", "running", "passed", "failed"
#: trials are looked at when they are made, and soon forgotten
_KEPT = timedelta(days=1)
_LONGEST_MESSAGE = 4000


@dataclass(frozen=True)
class Trial:
    """What the engine process is to try."""

    id: str
    engine: str
    #: with those that are secret, opened
    options: dict[str, Any]
    token: str


class Trials:
    """
    Parameters
    ----------
    wanted
        Called when there is a trial to be made.
    changed
        Called when one has got further.
    """

    def __init__(
        self,
        database: Database,
        state: StateFolder,
        saved: Environments,
        options: Options,
        *,
        wanted: Callable[[], None],
        changed: Callable[[], None],
    ) -> None:
        self._database = database
        self._state = state
        self._environments = saved
        self._options = options
        self._wanted = wanted
        self._changed = changed

    # people

    def create(self, user: User, address: str | None, given: Mapping[str, Any]) -> Any:
        """A trial of an environment as it is saved, or with another `engine`, `options` or `image`; its row.

        Without an `address`, of settings that are not saved at all.
        """
        check_admin(user)
        settings, problems = check_settings({"image": given.get("image")}, {})
        if address is None:
            row = None
            checked, more = self._options.check(given.get("engine"), given.get("options"))
        else:
            row = self._environments.get(address)
            checked, more = self._options.change(row, given)
        if problems or more:
            raise InvalidEnvironment({**problems, **more})
        values = {
            "id": str(uuid.uuid4()),
            "environment_id": row and row.id,
            "creator_id": user.id,
            "status": WANTED,
            "steps": [],
            "image": settings["image"] if "image" in given else row and row.image,
            "ctime": clock.now(),
            **checked.columns(),
        }
        with self._database.write() as connection:
            old = environment_tests.c.ctime < clock.now() - _KEPT
            connection.execute(sa.delete(environment_tests).where(old))
            connection.execute(sa.insert(environment_tests).values(**values))
        self._wanted()
        return self.get(user, values["id"])

    def get(self, user: User, trial_id: str) -> Any:
        check_admin(user)
        with self._database.read() as connection:
            row = connection.execute(
                sa.select(environment_tests).where(environment_tests.c.id == trial_id)
            ).one_or_none()
        if row is None:
            raise NotFound("There is no such test; it may be more than a day ago.")
        return row

    def revision(self) -> int:
        """Grows with every step of a trial under way, and with the end of one."""
        query = sa.select(environment_tests.c.steps, environment_tests.c.status)
        with self._database.read() as connection:
            return sum(1 + len(row.steps) + (row.status != RUNNING) for row in connection.execute(query))

    # the engine process

    def take(self, engine_id: str) -> Trial | None:
        """The trial that has waited for longest, to be run by the caller."""
        with self._database.write() as connection:
            row = connection.execute(
                sa.select(environment_tests)
                .where(environment_tests.c.status == WANTED)
                .order_by(environment_tests.c.ctime)
                .limit(1)
                .with_for_update()
            ).one_or_none()
            if row is None:
                return None
            token = secrets.token_urlsafe(32)
            self._set(connection, row.id, status=RUNNING, engine_id=engine_id, token_hash=token_hash(token))
            options = self._options.opened(row.options, row.secret_options)
            return Trial(row.id, row.engine, options, token)

    def step(self, trial_id: str, name: str, ok: bool, message: str, seconds: float) -> None:
        with self._database.write() as connection:
            self._add(connection, trial_id, name, ok, message, seconds)
        self._changed()

    def finish(self, trial_id: str) -> None:
        """It has ended: passed, if something was tried and nothing failed."""
        with self._database.write() as connection:
            steps = connection.execute(
                sa.select(environment_tests.c.steps).where(environment_tests.c.id == trial_id)
            ).scalar_one()
            passed = bool(steps) and all(step["ok"] for step in steps)
            self._set(connection, trial_id, status=PASSED if passed else FAILED, ended=clock.now(), token_hash=None)
        self._changed()

    def abandoned(self, engine_id: str, under_way: Collection[str]) -> builtins.list[str]:
        """Trials that run, as their rows say, and that no engine process makes; this one makes those `under_way`."""
        alive = sa.select(engines.c.id).where(engines.c.beat >= clock.now() - ENGINE_LEASE, engines.c.id != engine_id)
        query = sa.select(environment_tests.c.id).where(
            environment_tests.c.status == RUNNING,
            environment_tests.c.id.not_in(under_way),
            sa.or_(environment_tests.c.engine_id.is_(None), environment_tests.c.engine_id.not_in(alive)),
        )
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def reached(self, trial_id: str) -> bool:
        """Whether its machine has reached the server."""
        query = sa.select(environment_tests.c.hardware).where(environment_tests.c.id == trial_id)
        with self._database.read() as connection:
            return connection.execute(query).scalar_one() is not None

    # its machine

    def check(self, token: str) -> None:
        """Raise `StaleAttempt` unless the token is that of a trial under way."""
        with self._database.read() as connection:
            self._of(connection, token)

    def arrived(self, token: str, machine: dict[str, Any]) -> dict[str, Any]:
        """The machine has reached the server; what it is to try, and what it should be."""
        with self._database.write() as connection:
            row = self._of(connection, token)
            self._set(connection, row.id, hardware=machine)
            return {"version": __version__, "container": self._container(connection, row)}

    def _container(self, connection: Connection, row: Any) -> dict[str, Any] | None:
        """The image that is to be pulled, as an execution's assignment has it."""
        settings = connection.execute(
            sa.select(environments.c.containers).where(environments.c.id == row.environment_id)
        ).scalar()
        found = container(settings or {}, row.image, {})
        if found is None or row.image.lower() == NO_IMAGE or found["mode"] == "never":
            return None
        accounts = connection.execute(sa.select(sa.func.count()).select_from(users)).scalar_one()
        own = row.engine == HERE and stands_for_organization(accounts)
        return {**found, "local_images": own, "cache_folder": str(self._state.cache) if own else None}

    def image(self, token: str) -> tuple[int, Reference]:
        """Who asked for the trial, and its image in full."""
        with self._database.read() as connection:
            row = self._of(connection, token)
            if not row.image:
                raise Invalid("This test has no image.")
            return row.creator_id, Reference.parse(row.image)

    def tried(self, token: str, step: Mapping[str, Any]) -> None:
        """The machine has tried something."""
        with self._database.write() as connection:
            row = self._of(connection, token)
            self._add(
                connection,
                row.id,
                str(step.get("name"))[:50],
                step.get("ok") is True,
                step.get("message") or "",
                float(step.get("seconds") or 0),
            )
        self._changed()

    @staticmethod
    def _of(connection: Connection, token: str) -> Any:
        row = connection.execute(
            sa.select(environment_tests)
            .where(environment_tests.c.token_hash == token_hash(token), environment_tests.c.status == RUNNING)
            .with_for_update()
        ).one_or_none()
        if row is None:
            raise StaleAttempt("This test has ended.")
        return row

    @classmethod
    def _add(cls, connection: Connection, trial_id: str, name: str, ok: bool, message: str, seconds: float) -> None:
        query = sa.select(environment_tests.c.steps).where(environment_tests.c.id == trial_id).with_for_update()
        steps = connection.execute(query).scalar_one()
        message = storable.text(message)[:_LONGEST_MESSAGE]
        fresh = {"name": storable.text(name), "ok": ok, "message": message, "seconds": round(seconds, 3)}
        cls._set(connection, trial_id, steps=[*steps, fresh])

    @staticmethod
    def _set(connection: Connection, trial_id: str, **values: Any) -> None:
        connection.execute(sa.update(environment_tests).where(environment_tests.c.id == trial_id).values(**values))
