"""The team's own data stores. Credentials go in and never come out; cloud SDKs are imported when a store is opened."""

from __future__ import annotations

import builtins
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from valo_jupyter.db import Connection, Database, again_if_overtaken
from valo_jupyter.db.tables import stores
from valo_jupyter.domain import clock
from valo_jupyter.domain.errors import Conflict, NotAllowed, NotFound, ValoError
from valo_jupyter.services import store_rows
from valo_jupyter.services.accounts import User
from valo_jupyter.services.projects import visible_project, visible_to
from valo_jupyter.services.sealing import Seal
from valo_jupyter.stores import open_store
from valo_jupyter.stores.base import Store
from valo_jupyter.stores.kinds import KINDS, InvalidStore, check_store

MAX_NAME = 100
#: options that say who gets the credentials
_WHERE = ("bucket", "account", "endpoint_url", "auth_url")
_FIELDS = ("project", "name", "type", "options", "credentials", "default")


class Stores:
    def __init__(self, database: Database, seal: Seal) -> None:
        self._database = database
        self._seal = seal
        #: opened ones, by id, with the time of their settings
        self._open: dict[str, tuple[datetime, Store]] = {}

    # settings

    def list(self, user: User, project_id: str | None = None) -> builtins.list[Any]:
        """Rows of the stores of a project, or of all projects that the user may see, by name."""
        with self._database.read() as connection:
            if project_id is not None:
                visible_project(connection, user, project_id)
                return store_rows.of_project(connection, project_id)
            query = store_rows.select_stores().where(visible_to(user)).order_by(stores.c.name, stores.c.id)
            return builtins.list(connection.execute(query))

    def get(self, user: User, store_id: str) -> Any:
        with self._database.read() as connection:
            return _visible(connection, user, store_id)

    @again_if_overtaken
    def create(self, user: User, given: Mapping[str, Any]) -> Any:
        """A new store's row; raises `InvalidStore`."""
        project_id = given.get("project")
        if not isinstance(project_id, str) or not project_id:
            sentence = "Say of which `project` the store is to be."
            raise InvalidStore(sentence, project=sentence)
        now, store_id = clock.now(), str(uuid.uuid4())
        with self._database.write() as connection:
            _may_change(user, visible_project(connection, user, project_id))
            name, checked = _checked(connection, project_id, given)
            connection.execute(
                sa.insert(stores).values(
                    id=store_id,
                    project_id=project_id,
                    name=name,
                    type=checked["type"],
                    options=checked["options"],
                    credentials=self._sealed(checked["credentials"]),
                    creator_id=user.id,
                    ctime=now,
                    mtime=now,
                )
            )
            if given.get("default"):
                store_rows.set_default(connection, project_id, store_id)
        return self.get(user, store_id)

    @again_if_overtaken
    def edit(self, user: User, store_id: str, given: Mapping[str, Any]) -> Any:
        """Change a store; `options` are replaced as a whole, credentials that are not named stay."""
        with self._database.write() as connection:
            row = _visible(connection, user, store_id)
            _may_change(user, row)
            wanted = {**self._merged(row, given), "default": given.get("default")}
            name, checked = _checked(connection, row.project_id, wanted, row)
            connection.execute(
                sa.update(stores)
                .where(stores.c.id == store_id)
                .values(
                    name=name,
                    options=checked["options"],
                    credentials=self._sealed(checked["credentials"]),
                    mtime=clock.now(),
                )
            )
            if given.get("default") is not None and bool(given["default"]) != row.is_default:
                store_rows.set_default(connection, row.project_id, store_id if given["default"] else None)
        return self.get(user, store_id)

    def delete(self, user: User, store_id: str) -> None:
        """Its credentials are forgotten; its files keep their records, and cannot be read any more."""
        with self._database.write() as connection:
            row = _visible(connection, user, store_id)
            _may_change(user, row)
            connection.execute(
                sa.update(stores)
                .where(stores.c.id == store_id)
                .values(deleted=clock.now(), name=f"{row.name}~{store_id[:8]}", credentials=None)
            )
            if row.is_default:
                store_rows.set_default(connection, row.project_id, None)
        self._open.pop(store_id, None)

    def set_default(self, user: User, project_id: str, store_id: str | None) -> None:
        """Where outputs of the project go from now on; None: the built-in store."""
        with self._database.write() as connection:
            _may_change(user, visible_project(connection, user, project_id))
            store_id = store_rows.wanted(connection, project_id, store_id)
            store_rows.set_default(connection, project_id, None if store_id == store_rows.BUILT_IN else store_id)

    def credentials(self, row: Any) -> dict[str, Any]:
        """What may be told of the credentials: which there are."""
        kind = KINDS.get(row.type)
        has = self._seal.open(row.credentials) or {}
        return {option.name: {"set": option.name in has} for option in kind.credentials} if kind else {}

    def _merged(self, row: Any, given: Mapping[str, Any]) -> dict[str, Any]:
        """The store's settings with those that are given."""
        if given.get("type", row.type) != row.type:
            sentence = "The kind of a store does not change; add another store."
            raise InvalidStore(sentence, type=sentence)
        options = row.options if given.get("options") is None else given["options"]
        fresh = _mapping(given, "credentials")
        kept = self._seal.open(row.credentials) or {}
        if any(_value(options, name) != _value(row.options, name) for name in _WHERE):
            named = {name for name, value in fresh.items() if not _stands_for_itself(value)}
            if kept and not named:
                sentence = "The store is another one now: give its credentials again, or null for each to remove them."
                raise InvalidStore(sentence, credentials=sentence)
            kept = {}
        for name, value in fresh.items():
            if value is None:
                kept.pop(name, None)
            elif not _stands_for_itself(value):
                kept[name] = value
        return {"name": given.get("name", row.name), "type": row.type, "options": options, "credentials": kept}

    def _sealed(self, credentials: Mapping[str, Any]) -> str | None:
        return self._seal.close(dict(credentials)) if credentials else None

    # their use

    def config(self, row: Any) -> dict[str, Any]:
        """What `open_store` takes, with the credentials."""
        return {"type": row.type, "options": row.options, "credentials": self._seal.open(row.credentials) or {}}

    def opened(self, row: Any) -> Store:
        """The store itself, which is kept while its settings are the same."""
        if row.deleted:
            raise Conflict(f"The store {store_rows.shown_name(row)} was deleted; its files cannot be read any more.")
        known = self._open.get(row.id)
        if known is None or known[0] != row.mtime:
            known = self._open[row.id] = (row.mtime, open_store(self.config(row)))
        return known[1]

    def by_id(self, connection: Connection, store_id: str) -> Any:
        """The row of a store that a file names, also of a deleted one."""
        return connection.execute(sa.select(stores).where(stores.c.id == store_id)).one()

    def test(self, user: User, store_id: str, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Try the store, with changes that are not saved: `{"ok", "steps": [{"name", "ok", "message"}]}`."""
        row = self.get(user, store_id)
        _may_change(user, row)
        wanted = self._merged(row, given or {})
        return _tried(check_store(row.type, _mapping(wanted, "options"), wanted["credentials"]))

    def test_settings(self, user: User, given: Mapping[str, Any]) -> dict[str, Any]:
        """The same of settings that are not saved at all."""
        with self._database.read() as connection:
            if given.get("project"):
                _may_change(user, visible_project(connection, user, str(given["project"])))
        return _tried(check_store(str(given.get("type")), _mapping(given, "options"), _credentials(given)))


def _tried(config: dict[str, Any]) -> dict[str, Any]:
    try:
        report = open_store(config).check()
    except ValoError as error:
        return {"ok": False, "steps": [{"name": "settings", "ok": False, "message": error.message}]}
    return {"ok": report.ok, "steps": [step.to_json() for step in report.steps]}


def _checked(
    connection: Connection, project_id: str, given: Mapping[str, Any], row: Any = None
) -> tuple[str, dict[str, Any]]:
    """`(name, settings)`, or `InvalidStore` with all that is wrong."""
    problems: dict[str, str] = {
        field: f"A store has no setting {field!r}; it has {', '.join(_FIELDS)}."
        for field in given
        if field not in _FIELDS and row is None
    }
    if not isinstance(given.get("default"), (bool, type(None))):
        problems["default"] = "`default` is true or false."
    name = given.get("name")
    if not isinstance(name, str) or not 0 < len(name.strip()) <= MAX_NAME or "~" in name or name == store_rows.BUILT_IN:
        problems["name"] = f"The name is 1 to {MAX_NAME} letters, without “~”, and not “{store_rows.BUILT_IN}”."
    elif store_rows.by_name(connection, project_id, name.strip(), but=row and row.id) is not None:
        problems["name"] = _taken(name).details["name"]
    try:
        checked = check_store(str(given.get("type")), _mapping(given, "options"), _credentials(given))
    except InvalidStore as error:
        problems |= error.details
        checked = {}
    if problems:
        raise InvalidStore(" ".join(problems.values()), **problems)
    return str(name).strip(), checked


def _credentials(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in _mapping(given, "credentials").items() if not _stands_for_itself(value)}


def _mapping(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = given.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        sentence = f"The {name} are an object of names and values."
        raise InvalidStore(sentence, **{name: sentence})
    return value


def _value(options: Any, name: str) -> Any:
    return (options.get(name) if isinstance(options, dict) else None) or None


def _stands_for_itself(value: Any) -> bool:
    # a credential as it is shown: whoever sends it back does not change it
    return isinstance(value, dict) and value.keys() == {"set"}


def _taken(name: Any) -> InvalidStore:
    sentence = f"The project has a store {name!r} already; choose another name."
    return InvalidStore(sentence, name=sentence)


def _visible(connection: Connection, user: User, store_id: str) -> Any:
    row = connection.execute(store_rows.select_stores().where(stores.c.id == store_id, visible_to(user))).one_or_none()
    if row is None:
        raise NotFound("There is no such store, or you may not see it.")
    return row


def _may_change(user: User, row: Any) -> None:
    if not (user.admin or row.owner_id == user.id):
        raise NotAllowed("Only the project's owner and administrators change its stores.")
