"""Credentials for private registries. A password is written and never read."""

from __future__ import annotations

from typing import Any

from valo_jupyter.api.routing import Reply, Request, route
from valo_jupyter.domain import clock

FIELDS = {"match": "string", "type": "string", "username": "string", "password": "string"}


@route("GET", "/api/v0/registries/")
def index(request: Request) -> Reply:
    """The caller's entries; an administrator sees everybody's."""
    return Reply({"results": [_shape(row) for row in request.services.registries.list(request.user)]})


@route("POST", "/api/v0/registries/", fields=FIELDS, own_checks=True)
def create(request: Request) -> Reply:
    """A new entry."""
    return Reply(_shape(request.services.registries.create(request.user, request.json())), status=201)


@route("GET", "/api/v0/registries/{id}/")
def show(request: Request) -> Reply:
    """One entry."""
    return Reply(_shape(request.services.registries.get(request.user, request.path["id"])))


@route("PATCH", "/api/v0/registries/{id}/", fields=FIELDS, own_checks=True)
def edit(request: Request) -> Reply:
    """Change an entry; without a password it keeps the one it has."""
    return Reply(_shape(request.services.registries.edit(request.user, request.path["id"], request.json())))


@route("DELETE", "/api/v0/registries/{id}/")
def delete(request: Request) -> Reply:
    """Remove an entry and its password."""
    request.services.registries.delete(request.user, request.path["id"])
    return Reply(status=204)


@route("POST", "/api/v0/registries/{id}/test/", fields={"image": "string"})
def test(request: Request) -> Reply:
    """Ask the registry for an image's manifest, or try the login."""
    image = request.json().get("image")
    return Reply(request.services.registries.test(request.user, request.path["id"], image or None))


def _shape(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "match": row.match,
        "type": row.type,
        "username": row.username,
        "password": {"set": True},
        "owner": {"id": row.owner_id, "username": row.owner_name},
        "ctime": clock.text(row.ctime),
        "mtime": clock.text(row.mtime),
    }
