"""What machines say of files: identity, edge, aliases and versions of datasets, in one transaction."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from valo_jupyter.db import Connection
from valo_jupyter.db.tables import data, dataset_files, stores
from valo_jupyter.domain import clock, references, storable
from valo_jupyter.domain.errors import Invalid
from valo_jupyter.services import alias_rows, datum_rows, store_rows, version_rows
from valo_jupyter.services.built_in import alone_with, is_gone
from valo_jupyter.services.contents import Contents
from valo_jupyter.services.datum_rows import checked_tags
from valo_jupyter.services.events import EventLog
from valo_jupyter.stores.errors import NotFound as NotInStore
from valo_jupyter.stores.local import LocalStore

_SUMS = ("md5", "sha1", "sha256")


class Arrivals:
    def __init__(self, events: EventLog, built_in: LocalStore, contents: Contents) -> None:
        self._events = events
        self._built_in = built_in
        self._contents = contents

    def outputs(self, connection: Connection, execution: Any, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """An execution's outputs; `again` for what was purged since it was stored, and must be stored once more."""
        alone_with(connection, (str(item.get("uri")) for item in items))
        return [self._output(connection, execution, item) for item in items]

    def _output(self, connection: Connection, execution: Any, item: dict[str, Any]) -> dict[str, Any]:
        """One of them; the same name and content twice is one datum, unless that was purged: then it is made again."""
        name = storable.text(item["name"])
        tags = checked_tags(item.get("tags") or [])
        datum_id = connection.execute(
            sa.select(data.c.id).where(
                data.c.output_execution_id == execution.id,
                data.c.name == name,
                data.c.sha256 == item["sha256"],
                data.c.purged.is_(False),
            )
        ).scalar_one_or_none()
        if datum_id is None:
            if is_gone(self._built_in, item["uri"]) or self._was_removed(connection, execution, item["uri"]):
                return {"datum": None, "again": True}
            datum_id = datum_rows.insert(
                connection,
                **_columns(connection, execution, item, name),
                origin="output",
                output_execution_id=execution.id,
                wanted_store_id=_wanted(connection, execution, item),
                metadata=item.get("metadata"),
                tags=tags,
            )
            datum_rows.add_edge(connection, ("execution", execution.id), ("datum", datum_id), "output", name)
        else:
            # a live file whose sidecar came later
            if item.get("metadata"):
                connection.execute(sa.update(data).where(data.c.id == datum_id).values(metadata=item["metadata"]))
            datum_rows.add_tags(connection, datum_id, tags)
        self._name(connection, execution, datum_id, name, item)
        return {"datum": datum_id}

    def _was_removed(self, connection: Connection, execution: Any, uri: str) -> bool:
        """Whether a purge has removed it from a store of the team, and it was not brought there again."""
        here = (data.c.output_execution_id == execution.id) & (data.c.uri == uri) & data.c.store_id.is_not(None)
        purged = connection.execute(sa.select(data).where(here, data.c.purged).limit(1)).one_or_none()
        if purged is None:
            return False
        store, key = self._contents.place(purged)
        try:
            store.head(key)
        except NotInStore:
            return True
        return False

    def _name(self, connection: Connection, execution: Any, datum_id: str, name: str, item: dict[str, Any]) -> None:
        """Aliases and versions of datasets that the file's sidecar names."""
        problems = []
        for alias in item.get("aliases") or []:
            try:
                checked = references.checked_name("An alias", alias)
            except Invalid as error:
                problems.append(f"{name}: {error}")
                continue
            user_id, project_id = execution.creator_id, execution.project_id
            alias_rows.point(connection, project_id, checked, datum_id, user_id=user_id, execution_id=execution.id)
        for version in item.get("dataset_versions") or []:
            problems.append(version_rows.add_output(connection, execution, datum_id, name, version))
        said = [{"k": "log", "s": "status", "text": problem} for problem in problems if problem]
        if said:
            self._events.append(execution.id, said)

    def input(self, connection: Connection, execution: Any, item: dict[str, Any]) -> dict[str, Any]:
        """One file that an execution reads; warns when its address held other content the last time."""
        name, uri = storable.text(item["name"]), storable.text(item["uri"])
        earlier = _known(connection, execution, item.get("datum"), uri)
        warning = None
        if earlier is not None and earlier.sha256 in (None, item["sha256"]):
            datum_id = earlier.id
            if earlier.sha256 is None:
                # adopted, and read for the first time
                sums = {kind: item.get(kind) for kind in _SUMS}
                connection.execute(sa.update(data).where(data.c.id == datum_id).values(**sums, size=item["size"]))
        else:
            columns = _columns(connection, execution, item, name)
            datum_id = datum_rows.insert(connection, **columns, origin="input")
            if earlier is not None:
                warning = f"{uri} has other content than when it was last used."
        source = _version_with(connection, execution, item["input"], datum_id)
        source = ("dataset", source) if source else ("datum", datum_id)
        datum_rows.add_edge(connection, source, ("execution", execution.id), "input", item["input"])
        return {"datum": datum_id, "warning": warning}


def _columns(connection: Connection, execution: Any, item: dict[str, Any], name: str) -> dict[str, Any]:
    uri = storable.text(item["uri"])
    return {
        "project_id": execution.project_id,
        "creator_id": execution.creator_id,
        "name": name,
        "size": item["size"],
        **{kind: item.get(kind) for kind in _SUMS},
        "uri": uri,
        "store_id": _store(connection, execution, item.get("store"), uri),
        "version": item.get("version"),
        "ctime": clock.now(),
    }


def _store(connection: Connection, execution: Any, store_id: Any, uri: str) -> str | None:
    """The store that the file is in, which must be one of the project's, and have the address."""
    if store_id is None:
        return None
    row = connection.execute(
        sa.select(stores).where(stores.c.id == store_id, stores.c.project_id == execution.project_id)
    ).one_or_none()
    if row is None or store_rows.of_address([row], uri) is None:
        raise Invalid(f"{uri} is in no store of the project.")
    return row.id


def _wanted(connection: Connection, execution: Any, item: dict[str, Any]) -> str | None:
    row = store_rows.find(connection, execution.project_id, str(item.get("wanted_store") or ""))
    return row and row.id


def _known(connection: Connection, execution: Any, datum_id: Any, uri: str) -> Any | None:
    """The file itself, or the last one that was at the address."""
    query = sa.select(data.c.id, data.c.sha256).where(data.c.project_id == execution.project_id)
    if datum_id is not None:
        row = connection.execute(query.where(data.c.id == datum_id)).one_or_none()
        if row is None:
            raise Invalid(f"The project has no file {datum_id}.")
        return row
    newest = query.where(data.c.uri == uri).order_by(data.c.ctime.desc(), data.c.id.desc())
    return connection.execute(newest.limit(1)).one_or_none()


def _version_with(connection: Connection, execution: Any, name: str, datum_id: str) -> str | None:
    """The version of a dataset by which the input has the file; None: it names the file itself."""
    uris = next((entry["uris"] for entry in execution.inputs if entry["name"] == name), [])
    if references.DATUM + datum_id in uris:
        return None
    for uri in uris:
        if uri.startswith(references.DATASET):
            row = version_rows.find(connection, execution.project_id, *references.dataset_parts(uri))
            if row is None:
                continue
            has = (dataset_files.c.version_id == row.id) & (dataset_files.c.datum_id == datum_id)
            if connection.execute(sa.select(dataset_files.c.name).where(has).limit(1)).first() is not None:
                return row.id
    return None
