"""The files of a version of a dataset that is to be: those that are named, and those that patterns find."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from valo_jupyter.db import Connection
from valo_jupyter.db.tables import data
from valo_jupyter.domain import globs
from valo_jupyter.domain.errors import Invalid, NotFound
from valo_jupyter.domain.references import parse
from valo_jupyter.services import adoption, datum_rows, store_rows, version_rows
from valo_jupyter.services.data import checked_file_name


def named(connection: Connection, project_id: str, items: Any) -> dict[str, str]:
    if not isinstance(items, list) or not all(isinstance(item, dict) and item.get("datum") for item in items):
        raise Invalid("`files` is a list of objects with `datum` and, where it is to be another, `name`.")
    ids = [str(item["datum"]) for item in items]
    names: dict[str, str] = {}
    for some in datum_rows.in_parts(ids):
        query = sa.select(data.c.id, data.c.name).where(data.c.project_id == project_id, data.c.id.in_(some))
        names.update((row.id, row.name) for row in connection.execute(query))
    files: dict[str, str] = {}
    for item, datum_id in zip(items, ids, strict=True):
        if datum_id not in names:
            raise NotFound(f"The project has no file {datum_id}.")
        add(files, str(item.get("name") or names[datum_id]), datum_id)
    return files


def add(files: dict[str, str], name: str, datum_id: str) -> None:
    checked = checked_file_name(name)
    if len(checked) > version_rows.MAX_FILE_NAME:
        raise Invalid(f"{checked[:40]}… is too long for a name in a version.")
    if files.setdefault(checked, datum_id) != datum_id:
        raise Invalid(f"Two files of the version would be {checked!r}; give one of them another `name`.")


def listed(adopting: adoption.Adoption, stores: list[Any], pattern: str) -> Any:
    store = store_rows.of_address(stores, pattern)
    if store is None:
        raise Invalid(f"No store of the project has {pattern}.")
    return adopting.objects(store, pattern)


def adopted(connection: Connection, stores: list[Any], pattern: str, found: list[Any], user_id: int) -> dict[str, str]:
    """By their names below the folder that the pattern begins with."""
    store = store_rows.of_address(stores, pattern)
    created, existing = adoption.take(connection, store, found, user_id, [])
    folder = globs.folder_part(pattern)
    return {uri.removeprefix(folder): datum_id for uri, datum_id in {**created, **existing}.items()}


def matching(connection: Connection, project_id: str, pattern: str) -> dict[str, str]:
    """The project's files whose names match, of each name the newest."""
    if parse(pattern).kind != "path":
        raise Invalid(f"{pattern} is no pattern of names or of a store.")
    start, matches = globs.fixed_part(pattern), globs.compiled(pattern)
    query = sa.select(data.c.id, data.c.name).where(
        data.c.project_id == project_id,
        data.c.purged.is_(False),
        data.c.name.startswith(start, autoescape=True),
    )
    rows = connection.execute(query.order_by(data.c.ctime, data.c.id))
    found = {row.name: row.id for row in rows if matches.fullmatch(row.name)}
    if not found:
        raise NotFound(f"No file of the project has a name like {pattern}.")
    return found
