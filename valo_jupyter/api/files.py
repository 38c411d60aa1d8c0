"""Files: looked up, tagged, traced, and downloaded by signed address."""

from __future__ import annotations

import mimetypes
from urllib.parse import quote

from valo_jupyter.api import shapes
from valo_jupyter.api.routing import Reply, Request, route
from valo_jupyter.domain.errors import Conflict, Forbidden, Invalid, NotFound
from valo_jupyter.stores.local import LocalStore

#: how long a download address works, seconds
TTL = 3600.0


@route("GET", "/api/v0/data/", query=("project", "output_execution", "limit", "offset", "ordering"))
def index(request: Request) -> Reply:
    """The files of a project or those that an execution made."""
    page = request.services.data.list(
        request.user,
        project_id=request.one("project"),
        execution_id=request.one("output_execution"),
        ordering=request.one("ordering") or "-ctime",
        limit=request.number("limit", 5000, least=1),
        offset=request.number("offset", 0),
    )
    return Reply({"results": [shapes.datum(row, page.tags[row.id]) for row in page.rows]})


@route("GET", "/api/v0/data/{id}/")
def read(request: Request) -> Reply:
    """One file's record."""
    row = request.services.data.get(request.user, request.path["id"])
    return Reply(shapes.datum(row, request.services.data.tags(row.id)))


@route("PATCH", "/api/v0/data/{id}/", fields={"tags": "array"})
def edit(request: Request) -> Reply:
    """Change a file's tags."""
    tags = request.json().get("tags")
    if not isinstance(tags, list):
        raise Invalid("`tags` is a list of texts.")
    request.services.data.set_tags(request.user, request.path["id"], tags)
    return read(request)


@route("GET", "/api/v0/data/{id}/download/")
def download(request: Request) -> Reply:
    """An address that gives the content for an hour, without a token: `{"url"}`."""
    row = request.services.data.get(request.user, request.path["id"])
    if row.purged:
        raise Conflict(f"The content of {row.name} was purged; its record remains.")
    if not row.uri.startswith("valo://"):
        return Reply({"url": row.uri})
    expires, signature = request.services.seal.sign(row.id, TTL)
    name = quote(row.name.rsplit("/", 1)[-1])
    return Reply({"url": f"{request.base_url}/download/{row.id}/{expires}/{signature}/{name}"})


@route("GET", "/download/{id}/{expires}/{signature}/{name}", auth="signed")
def content(request: Request) -> Reply:
    """The content of a file, to whoever has a signed address that has not run out."""
    datum_id, expires = request.path["id"], request.path["expires"]
    valid = expires.isdecimal() and len(expires) < 12
    if not valid or not request.services.seal.verify(datum_id, int(expires), request.path["signature"]):
        raise Forbidden("This download address is not valid, or has run out; ask for a new one.")
    row = request.services.data.any(datum_id)
    store = LocalStore(request.services.state.store)
    path = store.path(store.key_of(row.uri))
    if row.purged or not path.exists():
        raise NotFound(f"The content of {row.name} is no longer there.")
    kind = mimetypes.guess_type(row.name)[0] or "application/octet-stream"
    return Reply(
        file=path, headers={"Content-Type": kind, "Content-Disposition": disposition(row.name.rsplit("/")[-1])}
    )


@route("GET", "/api/v0/data/{id}/trace/", query=("direction", "depth"))
def trace(request: Request) -> Reply:
    """The graph around a file: the executions that made it and those that use it."""
    row = request.services.data.get(request.user, request.path["id"])
    return Reply(_trace(request, "datum", row.id))


@route("GET", "/api/v0/executions/{id}/trace/", query=("direction", "depth"))
def trace_execution(request: Request) -> Reply:
    """The graph around an execution: its commit and inputs, its outputs, and what uses them."""
    row = request.services.executions.get(request.user, request.path["id"])
    return Reply(_trace(request, "execution", row.id))


def _trace(request: Request, kind: str, start: str) -> dict:
    direction = request.one("direction") or "both"
    if direction not in ("both", "back", "forth"):
        raise Invalid(f"A trace goes “back”, “forth” or “both”, not {direction!r}.")
    return request.services.data.trace(kind, start, direction=direction, depth=request.number("depth", 3, least=1))


def disposition(name: str) -> str:
    """A `Content-Disposition` that offers the file under its name, whatever letters that has."""
    plain = "".join(
        letter if letter.isascii() and letter.isprintable() and letter not in '"\\' else "_" for letter in name
    )
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
