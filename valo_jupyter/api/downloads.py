"""Downloads by signed address, without a token: single files, and several as a zip file made on the way."""

from __future__ import annotations

from urllib.parse import quote

from valo_jupyter.api.data import kind_of
from valo_jupyter.api.routing import Reply, Request, route
from valo_jupyter.api.sending import byte_range, disposition
from valo_jupyter.domain.errors import Forbidden
from valo_jupyter.services.contents import TTL, base_name


@route("GET", "/api/v0/data/{id}/download/", query=("inline",))
def download(request: Request) -> Reply:
    """An address that gives the content for an hour, of the store itself where it can: `{"url"}`."""
    row = request.services.data.get(request.user, request.path["id"])
    inline = bool(request.flag("inline"))
    url = request.services.contents.url(row, inline=inline)
    if url is None:
        subject = f"{row.id}?inline" if inline else row.id
        expires, signature = request.services.seal.sign(subject, TTL)
        url = f"{request.base_url}/download/{row.id}/{expires}/{signature}/{quote(base_name(row), safe='')}"
        url += "?inline=true" if inline else ""
    return Reply({"url": url})


@route("GET", "/download/{id}/{expires}/{signature}/{name}", auth="signed", query=("inline",))
def content(request: Request) -> Reply:
    """The content of a file, to whoever has a signed address that has not run out."""
    inline = bool(request.flag("inline"))
    _check(request, f"{request.path['id']}?inline" if inline else request.path["id"])
    row = request.services.data.any(request.path["id"])
    headers = {
        "Content-Type": kind_of(row),
        "Content-Disposition": disposition(base_name(row), inline=inline),
        "Accept-Ranges": "bytes",
    }
    contents = request.services.contents
    path = contents.path(row)
    if path is not None:
        return Reply(file=path, headers=headers)
    start, stop = byte_range(request.headers.get("Range"), row.size)
    part = {"Content-Range": f"bytes {start}-{stop - 1}/{row.size}"} if stop - start < row.size else {}
    return Reply(
        stream=contents.read(row, start, stop),
        status=206 if part else 200,
        headers={**headers, **part, "Content-Length": str(stop - start)},
    )


@route(
    "POST",
    "/api/v0/data/archive/",
    fields={"data": "strings", "execution": "string", "dataset_version": "string"},
)
def archive(request: Request) -> Reply:
    """An address that gives several files as one zip file for an hour: `{"url"}`."""
    name, key = request.services.archives.prepare(request.user, request.json())
    expires, signature = request.services.seal.sign(f"archive:{key}", TTL)
    return Reply({"url": f"{request.base_url}/download/archives/{key}/{expires}/{signature}/{quote(name, safe='')}"})


@route("GET", "/download/archives/{id}/{expires}/{signature}/{name}", auth="signed")
def archived(request: Request) -> Reply:
    """A zip file, made while it is sent."""
    _check(request, f"archive:{request.path['id']}")
    headers = {
        "Content-Type": "application/zip",
        "Content-Disposition": disposition(request.path["name"].rsplit("/", 1)[-1]),
    }
    return Reply(stream=request.services.archives.stream(request.path["id"]), headers=headers)


def _check(request: Request, subject: str) -> None:
    expires = request.path["expires"]
    valid = expires.isdecimal() and len(expires) < 12
    if not valid or not request.services.seal.verify(subject, int(expires), request.path["signature"]):
        raise Forbidden("This download address is not valid, or has run out; ask for a new one.")
