"""Versions of datasets, within a transaction: found, made of outputs, and sealed."""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa

from valo_jupyter.db import Connection
from valo_jupyter.db.tables import data, dataset_aliases, dataset_files, dataset_versions, datasets, edges
from valo_jupyter.domain import clock, storable
from valo_jupyter.domain.errors import Invalid
from valo_jupyter.domain.references import DATASET, LATEST, checked_name, dataset_parts
from valo_jupyter.services import datum_rows

MAX_FILE_NAME = 1024


def select_versions() -> sa.Select:
    """Versions with the names of their datasets."""
    return sa.select(
        dataset_versions, datasets.c.name.label("dataset_name"), datasets.c.project_id.label("project_id")
    ).join(datasets, datasets.c.id == dataset_versions.c.dataset_id)


def find(connection: Connection, project_id: str, name: str, version: str) -> Any | None:
    """The version of that name, or which the alias `version` stands for, or the newest sealed one."""
    query = select_versions().where(datasets.c.project_id == project_id, datasets.c.name == name)
    if version == LATEST:
        sealed = query.where(dataset_versions.c.sealed.is_not(None))
        newest = sealed.order_by(dataset_versions.c.sealed.desc(), dataset_versions.c.id.desc())
        return connection.execute(newest.limit(1)).one_or_none()
    row = connection.execute(query.where(dataset_versions.c.name == version)).one_or_none()
    if row is not None:
        return row
    named = sa.select(dataset_aliases.c.version_id).where(
        dataset_aliases.c.dataset_id == datasets.c.id, dataset_aliases.c.name == version
    )
    return connection.execute(query.where(dataset_versions.c.id.in_(named))).one_or_none()


def ensure_dataset(connection: Connection, project_id: str, name: str) -> str:
    """The id of the dataset, which is made if need be."""
    query = sa.select(datasets.c.id).where(datasets.c.project_id == project_id, datasets.c.name == name)
    found = connection.execute(query).scalar_one_or_none()
    if found is None:
        found = str(uuid.uuid4())
        values = {"id": found, "project_id": project_id, "name": name, "ctime": clock.now()}
        connection.execute(sa.insert(datasets).values(**values))
    return found


def insert(connection: Connection, dataset_id: str, name: str, creator_id: int, **columns: Any) -> str:
    """A new version's id."""
    version_id = str(uuid.uuid4())
    values = {"id": version_id, "dataset_id": dataset_id, "name": name, "creator_id": creator_id}
    connection.execute(sa.insert(dataset_versions).values(**values, ctime=clock.now(), **columns))
    return version_id


def put(connection: Connection, version_id: str, datum_id: str, name: str) -> None:
    """Make the file the one of that name in the version, which must be open."""
    name = name[:MAX_FILE_NAME]
    key = (dataset_files.c.version_id == version_id) & (dataset_files.c.name == name)
    present = connection.execute(sa.select(dataset_files.c.datum_id).where(key)).scalar_one_or_none()
    if present == datum_id:
        return
    if present is not None:
        # a file that was written twice: the version has the newer one
        connection.execute(sa.delete(dataset_files).where(key))
        connection.execute(
            sa.delete(edges).where(
                edges.c.source_id == present, edges.c.target_type == "dataset", edges.c.target_id == version_id
            )
        )
    connection.execute(sa.insert(dataset_files).values(version_id=version_id, name=name, datum_id=datum_id))
    datum_rows.add_edge(connection, ("datum", datum_id), ("dataset", version_id), "dataset", name)


def point(connection: Connection, dataset_id: str, name: str, version_id: str) -> None:
    """Have another name of the dataset's versions stand for this one."""
    key = (dataset_aliases.c.dataset_id == dataset_id) & (dataset_aliases.c.name == name)
    connection.execute(sa.delete(dataset_aliases).where(key))
    connection.execute(sa.insert(dataset_aliases).values(dataset_id=dataset_id, name=name, version_id=version_id))


def add_output(connection: Connection, execution: Any, datum_id: str, name: str, given: Any) -> str | None:
    """Put an output into the version that its sidecar names; a sentence that says why it is not in it, or None."""
    uri, aliases = (given.get("uri"), given.get("targeting_aliases")) if isinstance(given, dict) else (given, None)
    try:
        dataset, version = dataset_parts(storable.text(str(uri)))
        checked_name("The name of a dataset", dataset)
        if checked_name("The name of a version", version) == LATEST:
            raise Invalid(f"“{LATEST}” stands for the newest version; give this one a name of its own.")
        more = [checked_name("An alias of a version", alias) for alias in aliases or []]
    except (Invalid, TypeError) as error:
        return f"{name} is in no version of a dataset: {error}"
    row = find(connection, execution.project_id, dataset, version)
    if row is not None and (row.execution_id != execution.id or row.sealed):
        return f"{name} is not in {DATASET}{dataset}/{version}: that version was made before, and never changes."
    dataset_id = row.dataset_id if row else ensure_dataset(connection, execution.project_id, dataset)
    if row is None:
        version_id = insert(connection, dataset_id, version, execution.creator_id, execution_id=execution.id)
    else:
        version_id = row.id
    put(connection, version_id, datum_id, name)
    for alias in more:
        point(connection, dataset_id, alias, version_id)
    return None


def seal(connection: Connection, execution_id: str) -> None:
    """The execution has ended: the versions that it made never change from now on."""
    mine = (dataset_versions.c.execution_id == execution_id) & dataset_versions.c.sealed.is_(None)
    connection.execute(sa.update(dataset_versions).where(mine).values(sealed=clock.now()))


def take_back(connection: Connection, execution_id: str) -> None:
    """The execution begins anew: so do the versions that it was making."""
    mine = (dataset_versions.c.execution_id == execution_id) & dataset_versions.c.sealed.is_(None)
    ids = connection.execute(sa.select(dataset_versions.c.id).where(mine)).scalars().all()
    if ids:
        connection.execute(sa.delete(edges).where(edges.c.target_type == "dataset", edges.c.target_id.in_(ids)))
        connection.execute(sa.delete(dataset_versions).where(mine))


def files_of(connection: Connection, version_id: str) -> list[Any]:
    """Rows of `data` with `file_name`, by that."""
    query = sa.select(data, dataset_files.c.name.label("file_name")).join(
        dataset_files, dataset_files.c.datum_id == data.c.id
    )
    rows = connection.execute(query.where(dataset_files.c.version_id == version_id).order_by(dataset_files.c.name))
    return list(rows)
