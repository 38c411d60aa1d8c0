"""Aliases of files."""

from __future__ import annotations

from typing import Any

from valo_jupyter.api import shapes
from valo_jupyter.api.routing import Reply, Request, route
from valo_jupyter.domain import clock
from valo_jupyter.domain.errors import Invalid
from valo_jupyter.services.data import Beside

FIELDS = {"name": "string", "datum": "string"}


@route("GET", "/api/v0/datum-aliases/", query=("project", "ordering", "limit", "offset"))
def index(request: Request) -> Reply:
    """The aliases of a project."""
    rows, files, beside = request.services.aliases.list(
        request.user,
        _project(request),
        ordering=request.one("ordering") or "name",
        limit=request.number("limit", 1000, least=1, most=10_000),
        offset=request.number("offset", 0),
    )
    return Reply({"results": [_shape(request, row, files, beside) for row in rows]})


@route("POST", "/api/v0/datum-aliases/", fields={"project": "string", **FIELDS})
def create(request: Request) -> Reply:
    """A name for a file; one that there is already stands for this file from now on."""
    given = request.json()
    alias_id = request.services.aliases.create(
        request.user, str(given.get("project") or ""), given.get("name"), given.get("datum")
    )
    return Reply(_one(request, alias_id), 201)


@route("GET", "/api/v0/datum-aliases/resolve/", query=("project", "name"))
def resolve(request: Request) -> Reply:
    """The alias of a name, with its file."""
    found = request.services.aliases.resolve(request.user, _project(request), request.one("name") or "")
    return Reply(_shape(request, *found))


@route("GET", "/api/v0/datum-aliases/{id}/")
def show(request: Request) -> Reply:
    """One alias."""
    return Reply(_one(request, request.path["id"]))


@route("PATCH", "/api/v0/datum-aliases/{id}/", fields=FIELDS)
def edit(request: Request) -> Reply:
    """Have it stand for another file, or for none; or name it anew."""
    request.services.aliases.edit(request.user, request.path["id"], request.json())
    return Reply(_one(request, request.path["id"]))


@route("DELETE", "/api/v0/datum-aliases/{id}/")
def delete(request: Request) -> Reply:
    """Remove an alias with its history; its file stays."""
    request.services.aliases.delete(request.user, request.path["id"])
    return Reply(status=204)


@route("GET", "/api/v0/datum-aliases/{id}/history/")
def history(request: Request) -> Reply:
    """What it stood for, who said so, and by which execution; newest first."""
    rows = request.services.aliases.history(request.user, request.path["id"])
    return Reply({"results": [_change(row) for row in rows]})


def _project(request: Request) -> str:
    project = request.one("project")
    if not project:
        raise Invalid("Say of which `project`.")
    return project


def _one(request: Request, alias_id: str) -> dict[str, Any]:
    return _shape(request, *request.services.aliases.get(request.user, alias_id))


def _shape(request: Request, row: Any, files: dict[str, Any], beside: Beside) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "project": row.project_id,
        "datum": shapes.datum(files[row.datum_id], request.base_url, beside) if row.datum_id else None,
        "ctime": clock.text(row.ctime),
        "mtime": clock.text(row.mtime),
    }


def _change(row: Any) -> dict[str, Any]:
    return {
        "datum": {"id": row.datum_id, "name": row.datum_name} if row.datum_id else None,
        "user": {"id": row.user_id, "username": row.username} if row.user_id else None,
        "execution": {"id": row.execution_id, "counter": row.counter} if row.execution_id else None,
        "time": clock.text(row.time),
    }
