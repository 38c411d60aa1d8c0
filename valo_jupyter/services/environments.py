"""Environments: where executions run, and how many machines they may take. Administrators make and change them."""

from __future__ import annotations

import builtins
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import sqlalchemy as sa

from valo_jupyter.db import Connection, Database, again_if_overtaken
from valo_jupyter.db.tables import environments, executions
from valo_jupyter.domain import clock
from valo_jupyter.domain.environments import InvalidEnvironment, check_settings, slug_of
from valo_jupyter.domain.errors import Conflict, Invalid, NotAllowed, NotFound, Overtaken
from valo_jupyter.domain.executions import INCOMPLETE, Status
from valo_jupyter.services.accounts import User
from valo_jupyter.services.moves import KILL_AFTER, Moves
from valo_jupyter.services.options import Options

#: what a new server has: this machine, two executions at once, none kept running for nothing
LOCAL = {
    "name": "local",
    "slug": "local",
    "description": "This machine",
    "engine": "local",
    "min_scale": 0,
    "max_scale": 2,
    "scale_down_grace_minutes": 15.0,
    "is_default": True,
    # what it ran until it learned of containers it goes on to run
    "containers": {"mode": "auto"},
}
#: executions stopped in one transaction
_BATCH = 200


class UnknownEnvironment(Invalid):
    """There is no such environment."""

    code = "does_not_exist"


class InUse(Conflict):
    """Executions wait or run in the environment."""

    code = "in_use"


class Environments:
    """
    Parameters
    ----------
    saved
        Called when the engine should look at the settings.
    """

    def __init__(self, database: Database, moves: Moves, options: Options, saved: Callable[[], None]) -> None:
        self._database = database
        self._moves = moves
        self._options = options
        self._saved = saved

    def ensure_local(self) -> None:
        """Make the environment `local`, unless there is or was any."""
        with self._database.write() as connection:
            if connection.execute(sa.select(environments.c.id).limit(1)).first() is None:
                connection.execute(
                    sa.insert(environments).values(
                        id=str(uuid.uuid4()), options={}, enabled=True, ctime=clock.now(), **LOCAL
                    )
                )

    def list(self, limit: int = 9000) -> list[Any]:
        """Rows, enabled or not."""
        query = sa.select(environments).where(environments.c.deleted.is_(None)).order_by(environments.c.name)
        with self._database.read() as connection:
            return list(connection.execute(query.limit(limit)))

    def get(self, address: str) -> Any:
        """The row, by id or slug; `NotFound`."""
        with self._database.read() as connection:
            return _find(connection, address)

    @again_if_overtaken
    def create(self, user: User, given: Mapping[str, Any]) -> Any:
        """A new environment's row.

        Raises
        ------
        NotAllowed, InvalidEnvironment
        """
        check_admin(user)
        missing = {name: f"The {name} is missing." for name in ("name", "engine") if not given.get(name)}
        settings, problems = check_settings({k: v for k, v in given.items() if k not in missing}, {})
        wanted, more = self._options.check(given.get("engine") or "", given.get("options"))
        problems = {**problems, **({} if "engine" in missing else more), **missing}
        if problems:
            raise InvalidEnvironment(problems)
        values = {
            "id": str(uuid.uuid4()),
            "ctime": clock.now(),
            "mtime": clock.now(),
            **_columns(settings),
            **wanted.columns(),
        }
        with self._database.write() as connection:
            _check_free(connection, values)
            if "slug" not in values:
                values["slug"] = _free_slug(connection, slug_of(values["name"]))
            if values.get("is_default"):
                _no_default(connection)
            connection.execute(sa.insert(environments).values(**values))
        self._saved()
        return self.get(values["id"])

    @again_if_overtaken
    def edit(self, user: User, address: str, given: Mapping[str, Any]) -> Any:
        """Change settings; they hold at once, and no busy machine is ended for them. The row as it is then."""
        check_admin(user)
        row = self.get(address)
        settings, problems = check_settings(given, row._mapping)
        values = _columns(settings)
        if "engine" in given or "options" in given:
            wanted, more = self._options.change(row, given)
            problems = {**problems, **more}
            values.update(wanted.columns())
        if problems:
            raise InvalidEnvironment(problems)
        with self._database.write() as connection:
            if _find(connection, row.id, lock=True).mtime != row.mtime:
                raise Conflict(f"Somebody else has just changed {row.name}; look at it and try again.")
            _check_free(connection, values, but=row.id)
            if values.get("is_default"):
                _no_default(connection)
            self._change(connection, row.id, values)
        self._saved()
        return self.get(row.id)

    def set_scale(
        self, slug: str, *, minimum: int | None = None, maximum: int | None = None, grace_minutes: float | None = None
    ) -> None:
        """Change an environment's scale, on behalf of the server itself."""
        given = {"min_scale": minimum, "max_scale": maximum, "scale_down_grace_minutes": grace_minutes}
        with self._database.write() as connection:
            row = _find(connection, slug)
            settings, problems = check_settings({k: v for k, v in given.items() if v is not None}, row._mapping)
            if problems:
                raise InvalidEnvironment(problems)
            self._change(connection, row.id, _columns(settings))
        self._saved()

    def _change(self, connection: Connection, environment_id: str, values: dict[str, Any]) -> None:
        connection.execute(
            sa.update(environments).where(environments.c.id == environment_id).values(mtime=clock.now(), **values)
        )
        self._moves.tell_waiting(connection, environment_id)

    def delete(self, user: User, address: str, *, stop: bool = False) -> None:
        """Delete an environment; its executions keep its name. What runs there is not cut off, but asked to stop.

        Raises
        ------
        InUse
            Something waits or runs there, and is not to be stopped.
        """
        check_admin(user)
        row = self.get(address)
        stopping = f"the environment was deleted by {user.username}"
        with self._database.write() as connection:
            others = sa.select(environments.c.id).where(
                environments.c.enabled, environments.c.deleted.is_(None), environments.c.id != row.id
            )
            if connection.execute(others.limit(1)).first() is None:
                raise Conflict(f"{row.name} is the last enabled environment; make or enable another one first.")
            if not stop and _unended(connection, row.id, (*INCOMPLETE,), 1):
                raise InUse(
                    f"Executions wait or run in {row.name}. Let them end, or delete it with `--stop` (`stop=true`), "
                    "which stops them."
                )
            # nothing new comes here while the line is emptied
            self._change(connection, row.id, {"enabled": False})
        while self._stop_some(row.id, user.username, stopping):
            pass
        with self._database.write() as connection:
            gone = {"deleted": clock.now(), "slug": f"{row.slug}~{row.id[:8]}", "is_default": False}
            self._change(connection, row.id, gone)
        self._saved()

    def _stop_some(self, environment_id: str, by: str, reason: str) -> bool:
        with self._database.write() as connection:
            waiting = _unended(connection, environment_id, (Status.CREATED, Status.QUEUED), _BATCH)
            # what was started or has ended at this moment is found again
            for execution in waiting:
                with suppress(Overtaken):
                    self._moves.move(connection, execution, Status.STOPPED, reason)
            running = _unended(connection, environment_id, (Status.STARTED,), _BATCH)
            for execution in running:
                stop = {"at": clock.text(clock.now()), "by": by, "reason": reason, "kill_after": KILL_AFTER}
                with suppress(Overtaken):
                    self._moves.move(connection, execution, Status.STOPPING, reason, stop=stop)
            return bool(waiting or running)


def find_environment(connection: Connection, name: str | None) -> Any:
    """The environment by id or slug; None: the default one, or the only one. Nothing goes where nobody has sent it."""
    query = sa.select(environments)
    if name:
        # by id, as a copy of an execution has it, also one that was deleted: its name is told
        query = query.where((environments.c.id == name) | (environments.c.slug == name))
    else:
        query = query.where(environments.c.is_default)
    row = connection.execute(query.limit(1)).one_or_none()
    if row is not None and row.enabled and row.deleted is None:
        return row
    enabled = sa.select(environments.c.slug).where(environments.c.enabled, environments.c.deleted.is_(None))
    known = connection.execute(enabled.order_by(environments.c.name)).scalars().all()
    if not name and row is None and len(known) == 1:
        return find_environment(connection, known[0])
    there_are = f"There are: {', '.join(known) or 'none'}."
    if not name:
        what = "No environment is the default" if row is None else f"The default environment, {row.name!r}, is disabled"
        raise UnknownEnvironment(f"{what}: name the one to run in. {there_are}")
    what = "does not exist" if row is None else "is disabled" if row.deleted is None else "was deleted"
    raise UnknownEnvironment(f"The environment {(row.name if row else name)!r} {what}. {there_are}")


def _no_default(connection: Connection) -> None:
    # no other row is locked: two that do so at once could each have what the other waits for
    connection.execute(sa.update(environments).where(environments.c.is_default).values(is_default=False))


def check_admin(user: User) -> None:
    if not user.admin:
        raise NotAllowed("Only administrators may make, change, test or delete environments.")


def _find(connection: Connection, address: str, *, lock: bool = False) -> Any:
    query = sa.select(environments).where(
        (environments.c.id == address) | (environments.c.slug == address), environments.c.deleted.is_(None)
    )
    row = connection.execute(query.with_for_update() if lock else query).first()
    if row is None:
        raise NotFound(f"There is no environment {address!r}.")
    return row


def _columns(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {"is_default" if name == "default" else name: value for name, value in settings.items()}


def _free_slug(connection: Connection, slug: str) -> str:
    taken = connection.execute(sa.select(environments.c.slug).where(environments.c.slug.startswith(slug))).scalars()
    known = set(taken)
    return next(name for n in range(1, len(known) + 2) if (name := slug if n == 1 else f"{slug}-{n}") not in known)


def _check_free(connection: Connection, values: Mapping[str, Any], but: str = "") -> None:
    """Raise `InvalidEnvironment` if another one has the name or the slug: forms and tables show names."""
    problems = {}
    if "name" in values:
        named = (environments.c.name == values["name"]) & environments.c.deleted.is_(None)
        other = connection.execute(sa.select(environments.c.slug).where(named, environments.c.id != but)).scalar()
        if other is not None:
            problems["name"] = f"Another environment, {other}, has this name; give this one its own."
    if "slug" in values:
        same = environments.c.slug == values["slug"]
        if connection.execute(sa.select(environments.c.id).where(same, environments.c.id != but)).first() is not None:
            problems["slug"] = f"Another environment has the slug {values['slug']!r}."
    if problems:
        raise InvalidEnvironment(problems)


def _unended(connection: Connection, environment_id: str, states: tuple[Status, ...], limit: int) -> builtins.list[Any]:
    found: builtins.list[Any] = []
    for status in states:
        query = sa.select(executions).where(
            executions.c.environment_id == environment_id, executions.c.status == status.value
        )
        found.extend(connection.execute(query.limit(limit - len(found))))
        if len(found) >= limit:
            break
    return found
