"""What a machine is told that begins an attempt; one that is not of the server's computer, without its folders."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from valo_jupyter.db import Connection
from valo_jupyter.db.tables import environments, stores, users
from valo_jupyter.domain import clock
from valo_jupyter.domain.errors import Invalid
from valo_jupyter.domain.lease import FENCE_SECONDS
from valo_jupyter.domain.references import parse
from valo_jupyter.domain.registries import stands_for_organization
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.services import listing, references, store_rows
from valo_jupyter.services.asking import container
from valo_jupyter.services.projects import Projects
from valo_jupyter.services.sealing import Seal

#: the engine whose machines work in the state folder
HERE = "local"

BEAT_SECONDS = 1.0
#: outputs kept in an executed notebook, bytes; the log has everything
NOTEBOOK_OUTPUT_BYTES = 50_000_000

_UNENFORCED = (
    "Warning: {asked} is asked for, and nothing sees to it: without an image an execution is a process, which takes "
    "what its machine has."
)
_FIELDS = ("name", "uris", "keep_directories", "filename", "download")


def assignment(
    connection: Connection, state: StateFolder, projects: Projects, seal: Seal, row: Any, number: int
) -> dict[str, Any]:
    """What a machine is told that begins the execution's attempt of that number."""
    plain, secret = projects.opened_variables(connection, row.project_id)
    given = {name: value for name, value in row.environment_variables.items() if value is not None}
    secret = {name: value for name, value in secret.items() if name not in given}
    secret.update(seal.open(row.secrets) or {})
    variables = {**plain, **given, **secret}
    environment = connection.execute(
        sa.select(environments.c.engine, environments.c.containers).where(environments.c.id == row.environment_id)
    ).one()
    wanted = container(environment.containers, row.image, row.resources)
    if wanted is not None:
        # on a personal server the machine's user and the server's are one: so are their images
        accounts = connection.execute(sa.select(sa.func.count()).select_from(users)).scalar_one()
        wanted["local_images"] = environment.engine == HERE and stands_for_organization(accounts)
    notebook = None
    if row.notebook_path:
        notebook = {"path": row.notebook_path, "kernel": row.kernel, "inject": row.inject}
    whole = {
        "execution": {
            "id": row.id,
            "counter": row.counter,
            "title": row.title,
            "step": row.step,
            "image": row.image,
            "tags": listing.tags_of(connection, [row.id])[row.id],
            "ctime": clock.text(row.ctime),
            "commit": row.commit_identifier,
            "project": {"id": row.project_id, "name": row.project_name},
            "environment": {
                "id": row.environment_id,
                "name": row.environment_name,
                "slug": row.environment_slug.partition("~")[0],
            },
            "creator": {"id": row.creator_id, "username": row.creator_name},
        },
        "attempt": number,
        "beat_seconds": BEAT_SECONDS,
        "fence_seconds": None,
        "jobs_folder": str(state.jobs),
        "cache_folder": str(state.cache),
        "code": {"git_dir": str(state.repository(row.project_id)), "commit": row.commit_sha},
        "notebook": notebook,
        "commands": row.commands,
        "parameters": row.parameters,
        **_data_of(connection, seal, row, number),
        "environment_variables": variables,
        "secret_names": sorted(secret),
        "limits": {
            "time_limit": row.time_limit,
            "no_output_timeout": row.no_output_timeout,
            "notebook_output_bytes": NOTEBOOK_OUTPUT_BYTES,
        },
        "container": wanted,
        "store": {"type": "local", "root": str(state.store)},
        "private_redirects": bool(state.settings().get("private_redirects")),
        "left_out": row.left_out,
        "log": [_UNENFORCED.format(asked=", ".join(row.resources))] if row.resources and wanted is None else [],
    }
    return whole if environment.engine == HERE else _elsewhere(whole)


def _data_of(connection: Connection, seal: Seal, execution: Any, attempt: int) -> dict[str, Any]:
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


def _elsewhere(assignment: dict[str, Any]) -> dict[str, Any]:
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
