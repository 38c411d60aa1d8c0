"""Files: looked up, searched, named, tagged, traced, and read through the server."""

from __future__ import annotations

import mimetypes
from typing import Any

from valo_jupyter.api import shapes
from valo_jupyter.api.routing import Reply, Request, route
from valo_jupyter.api.sending import byte_range
from valo_jupyter.domain.errors import Invalid
from valo_jupyter.services.finding import Filter
from valo_jupyter.services.traces import DIRECTIONS

#: of a file whose reader does not say how much it wants
PREVIEW = 8 * 1024 * 1024


@route(
    "GET",
    "/api/v0/data/",
    query=(
        "project",
        "output_execution",
        "search",
        "tag",
        "alias",
        "store",
        "origin",
        "execution",
        "purged",
        "ordering",
        "before",
        "limit",
        "offset",
        "count",
    ),
)
def index(request: Request) -> Reply:
    """The files of a project, or those that an execution made, newest first."""
    made_by = request.one("output_execution") or None
    project = request.one("project") or (request.services.data.project_of(made_by) if made_by else None)
    wanted = Filter(
        project_id=project,
        output_execution=made_by,
        search=request.one("search") or "",
        tags=request.many("tag"),
        alias=request.one("alias") or None,
        store=request.one("store") or None,
        origin=request.one("origin") or None,
        execution=_execution(request),
        purged=request.flag("purged"),
        ordering=request.one("ordering") or "-ctime",
        before=request.one("before") or None,
        limit=request.number("limit", 5000, least=1, most=10_000),
        offset=request.number("offset", 0),
        count=bool(request.flag("count")),
    )
    page = request.services.data.list(request.user, wanted)
    results = [shapes.datum(row, request.base_url, page.beside) for row in page.rows]
    return Reply({"results": results, "count": page.count})


def _execution(request: Request) -> str | None:
    """The id of the execution that is named, also as `project:12`."""
    address = request.one("execution")
    return request.services.executions.get(request.user, address).id if address else None


@route("GET", "/api/v0/data/{id}/")
def read(request: Request) -> Reply:
    """One file's record."""
    return Reply(_shape(request, request.path["id"]))


@route(
    "PATCH",
    "/api/v0/data/{id}/",
    fields={"name": "string", "tags": "strings", "aliases": "strings", "metadata": "object"},
)
def edit(request: Request) -> Reply:
    """Change a file's name, metadata, or all of its tags or aliases."""
    given = request.json()
    changes = {field: given.get(field) for field in ("name", "tags", "aliases", "metadata")}
    request.services.data.edit(request.user, request.path["id"], **changes)
    return read(request)


@route("POST", "/api/v0/data/{id}/purge/", fields={"force": "boolean"})
def purge(request: Request) -> Reply:
    """Remove a file's content; its record remains. `force`: also while an execution waits for it."""
    force = bool(request.json().get("force"))
    request.services.purging.purge(request.user, request.path["id"], force=force)
    return read(request)


@route("GET", "/api/v0/data/{id}/content/")
def content(request: Request) -> Reply:
    """The content through the server, for previews: a range of it, else its first megabytes."""
    row = request.services.data.get(request.user, request.path["id"])
    start, stop = byte_range(request.headers.get("Range"), row.size)
    if (start, stop) == (0, row.size):
        stop = min(stop, PREVIEW)
    part = {"Content-Range": f"bytes {start}-{stop - 1}/{row.size}"} if stop - start < row.size else {}
    return Reply(
        stream=request.services.contents.read(row, start, stop),
        status=206 if part else 200,
        headers={"Content-Type": kind_of(row), "Content-Length": str(stop - start), "Accept-Ranges": "bytes", **part},
    )


@route("GET", "/api/v0/data/{id}/trace/", query=("direction", "depth"))
def trace(request: Request) -> Reply:
    """The graph around a file: what it came from, and what came of it."""
    row = request.services.data.get(request.user, request.path["id"])
    return Reply(_trace(request, "datum", row.id))


@route("GET", "/api/v0/executions/{id}/trace/", query=("direction", "depth"))
def trace_execution(request: Request) -> Reply:
    """The graph around an execution: its commit and inputs, its outputs, and what uses them."""
    row = request.services.executions.get(request.user, request.path["id"])
    return Reply(_trace(request, "execution", row.id))


def kind_of(row: Any) -> str:
    return mimetypes.guess_type(row.name)[0] or "application/octet-stream"


def _shape(request: Request, datum_id: str) -> shapes.Shape:
    row, beside = request.services.data.details(request.user, datum_id)
    return shapes.datum(row, request.base_url, beside)


def _trace(request: Request, kind: str, start: str) -> dict[str, Any]:
    direction = request.one("direction") or "both"
    if direction not in DIRECTIONS:
        raise Invalid(f"A trace goes “back”, “forth” or “both”, not {direction!r}.")
    depth = request.number("depth", 3, least=1)
    return request.services.traces.trace(kind, start, direction=direction, depth=depth)
