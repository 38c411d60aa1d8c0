"""Datasets and their versions."""

from __future__ import annotations

from typing import Any

from valo_jupyter.api import shapes
from valo_jupyter.api.routing import Reply, Request, route
from valo_jupyter.domain import clock
from valo_jupyter.domain.errors import Invalid
from valo_jupyter.services.datasets import Versions

FIELDS = {"name": "string", "description": "string"}


@route("GET", "/api/v0/datasets/", query=("project",))
def index(request: Request) -> Reply:
    """The datasets of a project."""
    project = request.one("project")
    if not project:
        raise Invalid("Say of which `project`.")
    rows, versions = request.services.datasets.list(request.user, project)
    return Reply({"results": [_dataset(row, versions) for row in rows]})


@route("POST", "/api/v0/datasets/", fields={"project": "string", **FIELDS})
def create(request: Request) -> Reply:
    """A new dataset, without versions."""
    given = request.json()
    project, description = str(given.get("project") or ""), str(given.get("description") or "")
    made = request.services.datasets.create(request.user, project, given.get("name"), description)
    return Reply(_one(request, made), 201)


@route("GET", "/api/v0/datasets/{id}/")
def show(request: Request) -> Reply:
    """One dataset with its versions, the newest first."""
    return Reply(_one(request, request.path["id"]))


@route("PATCH", "/api/v0/datasets/{id}/", fields=FIELDS)
def edit(request: Request) -> Reply:
    """Change its name or description."""
    request.services.datasets.edit(request.user, request.path["id"], request.json())
    return Reply(_one(request, request.path["id"]))


@route("DELETE", "/api/v0/datasets/{id}/")
def delete(request: Request) -> Reply:
    """Remove a dataset and its versions; their files stay."""
    request.services.datasets.delete(request.user, request.path["id"])
    return Reply(status=204)


@route("GET", "/api/v0/dataset-versions/", query=("dataset",))
def versions(request: Request) -> Reply:
    """The versions of a dataset, the newest first."""
    row, found = request.services.datasets.get(request.user, request.one("dataset") or "")
    return Reply({"results": _dataset(row, found)["versions"]})


@route(
    "POST",
    "/api/v0/dataset-versions/",
    fields={
        "project": "string",
        "dataset": "string",
        "name": "string",
        "files": "objects",
        "patterns": "strings",
        "metadata": "object",
    },
)
def create_version(request: Request) -> Reply:
    """A version of files and of what patterns name; it never changes."""
    made = request.services.datasets.create_version(request.user, request.json())
    return Reply(_whole(request, made), 201)


@route("GET", "/api/v0/dataset-versions/{id}/")
def show_version(request: Request) -> Reply:
    """One version with its files."""
    return Reply(_whole(request, request.path["id"]))


@route("DELETE", "/api/v0/dataset-versions/{id}/")
def delete_version(request: Request) -> Reply:
    """Remove a version; its files stay."""
    request.services.datasets.delete_version(request.user, request.path["id"])
    return Reply(status=204)


def _one(request: Request, dataset_id: str) -> dict[str, Any]:
    return _dataset(*request.services.datasets.get(request.user, dataset_id))


def _dataset(row: Any, versions: Versions) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "project": row.project_id,
        "description": row.description,
        "versions": [_version(version, versions.aliases[version.id]) for version in versions.rows[row.id]],
        "ctime": clock.text(row.ctime),
    }


def _whole(request: Request, version_id: str) -> dict[str, Any]:
    row, aliases, files, beside = request.services.datasets.version(request.user, version_id)
    found = [{"name": file.file_name, "datum": shapes.datum(file, request.base_url, beside)} for file in files]
    return {**_version(row, aliases), "files": found}


def _version(row: Any, aliases: list[str]) -> dict[str, Any]:
    made = row.execution_id if row.execution_counter else None
    return {
        "id": row.id,
        "dataset": {"id": row.dataset_id, "name": row.dataset_name},
        "name": row.name,
        "uri": f"dataset://{row.dataset_name}/{row.name}",
        "aliases": aliases,
        "count": row.file_count,
        "size": int(row.size),
        "sealed": row.sealed is not None,
        "metadata": row.metadata,
        "creator": {"id": row.creator_id, "username": row.creator_name},
        "execution": {"id": made, "counter": row.execution_counter} if made else None,
        "ctime": clock.text(row.ctime),
    }
