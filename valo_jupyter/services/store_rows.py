"""The rows of stores, within a transaction, for those who know that the project may be seen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from valo_jupyter.db import Connection
from valo_jupyter.db.tables import projects, stores
from valo_jupyter.domain.errors import Invalid
from valo_jupyter.domain.options import installed
from valo_jupyter.stores.kinds import KINDS, key_in

#: stands for the built-in store where one of the team's could be named
BUILT_IN = "built-in"


def select_stores() -> sa.Select:
    """Those that are not deleted, with the owner of their project and whether they are its default."""
    return (
        sa.select(
            stores,
            projects.c.owner_id,
            sa.func.coalesce(projects.c.default_store_id == stores.c.id, sa.false()).label("is_default"),
        )
        .join(projects, projects.c.id == stores.c.project_id)
        .where(stores.c.deleted.is_(None))
    )


def of_project(connection: Connection, project_id: str) -> list[Any]:
    """Rows, the default one first, then by name."""
    query = select_stores().where(stores.c.project_id == project_id)
    rows = connection.execute(query.order_by(stores.c.name, stores.c.id))
    return sorted(rows, key=lambda row: not row.is_default)


def find(connection: Connection, project_id: str, address: str) -> Any | None:
    """The project's store of that name or id."""
    return next((row for row in of_project(connection, project_id) if address in (row.id, row.name)), None)


def wanted(connection: Connection, project_id: str, address: str | None) -> str | None:
    """The id of the store that is named, which must be there, or `BUILT_IN`; None where none is named."""
    if not address or address == BUILT_IN:
        return address or None
    row = find(connection, project_id, address)
    if row is None:
        raise Invalid(f"The project has no store {address!r}. {known(connection, project_id)}")
    return row.id


def upload_store(connection: Connection, project_id: str, wanted: str | None) -> Any | None:
    """Where files go: the store of that id if it is still there, else the project's default; None: the built-in one."""
    rows = of_project(connection, project_id)
    named = next((row for row in rows if row.id == wanted), None)
    default = next((row for row in rows if row.is_default), None)
    return None if wanted == BUILT_IN else named or default


def of_address(rows: Iterable[Any], uri: str) -> Any | None:
    """The first of the stores that has the address."""
    return next((row for row in rows if key_in(row.type, row.options, uri) is not None), None)


def set_default(connection: Connection, project_id: str, store_id: str | None) -> None:
    connection.execute(sa.update(projects).where(projects.c.id == project_id).values(default_store_id=store_id))


def root_of(row: Any) -> str:
    """What addresses of the store begin with."""
    kind = KINDS.get(row.type)
    return kind.root(row.options) if kind else f"{row.type}://"


def is_installed(row: Any) -> bool:
    kind = KINDS.get(row.type)
    return kind is not None and installed(kind.imports)


def shown_name(row: Any) -> str:
    """Also of one that was deleted, after whose name there is more."""
    return row.name.partition("~")[0]


def known(connection: Connection, project_id: str) -> str:
    """Which stores there are, for a message."""
    names = [f"{row.name} ({root_of(row)})" for row in of_project(connection, project_id)]
    return "Its stores are: " + ", ".join(names) + "." if names else "It has none of its own; add one."


def by_name(connection: Connection, project_id: str, name: str, but: str | None) -> Any | None:
    query = sa.select(stores.c.id).where(stores.c.project_id == project_id, stores.c.name == name)
    return connection.execute(query.where(stores.c.id != (but or ""))).one_or_none()
