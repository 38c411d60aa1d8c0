"""Datasets: named sets of files, each version of which never changes once it is made."""

from __future__ import annotations

import builtins
import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from valo_jupyter.db import Connection, Database, again_if_overtaken
from valo_jupyter.db.tables import (
    data,
    dataset_aliases,
    dataset_files,
    dataset_versions,
    datasets,
    edges,
    executions,
    users,
)
from valo_jupyter.domain import clock
from valo_jupyter.domain.errors import Conflict, Invalid, NotFound
from valo_jupyter.domain.references import LATEST, checked_name
from valo_jupyter.services import adoption, datum_rows, references, store_rows, version_files, version_rows
from valo_jupyter.services.accounts import User
from valo_jupyter.services.data import Beside, beside, checked_metadata, select_data
from valo_jupyter.services.projects import visible_project

#: of one version
MAX_FILES = 100_000


@dataclass(frozen=True)
class Versions:
    """Rows of versions by dataset, the newest first, each with `count`, `size` and the name of its creator."""

    rows: dict[str, list[Any]]
    aliases: dict[str, list[str]]


class Datasets:
    def __init__(self, database: Database, adopting: adoption.Adoption) -> None:
        self._database = database
        self._adoption = adopting

    def list(self, user: User, project_id: str) -> tuple[builtins.list[Any], Versions]:
        query = sa.select(datasets).where(datasets.c.project_id == project_id).order_by(datasets.c.name)
        with self._database.read() as connection:
            visible_project(connection, user, project_id)
            rows = builtins.list(connection.execute(query))
            return rows, _versions(connection, datasets.c.project_id == project_id)

    def get(self, user: User, dataset_id: str) -> tuple[Any, Versions]:
        with self._database.read() as connection:
            row = _visible(connection, user, dataset_id)
            return row, _versions(connection, datasets.c.id == row.id)

    @again_if_overtaken
    def create(self, user: User, project_id: str, name: Any, description: str) -> str:
        checked = checked_name("The name of a dataset", name)
        with self._database.write() as connection:
            visible_project(connection, user, project_id)
            self._check_free(connection, project_id, checked)
            dataset_id = str(uuid.uuid4())
            values = {"id": dataset_id, "project_id": project_id, "name": checked, "description": description}
            connection.execute(sa.insert(datasets).values(**values, ctime=clock.now()))
            return dataset_id

    @again_if_overtaken
    def edit(self, user: User, dataset_id: str, given: Mapping[str, Any]) -> None:
        """Change its `name` or `description`."""
        with self._database.write() as connection:
            row = _visible(connection, user, dataset_id)
            changes: dict[str, Any] = {}
            if given.get("description") is not None:
                changes["description"] = str(given["description"])
            if given.get("name") is not None and given["name"] != row.name:
                changes["name"] = checked_name("The name of a dataset", given["name"])
                self._check_free(connection, row.project_id, changes["name"])
            if changes:
                connection.execute(sa.update(datasets).where(datasets.c.id == row.id).values(**changes))

    def delete(self, user: User, dataset_id: str) -> None:
        """Remove it with its versions; their files stay."""
        with self._database.write() as connection:
            row = _visible(connection, user, dataset_id)
            for version in _versions(connection, datasets.c.id == row.id).rows[row.id]:
                _remove(connection, version)
            connection.execute(sa.delete(datasets).where(datasets.c.id == row.id))

    @staticmethod
    def _check_free(connection: Connection, project_id: str, name: str) -> None:
        taken = (datasets.c.project_id == project_id) & (datasets.c.name == name)
        if connection.execute(sa.select(datasets.c.id).where(taken)).first() is not None:
            raise Conflict(f"There is a dataset {name!r} already; choose another name.")

    # versions

    def version(self, user: User, version_id: str) -> tuple[Any, builtins.list[str], builtins.list[Any], Beside]:
        """`(row, aliases, its files with file_name, what goes with those)`."""
        with self._database.read() as connection:
            row, aliases = _visible_version(connection, user, version_id)
            query = select_data().add_columns(dataset_files.c.name.label("file_name"))
            query = query.join(dataset_files, dataset_files.c.datum_id == data.c.id)
            mine = query.where(dataset_files.c.version_id == row.id).order_by(dataset_files.c.name)
            files = builtins.list(connection.execute(mine))
            return row, aliases, files, beside(connection, [one.id for one in files])

    @again_if_overtaken
    def create_version(self, user: User, given: Mapping[str, Any]) -> str:
        """A version of `files` and of what `patterns` name, sealed at once; its id. The dataset is made if need be."""
        project_id = str(given.get("project") or "")
        name = checked_name("The name of a version", given.get("name"))
        if name == LATEST:
            raise Invalid(f"“{LATEST}” stands for the newest version; choose another name.")
        metadata = checked_metadata(given.get("metadata") or {})
        patterns = given.get("patterns") or []
        if not isinstance(patterns, builtins.list) or not all(isinstance(one, str) for one in patterns):
            raise Invalid("`patterns` is a list of texts.")
        with self._database.read() as connection:
            visible_project(connection, user, project_id)
            stores = store_rows.of_project(connection, project_id)
        # asked before the transaction: a store may take its time
        listed = {
            one: builtins.list(version_files.listed(self._adoption, stores, one)) for one in patterns if "://" in one
        }
        with self._database.write() as connection:
            files = version_files.named(connection, project_id, given.get("files") or [])
            for pattern in patterns:
                found = (
                    version_files.adopted(connection, stores, pattern, listed[pattern], user.id)
                    if pattern in listed
                    else version_files.matching(connection, project_id, pattern)
                )
                for file_name, datum_id in found.items():
                    version_files.add(files, file_name, datum_id)
            if not files:
                raise Invalid("A version needs a file at least.")
            if len(files) > MAX_FILES:
                raise Invalid(f"These are {len(files)} files; a version has up to {MAX_FILES}.")
            dataset_id = self._dataset(connection, project_id, given.get("dataset"))
            taken = (dataset_versions.c.dataset_id == dataset_id) & (dataset_versions.c.name == name)
            if connection.execute(sa.select(dataset_versions.c.id).where(taken)).first() is not None:
                raise Conflict(f"There is a version {name!r} already, and versions never change; choose another name.")
            columns = {"sealed": clock.now(), "metadata": metadata}
            version_id = version_rows.insert(connection, dataset_id, name, user.id, **columns)
            _put_all(connection, version_id, files)
            return version_id

    @staticmethod
    def _dataset(connection: Connection, project_id: str, address: Any) -> str:
        known = (datasets.c.project_id == project_id) & (datasets.c.id == str(address))
        found = connection.execute(sa.select(datasets.c.id).where(known)).scalar_one_or_none()
        if found is not None:
            return found
        return version_rows.ensure_dataset(connection, project_id, checked_name("The name of a dataset", address))

    def delete_version(self, user: User, version_id: str) -> None:
        """Remove it; its files stay, and the lineage of what read them."""
        with self._database.write() as connection:
            row, _ = _visible_version(connection, user, version_id)
            _remove(connection, row)


def _put_all(connection: Connection, version_id: str, files: dict[str, str]) -> None:
    rows = [{"version_id": version_id, "name": name, "datum_id": datum_id} for name, datum_id in files.items()]
    lines = [
        {
            "source_type": "datum",
            "source_id": datum_id,
            "target_type": "dataset",
            "target_id": version_id,
            "kind": "dataset",
            "name": "",
        }
        for datum_id in dict.fromkeys(files.values())
    ]
    for start in range(0, len(rows), datum_rows.SOME):
        connection.execute(sa.insert(dataset_files), rows[start : start + datum_rows.SOME])
    for start in range(0, len(lines), datum_rows.SOME):
        connection.execute(sa.insert(edges), lines[start : start + datum_rows.SOME])


def _remove(connection: Connection, version: Any) -> None:
    """Remove a version. Executions that read it have its files as their inputs from now on."""
    address = f"dataset://{version.dataset_name}/{version.name}"
    condition = executions.c.project_id == version.project_id
    waiting = [one for one in references.incomplete(connection, condition) if address in one.uris]
    if waiting:
        raise Conflict(f"{address} is an input of #{waiting[0].counter}, which has not ended.")
    out = (edges.c.source_type == "dataset") & (edges.c.source_id == version.id)
    readers = connection.execute(sa.select(edges.c.target_id, edges.c.name).where(out)).all()
    ids = connection.execute(
        sa.select(dataset_files.c.datum_id).where(dataset_files.c.version_id == version.id)
    ).scalars()
    for datum_id in list(ids) if readers else []:
        for reader in readers:
            datum_rows.add_edge(connection, ("datum", datum_id), ("execution", reader.target_id), "input", reader.name)
    connection.execute(sa.delete(edges).where(out))
    into = (edges.c.target_type == "dataset") & (edges.c.target_id == version.id)
    connection.execute(sa.delete(edges).where(into))
    connection.execute(sa.delete(dataset_versions).where(dataset_versions.c.id == version.id))


def _versions(connection: Connection, condition: sa.ColumnElement[bool]) -> Versions:
    files = (
        sa.select(
            dataset_files.c.version_id,
            sa.func.count().label("count"),
            sa.func.sum(data.c.size).label("size"),
        )
        .join(data, data.c.id == dataset_files.c.datum_id)
        .join(dataset_versions, dataset_versions.c.id == dataset_files.c.version_id)
        .join(datasets, datasets.c.id == dataset_versions.c.dataset_id)
        .where(condition)
        .group_by(dataset_files.c.version_id)
        .subquery()
    )
    query = (
        version_rows.select_versions()
        .add_columns(
            sa.func.coalesce(files.c["count"], 0).label("file_count"),
            sa.func.coalesce(files.c.size, 0).label("size"),
            users.c.username.label("creator_name"),
            executions.c.counter.label("execution_counter"),
        )
        .outerjoin(files, files.c.version_id == dataset_versions.c.id)
        .outerjoin(users, users.c.id == dataset_versions.c.creator_id)
        .outerjoin(executions, executions.c.id == dataset_versions.c.execution_id)
        .where(condition)
        .order_by(dataset_versions.c.ctime.desc(), dataset_versions.c.id.desc())
    )
    rows: dict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(query):
        rows[row.dataset_id].append(row)
    aliases: dict[str, list[str]] = defaultdict(list)
    named = sa.select(dataset_aliases).join(datasets, datasets.c.id == dataset_aliases.c.dataset_id)
    named = named.join(dataset_versions, dataset_versions.c.id == dataset_aliases.c.version_id)
    for row in connection.execute(named.where(condition).order_by(dataset_aliases.c.name)):
        aliases[row.version_id].append(row.name)
    return Versions(rows, aliases)


def _visible(connection: Connection, user: User, dataset_id: str) -> Any:
    row = connection.execute(sa.select(datasets).where(datasets.c.id == dataset_id)).one_or_none()
    if row is None:
        raise NotFound("There is no such dataset, or you may not see it.")
    visible_project(connection, user, row.project_id)
    return row


def _visible_version(connection: Connection, user: User, version_id: str) -> tuple[Any, list[str]]:
    found = _versions(connection, dataset_versions.c.id == version_id)
    row = next((row for rows in found.rows.values() for row in rows), None)
    if row is None:
        raise NotFound("There is no such version, or you may not see it.")
    visible_project(connection, user, row.project_id)
    return row, found.aliases[row.id]
