"""Files from people, in parts."""

from __future__ import annotations

from typing import Any

from valo_jupyter.api import shapes
from valo_jupyter.api.ranges import part_of
from valo_jupyter.api.routing import Reply, Request, route
from valo_jupyter.services.uploads import PART


@route(
    "POST",
    "/api/v0/uploads/",
    fields={
        "project": "string",
        "name": "string",
        "size": "integer",
        "sha256": "string",
        "store": "string",
        "tags": "strings",
        "aliases": "strings",
        "metadata": "object",
    },
)
def begin(request: Request) -> Reply:
    """A file that is to come, in parts."""
    return Reply(_shape(request, request.services.uploads.begin(request.user, request.json())), 201)


@route("GET", "/api/v0/uploads/{id}/")
def show(request: Request) -> Reply:
    """How much of it is here."""
    return Reply(_shape(request, request.services.uploads.get(request.user, request.path["id"])))


@route("PUT", "/api/v0/uploads/{id}/", body="file")
def part(request: Request) -> Reply:
    """A part, which `Content-Range` places; with the last one the file is made."""
    assert request.file is not None
    start, total = part_of(request.headers.get("Content-Range"), request.file.stat().st_size)
    row = request.services.uploads.receive(request.user, request.path["id"], request.file, start, total)
    return Reply(_shape(request, row))


@route("DELETE", "/api/v0/uploads/{id}/")
def cancel(request: Request) -> Reply:
    """Forget what has arrived."""
    request.services.uploads.cancel(request.user, request.path["id"])
    return Reply(status=204)


def _shape(request: Request, row: Any) -> dict[str, Any]:
    datum = None
    if row.datum_id:
        made, beside = request.services.data.details(request.user, row.datum_id)
        datum = shapes.datum(made, request.base_url, beside)
    received = request.services.uploads.received(row)
    return {"id": row.id, "received": received, "part_size": PART, "datum": datum}
