"""Files as people meet them: looked up, searched, named, tagged."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from valo_jupyter.db import Connection, Database, again_if_overtaken
from valo_jupyter.db.tables import (
    data,
    data_tags,
    dataset_files,
    dataset_versions,
    datasets,
    datum_aliases,
    edges,
    executions,
    metadata_points,
    stores,
    users,
)
from valo_jupyter.domain import storable
from valo_jupyter.domain.errors import Invalid, NotFound
from valo_jupyter.domain.references import checked_name
from valo_jupyter.services import alias_rows, datum_rows
from valo_jupyter.services.accounts import User
from valo_jupyter.services.datum_rows import checked_tags, in_parts
from valo_jupyter.services.finding import Filter, count, page
from valo_jupyter.services.projects import visible_project

MAX_NAME = 4096
_MAX_METADATA = 1_000_000


@dataclass(frozen=True)
class Beside:
    """What goes with files, by their ids."""

    tags: dict[str, list[str]] = field(default_factory=dict)
    aliases: dict[str, list[str]] = field(default_factory=dict)
    #: `{"dataset", "version", "name"}` of the versions that have it
    datasets: dict[str, list[dict[str, str]]] = field(default_factory=dict)


@dataclass(frozen=True)
class DataPage:
    rows: list[Any]
    beside: Beside
    count: int | None = None


class Data:
    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, user: User, datum_id: str) -> Any:
        with self._database.read() as connection:
            return visible_datum(connection, user, datum_id)

    def any(self, datum_id: str) -> Any:
        """The row for one who holds a signed address."""
        with self._database.read() as connection:
            row = connection.execute(select_data().where(data.c.id == datum_id)).one_or_none()
        if row is None:
            raise NotFound("There is no such file any more.")
        return row

    def details(self, user: User, datum_id: str) -> tuple[Any, Beside]:
        with self._database.read() as connection:
            row = visible_datum(connection, user, datum_id)
            return row, beside(connection, [row.id])

    def list(self, user: User, wanted: Filter) -> DataPage:
        with self._database.read() as connection:
            if wanted.project_id is None:
                raise Invalid("Say of which `project` or `output_execution`.")
            visible_project(connection, user, wanted.project_id)
            rows = page(connection, select_data(), wanted)
            found = count(connection, wanted) if wanted.count else None
            return DataPage(rows, beside(connection, [row.id for row in rows]), found)

    def outputs(self, execution_id: str) -> DataPage:
        """What an execution made, the newest first."""
        query = select_data().where(data.c.output_execution_id == execution_id)
        with self._database.read() as connection:
            rows = list(connection.execute(query.order_by(data.c.ctime.desc(), data.c.id.desc())))
            return DataPage(rows, beside(connection, [row.id for row in rows]))

    def project_of(self, execution_id: str) -> str | None:
        query = sa.select(executions.c.project_id).where(executions.c.id == execution_id)
        with self._database.read() as connection:
            return connection.execute(query).scalar_one_or_none()

    @again_if_overtaken
    def edit(
        self,
        user: User,
        datum_id: str,
        *,
        name: Any = None,
        tags: Any = None,
        metadata: Any = None,
        aliases: Any = None,
    ) -> None:
        """Change what is given; tags and aliases are all that the file has from then on."""
        changes: dict[str, Any] = {}
        if name is not None:
            changes["name"] = checked_file_name(name)
        if metadata is not None:
            changes["metadata"] = checked_metadata(metadata)
        fresh = None if tags is None else checked_tags(tags)
        names = None if aliases is None else checked_aliases(aliases)
        with self._database.write() as connection:
            row = visible_datum(connection, user, datum_id)
            if changes:
                connection.execute(sa.update(data).where(data.c.id == row.id).values(**changes))
            if fresh is not None:
                connection.execute(sa.delete(data_tags).where(data_tags.c.datum_id == row.id))
                datum_rows.add_tags(connection, row.id, fresh)
            if names is not None:
                present = beside(connection, [row.id]).aliases.get(row.id, [])
                for alias in names:
                    alias_rows.point(connection, row.project_id, alias, row.id, user_id=user.id)
                for alias in set(present) - set(names):
                    alias_rows.point(connection, row.project_id, alias, None, user_id=user.id)
            datum_rows.index_words(connection, row.id)

    def inputs_of(self, execution_id: str) -> tuple[dict[str, list[Any]], Beside]:
        """The files that an execution read, by input, and what goes with them."""
        found: dict[str, list[Any]] = defaultdict(list)
        into = (edges.c.target_type == "execution") & (edges.c.target_id == execution_id) & (edges.c.kind == "input")
        single = (
            select_data()
            .add_columns(edges.c.name.label("input"))
            .join(edges, (edges.c.source_type == "datum") & (edges.c.source_id == data.c.id))
            .where(into)
        )
        of_versions = (
            select_data()
            .add_columns(edges.c.name.label("input"))
            .join(dataset_files, dataset_files.c.datum_id == data.c.id)
            .join(edges, (edges.c.source_type == "dataset") & (edges.c.source_id == dataset_files.c.version_id))
            .where(into)
        )
        with self._database.read() as connection:
            for query in (single, of_versions):
                for row in connection.execute(query.order_by(data.c.name, data.c.id)):
                    found[row.input].append(row)
            return found, beside(connection, [row.id for rows in found.values() for row in rows])

    def points(self, execution_id: str, limit: int = 100_000) -> list[Any]:
        """The metadata points of an execution, in order."""
        query = sa.select(metadata_points).where(metadata_points.c.execution_id == execution_id)
        with self._database.read() as connection:
            return list(connection.execute(query.order_by(metadata_points.c.seq).limit(limit)))


def checked_file_name(name: Any) -> str:
    """A name with which the file can be written below any folder."""
    text = storable.text(name) if isinstance(name, str) else ""
    parts = text.split("/")
    if not 0 < len(text) <= MAX_NAME or any(part in ("", ".", "..") for part in parts):
        raise Invalid(f"{name!r} cannot be a file's name: it is a relative path without “..”.")
    return text


def checked_metadata(metadata: Any) -> dict[str, Any]:
    if not isinstance(metadata, dict) or len(storable.dumps(metadata)) > _MAX_METADATA:
        raise Invalid("`metadata` is an object, of less than a megabyte.")
    return metadata


def checked_aliases(aliases: Any) -> list[str]:
    if not isinstance(aliases, list):
        raise Invalid("`aliases` is a list of names.")
    return list(dict.fromkeys(checked_name("An alias", alias) for alias in aliases))


_TARGET = stores.alias("wanted")


def select_data() -> sa.Select:
    """Files with what their rows name: execution, creator, stores."""
    return (
        sa.select(
            data,
            executions.c.counter.label("output_counter"),
            users.c.username.label("creator_name"),
            stores.c.name.label("store_name"),
            stores.c.type.label("store_type"),
            _TARGET.c.name.label("wanted_store_name"),
            _TARGET.c.type.label("wanted_store_type"),
        )
        .outerjoin(executions, executions.c.id == data.c.output_execution_id)
        .outerjoin(users, users.c.id == data.c.creator_id)
        .outerjoin(stores, stores.c.id == data.c.store_id)
        .outerjoin(_TARGET, _TARGET.c.id == data.c.wanted_store_id)
    )


def visible_datum(connection: Connection, user: User, datum_id: str) -> Any:
    row = connection.execute(select_data().where(data.c.id == datum_id)).one_or_none()
    if row is None:
        raise NotFound("There is no such file, or you may not see it.")
    try:
        visible_project(connection, user, row.project_id)
    except NotFound:
        raise NotFound("There is no such file, or you may not see it.") from None
    return row


def beside(connection: Connection, ids: list[str]) -> Beside:
    found = Beside(defaultdict(list), defaultdict(list), defaultdict(list))
    for some in in_parts(ids):
        tags = sa.select(data_tags).where(data_tags.c.datum_id.in_(some)).order_by(data_tags.c.tag)
        for row in connection.execute(tags):
            found.tags[row.datum_id].append(row.tag)
        aliases = sa.select(datum_aliases).where(datum_aliases.c.datum_id.in_(some)).order_by(datum_aliases.c.name)
        for row in connection.execute(aliases):
            found.aliases[row.datum_id].append(row.name)
        versions = (
            sa.select(dataset_files, datasets.c.name.label("dataset"), dataset_versions.c.name.label("version"))
            .join(dataset_versions, dataset_versions.c.id == dataset_files.c.version_id)
            .join(datasets, datasets.c.id == dataset_versions.c.dataset_id)
            .where(dataset_files.c.datum_id.in_(some))
            .order_by(datasets.c.name, dataset_versions.c.ctime)
        )
        for row in connection.execute(versions):
            found.datasets[row.datum_id].append({"dataset": row.dataset, "version": row.version, "name": row.name})
    return found
