"""What an assignment says of data, and of everything to machines that are not of the server's computer."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from valo_jupyter.db import Connection
from valo_jupyter.db.tables import stores
from valo_jupyter.domain.errors import Invalid
from valo_jupyter.domain.lease import FENCE_SECONDS
from valo_jupyter.domain.references import parse
from valo_jupyter.services import references, store_rows
from valo_jupyter.services.sealing import Seal

#: the engine whose machines work in the state folder
HERE = "local"

_FIELDS = ("name", "uris", "keep_directories", "filename", "download")


def data_of(connection: Connection, seal: Seal, execution: Any, attempt: int) -> dict[str, Any]:
    """`inputs` with the files that addresses stand for, `upload`, and the `stores` that both need, opened."""
    files = references.files(connection, execution.project_id, execution.inputs)
    inputs = [
        {
            **{name: entry[name] for name in _FIELDS},
            "files": {uri: [references.shape(row) for row in files[uri]] for uri in entry["uris"] if uri in files},
        }
        for entry in execution.inputs
    ]
    upload = store_rows.upload_store(connection, execution.project_id, execution.store_id)
    needed = {row.store_id for rows in files.values() for row in rows if row.store_id}
    known = store_rows.of_project(connection, execution.project_id)
    addresses = (uri for entry in execution.inputs for uri in entry["uris"] if parse(uri).kind == "store")
    needed |= {row.id for uri in addresses if (row := store_rows.of_address(known, uri)) is not None}
    if upload is not None:
        needed.add(upload.id)
    live = stores.c.id.in_(needed) & stores.c.deleted.is_(None)
    return {
        "inputs": inputs,
        "stores": {row.id: _opened(seal, row) for row in connection.execute(sa.select(stores).where(live))},
        "upload": {"store": upload and upload.id, "prefix": upload_prefix(upload, execution, attempt)},
    }


def upload_prefix(store: Any | None, execution: Any, attempt: int) -> str:
    """Where an attempt's outputs go in the store; no other one writes there."""
    prefix = store.options.get("prefix") or "" if store is not None else ""
    return f"{prefix}executions/{execution.project_id}/{execution.counter}-{execution.id[:8]}/{attempt}/"


def check_place(connection: Connection, execution: Any, attempt: int, item: dict[str, Any]) -> None:
    """Raise `Invalid` for an output that is not where the attempt's own are: it could be somebody else's file."""
    if item.get("store") is None:
        return
    # also of a store that was deleted meanwhile: what is there is a file of the execution
    mine = (stores.c.id == str(item["store"])) & (stores.c.project_id == execution.project_id)
    row = connection.execute(sa.select(stores).where(mine)).one_or_none()
    if row is None or not str(item.get("uri")).startswith(
        store_rows.root_of(row) + upload_prefix(row, execution, attempt)
    ):
        raise Invalid(f"The output {item.get('name')} is not where those of this attempt go.")


def _opened(seal: Seal, row: Any) -> dict[str, Any]:
    credentials = seal.open(row.credentials) or {}
    return {"name": row.name, "type": row.type, "options": row.options, "credentials": credentials}


def elsewhere(assignment: dict[str, Any]) -> dict[str, Any]:
    """The assignment for a machine that shares no folder with this server; of a kernelspec it can use the name."""
    notebook = assignment["notebook"]
    if notebook and notebook["kernel"]:
        kernel = {name: notebook["kernel"].get(name) for name in ("name", "language")}
        notebook = {**notebook, "kernel": kernel}
    return {
        **assignment,
        "fence_seconds": FENCE_SECONDS,
        "jobs_folder": None,
        "cache_folder": None,
        "code": {"commit": assignment["code"]["commit"], "project": assignment["execution"]["project"]["id"]},
        "store": {"type": "server"},
        "notebook": notebook,
    }
