"""Names that stand for files, and may come to stand for others; every change is kept."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from valo_jupyter.db import Connection, Database, again_if_overtaken
from valo_jupyter.db.tables import data, datum_alias_changes, datum_aliases, executions, users
from valo_jupyter.domain import clock
from valo_jupyter.domain.errors import Conflict, Invalid, NotFound
from valo_jupyter.domain.references import checked_name
from valo_jupyter.services import alias_rows, datum_rows
from valo_jupyter.services.accounts import User
from valo_jupyter.services.data import Beside, beside, select_data
from valo_jupyter.services.datum_rows import in_parts
from valo_jupyter.services.projects import visible_project

ORDERINGS = {
    "-ctime": datum_aliases.c.ctime.desc(),
    "ctime": datum_aliases.c.ctime,
    "-mtime": datum_aliases.c.mtime.desc(),
    "name": datum_aliases.c.name,
}


class Aliases:
    def __init__(self, database: Database) -> None:
        self._database = database

    def list(
        self, user: User, project_id: str, *, ordering: str = "name", limit: int = 1000, offset: int = 0
    ) -> tuple[builtins.list[Any], dict[str, Any], Beside]:
        """`(aliases, their files by id, what goes with those)`."""
        order = ORDERINGS.get(ordering)
        if order is None:
            raise Invalid(f"Aliases cannot be ordered by {ordering!r}; use one of {', '.join(ORDERINGS)}.")
        query = sa.select(datum_aliases).where(datum_aliases.c.project_id == project_id)
        with self._database.read() as connection:
            visible_project(connection, user, project_id)
            page = query.order_by(order, datum_aliases.c.id).limit(limit).offset(offset)
            return _with_files(connection, connection.execute(page).all())

    def get(self, user: User, alias_id: str) -> tuple[Any, dict[str, Any], Beside]:
        with self._database.read() as connection:
            (row,), files, more = _with_files(connection, [_visible(connection, user, alias_id)])
            return row, files, more

    def resolve(self, user: User, project_id: str, name: str) -> tuple[Any, dict[str, Any], Beside]:
        """The alias of that name, which must stand for a file."""
        with self._database.read() as connection:
            visible_project(connection, user, project_id)
            row = alias_rows.find(connection, project_id, name)
            if row is None or row.datum_id is None:
                raise NotFound(f"The project has no file with the alias {name!r}.")
            (row,), files, more = _with_files(connection, [row])
            return row, files, more

    @again_if_overtaken
    def create(self, user: User, project_id: str, name: Any, datum_id: Any) -> str:
        """Have the alias, which is made if need be, stand for a file of the project; the alias's id."""
        checked = checked_name("An alias", name)
        with self._database.write() as connection:
            visible_project(connection, user, project_id)
            target = _file(connection, project_id, datum_id)
            return alias_rows.point(connection, project_id, checked, target, user_id=user.id)

    @again_if_overtaken
    def edit(self, user: User, alias_id: str, given: Mapping[str, Any]) -> None:
        """Change its `name`, or the `datum` that it stands for: an id, or None."""
        with self._database.write() as connection:
            row = _visible(connection, user, alias_id)
            name = row.name
            if given.get("name") is not None and given["name"] != name:
                name = checked_name("An alias", given["name"])
                if alias_rows.find(connection, row.project_id, name) is not None:
                    raise Conflict(f"There is an alias {name!r} already; choose another name.")
                key = datum_aliases.c.id == row.id
                connection.execute(sa.update(datum_aliases).where(key).values(name=name, mtime=clock.now()))
                if row.datum_id is not None:
                    datum_rows.index_words(connection, row.datum_id)
            if "datum" in given:
                target = None if given["datum"] is None else _file(connection, row.project_id, given["datum"])
                alias_rows.point(connection, row.project_id, name, target, user_id=user.id)

    def delete(self, user: User, alias_id: str) -> None:
        """Remove it with its history."""
        with self._database.write() as connection:
            row = _visible(connection, user, alias_id)
            connection.execute(sa.delete(datum_aliases).where(datum_aliases.c.id == row.id))
            if row.datum_id is not None:
                datum_rows.index_words(connection, row.datum_id)

    def history(self, user: User, alias_id: str) -> builtins.list[Any]:
        """What it stood for, the newest first."""
        changes = datum_alias_changes
        query = (
            sa.select(
                changes,
                data.c.name.label("datum_name"),
                users.c.username,
                executions.c.counter,
            )
            .outerjoin(data, data.c.id == changes.c.datum_id)
            .outerjoin(users, users.c.id == changes.c.user_id)
            .outerjoin(executions, executions.c.id == changes.c.execution_id)
            .order_by(changes.c.number.desc())
        )
        with self._database.read() as connection:
            row = _visible(connection, user, alias_id)
            return builtins.list(connection.execute(query.where(changes.c.alias_id == row.id)))


def _visible(connection: Connection, user: User, alias_id: str) -> Any:
    row = connection.execute(sa.select(datum_aliases).where(datum_aliases.c.id == alias_id)).one_or_none()
    if row is None:
        raise NotFound("There is no such alias, or you may not see it.")
    visible_project(connection, user, row.project_id)
    return row


def _file(connection: Connection, project_id: str, datum_id: Any) -> str:
    mine = (data.c.id == str(datum_id)) & (data.c.project_id == project_id)
    found = connection.execute(sa.select(data.c.id).where(mine)).scalar_one_or_none()
    if found is None:
        raise NotFound(f"The project has no file {datum_id}.")
    return found


def _with_files(connection: Connection, rows: Any) -> tuple[list[Any], dict[str, Any], Beside]:
    ids = [row.datum_id for row in rows if row.datum_id]
    files = {
        row.id: row for some in in_parts(ids) for row in connection.execute(select_data().where(data.c.id.in_(some)))
    }
    return list(rows), files, beside(connection, list(files))
