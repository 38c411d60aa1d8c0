"""What the addresses of inputs stand for: decided when an execution is created, looked up when it begins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from valo_jupyter.db import Connection
from valo_jupyter.db.tables import data, dataset_files, dataset_versions, edges, executions, stores
from valo_jupyter.domain.errors import InputUnavailable, Invalid
from valo_jupyter.domain.executions import INCOMPLETE
from valo_jupyter.domain.references import DATASET, DATUM, Reference, is_id, parse
from valo_jupyter.services import alias_rows, store_rows, version_rows

_FIELDS = ("size", "md5", "sha1", "sha256", "version")


def resolve(connection: Connection, project_id: str, inputs: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Inputs whose addresses stay what they are: aliases are their files, `latest` a version by its name.

    What was written is kept in `given`, where it is something else.

    Raises
    ------
    InputUnavailable
        With the input's name: there is no such file, alias, version or store, or the file was purged.
    """
    found = []
    for entry in inputs:
        try:
            uris = [_fixed(connection, project_id, uri) for uri in entry["uris"]]
        except (Invalid, InputUnavailable) as error:
            raise InputUnavailable(f"Input {entry['name']!r}: {error.message}") from error
        changed = {} if uris == entry["uris"] else {"given": entry["uris"]}
        found.append({**entry, "uris": uris, **changed})
    return found


def files(connection: Connection, project_id: str, inputs: Iterable[dict[str, Any]]) -> dict[str, list[Any]]:
    """Rows of `data` with `file_name`, for each address of a file or of a version of a dataset."""
    return {
        uri: _files(connection, project_id, parse(uri))
        for entry in inputs
        for uri in entry["uris"]
        if uri.startswith((DATUM, DATASET))
    }


def shape(row: Any) -> dict[str, Any]:
    """A row of `files` as the assignment has it."""
    more = {name: row._mapping[name] for name in _FIELDS}
    return {"datum": row.id, "name": row.file_name, "uri": row.uri, "store": row.store_id, **more}


def reads_built_in(connection: Connection, execution: Any, uri: str) -> bool:
    """Whether the execution has the file of the built-in store as an input."""
    if any(uri in entry["uris"] for entry in execution.inputs):
        return True
    references = [parse(given) for entry in execution.inputs for given in entry["uris"]]
    ids = [one.name for one in references if one.kind == "datum"]
    named = (one for one in references if one.kind == "dataset")
    rows = (version_rows.find(connection, execution.project_id, one.name, one.version) for one in named)
    in_versions = sa.select(dataset_files.c.datum_id).where(
        dataset_files.c.version_id.in_([row.id for row in rows if row is not None])
    )
    query = sa.select(data.c.id).where(
        data.c.project_id == execution.project_id,
        data.c.uri == uri,
        data.c.id.in_(ids) | data.c.id.in_(in_versions),
    )
    return connection.execute(query.limit(1)).first() is not None


def waited_for(connection: Connection, execution_id: str) -> set[str]:
    """Files that other executions of the project, which have not ended, name as such in their inputs."""
    project = sa.select(executions.c.project_id).where(executions.c.id == execution_id).scalar_subquery()
    return {
        one.name
        for row in incomplete(connection, executions.c.project_id == project)
        if row.id != execution_id
        for one in map(parse, row.uris)
        if one.kind == "datum"
    }


def users_of(connection: Connection, datum: Any) -> list[Any]:
    """Executions that have not ended and read the file, or are going to."""
    versions = sa.select(dataset_files.c.version_id).where(dataset_files.c.datum_id == datum.id)
    in_versions = version_rows.select_versions().where(dataset_versions.c.id.in_(versions))
    names = {f"{DATASET}{row.dataset_name}/{row.name}" for row in connection.execute(in_versions)}
    named = names | {DATUM + datum.id, datum.uri}
    read = sa.select(edges.c.target_id).where(
        edges.c.source_type == "datum", edges.c.source_id == datum.id, edges.c.kind == "input"
    )
    readers = set(connection.execute(read).scalars())
    rows = incomplete(connection, executions.c.project_id == datum.project_id)
    return [row for row in rows if row.id in readers or named & set(row.uris)]


@dataclass(frozen=True)
class Waiting:
    """An execution that has not ended, and all addresses of its inputs."""

    id: str
    counter: int
    uris: tuple[str, ...]


def incomplete(connection: Connection, condition: sa.ColumnElement[bool]) -> Iterator[Waiting]:
    states = executions.c.status.in_(sorted(status.value for status in INCOMPLETE))
    query = sa.select(executions.c.id, executions.c.counter, executions.c.inputs)
    for row in connection.execute(query.where(condition, states).order_by(executions.c.counter)):
        yield Waiting(row.id, row.counter, tuple(uri for entry in row.inputs for uri in entry["uris"]))


def _fixed(connection: Connection, project_id: str, uri: str) -> str:
    reference = parse(uri)
    if reference.kind == "datum":
        if not is_id(reference.name):
            reference = Reference("datum", _of_alias(connection, project_id, reference.name))
        (row,) = _files(connection, project_id, reference)
        _check_content(connection, row)
        return DATUM + row.id
    if reference.kind == "dataset":
        version = _version(connection, project_id, reference)
        for row in version_rows.files_of(connection, version.id):
            _check_content(connection, row)
        return f"{DATASET}{reference.name}/{version.name}"
    if reference.kind == "store":
        _check_store(connection, project_id, uri)
    if reference.kind == "built-in":
        _check_built_in(connection, project_id, uri)
    return uri


def _files(connection: Connection, project_id: str, reference: Reference) -> list[Any]:
    if reference.kind == "dataset":
        return version_rows.files_of(connection, _version(connection, project_id, reference).id)
    row = connection.execute(
        sa.select(data, data.c.name.label("file_name")).where(
            data.c.id == reference.name, data.c.project_id == project_id
        )
    ).one_or_none()
    if row is None:
        raise InputUnavailable(f"the project has no file with the id {reference.name}.")
    return [row]


def _of_alias(connection: Connection, project_id: str, name: str) -> str:
    alias = alias_rows.find(connection, project_id, name)
    if alias is None:
        raise InputUnavailable(f"the project has no alias {name!r}; `jupyter valo data list` shows its files.")
    if alias.datum_id is None:
        raise InputUnavailable(f"the alias {name!r} stands for no file any more; give it another, or name a file.")
    return alias.datum_id


def _version(connection: Connection, project_id: str, reference: Reference) -> Any:
    row = version_rows.find(connection, project_id, reference.name, reference.version)
    if row is None:
        raise InputUnavailable(
            f"the project has no {DATASET}{reference.name}/{reference.version}; "
            "`jupyter valo dataset list` shows its datasets and their versions."
        )
    if not row.sealed:
        raise InputUnavailable(
            f"{DATASET}{reference.name}/{row.name} is still being made; wait until its execution has ended."
        )
    return row


def _check_content(connection: Connection, row: Any) -> None:
    if row.purged:
        raise InputUnavailable(f"the content of {row.file_name} was purged; name another file.")
    if row.store_id is not None:
        store = connection.execute(sa.select(stores).where(stores.c.id == row.store_id)).one_or_none()
        if store is None or store.deleted:
            raise InputUnavailable(f"the store that {row.file_name} is in was deleted; name another file.")


def _check_store(connection: Connection, project_id: str, uri: str) -> None:
    if store_rows.of_address(store_rows.of_project(connection, project_id), uri) is None:
        raise InputUnavailable(f"no store of the project has {uri}. {store_rows.known(connection, project_id)}")


def _check_built_in(connection: Connection, project_id: str, uri: str) -> None:
    query = sa.select(data.c.purged).where(data.c.project_id == project_id, data.c.uri == uri)
    purged = connection.execute(query.order_by(data.c.purged).limit(1)).scalar_one_or_none()
    if purged is None:
        raise InputUnavailable(f"the project has no file {uri}; files of other projects are not its own.")
    if purged:
        raise InputUnavailable(f"the content of {uri} was purged; name another file.")
