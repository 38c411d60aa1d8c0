"""What machines say of the attempts they run; see `docs/developer/wire.md`."""

from __future__ import annotations

import re

from valo_jupyter.api import machine_fields
from valo_jupyter.api.fields import checked
from valo_jupyter.api.ranges import part_of
from valo_jupyter.api.routing import Reply, Request, route
from valo_jupyter.domain.errors import Invalid
from valo_jupyter.stores.errors import Corrupt


@route("POST", "/run/v1/machine", auth="machine")
def machine(request: Request) -> Reply:
    """What a machine of a cloud is told at its start, and the runtime that it needs; once."""
    return Reply(request.services.starts.take(request.attempt_token))


@route("POST", "/run/v1/start", auth="attempt", fields={"machine": "object"})
def start(request: Request) -> Reply:
    """The start gate: the assignment, once, to the machine that holds the attempt's token."""
    return Reply(request.services.runs.start(request.attempt_token, request.json().get("machine") or {}))


@route("POST", "/run/v1/events", auth="attempt", fields={"first": "integer", "events": "objects"})
def events(request: Request) -> Reply:
    """Append events and renew the lease."""
    body = request.json()
    checked(body, {}, required=("first",))
    batch = machine_fields.events(body.get("events") or [])
    return Reply(request.services.runs.events(request.attempt_token, body["first"], batch))


@route("PUT", "/run/v1/notebook", auth="attempt", body="file")
def notebook(request: Request) -> Reply:
    """The notebook as it stands."""
    assert request.file is not None
    request.services.runs.notebook(request.attempt_token, request.file)
    return Reply({})


@route("GET", "/run/v1/code", auth="attempt", query=("have",))
def code(request: Request) -> Reply:
    """The execution's code as a git pack, without what the commits `have` hold."""
    pack = request.services.deliveries.code(request.attempt_token, request.many("have"))
    return Reply(file=pack, remove_file=True, headers={"Content-Type": "application/x-git-pack"})


@route("GET", "/run/v1/blobs/{key}", auth="attempt")
def input_file(request: Request) -> Reply:
    """A file of the built-in store that is an input of the execution."""
    path = request.services.deliveries.input(request.attempt_token, request.path["key"])
    return Reply(file=path, headers={"Content-Type": "application/octet-stream"})


@route("PUT", "/run/v1/blobs/{key}", auth="attempt", body="file")
def output_file(request: Request) -> Reply:
    """A file for the built-in store, whole or a part of it; how much is there, or 201 when all of it is."""
    assert request.file is not None
    start, total = part_of(request.headers.get("Content-Range"), request.file.stat().st_size)
    try:
        got = request.services.deliveries.receive(
            request.attempt_token, request.path["key"], request.file, start, total
        )
    except Corrupt as error:
        return Reply(error.to_json(), status=422)
    return Reply({"received": got.size}, status=201 if got.whole else 200)


@route("POST", "/run/v1/inputs", auth="attempt")
def inputs(request: Request) -> Reply:
    """Files that the execution reads."""
    return Reply(request.services.runs.inputs(request.attempt_token, machine_fields.inputs(request.json_value())))


@route("POST", "/run/v1/outputs", auth="attempt")
def outputs(request: Request) -> Reply:
    """Files that the execution made."""
    return Reply(request.services.runs.outputs(request.attempt_token, machine_fields.outputs(request.json_value())))


@route("POST", "/run/v1/registry", auth="attempt", fields={"image": "string"})
def registry(request: Request) -> Reply:
    """What the machine pulls the execution's own image with."""
    owner_id, image = request.services.runs.own_image(request.attempt_token, str(request.json().get("image") or ""))
    return Reply(request.services.registries.for_image(owner_id, image))


@route("POST", "/run/v1/image", auth="attempt", fields={"digest": "string", "entry": "object"})
def image(request: Request) -> Reply:
    """What the execution's image was, by its content."""
    given = request.json()
    digest, entry = given.get("digest"), given.get("entry")
    if digest is None or not re.fullmatch(r"[a-z0-9]+:[0-9a-f]{32,128}", digest):
        raise Invalid("`digest` is the image's, such as sha256: and 64 digits.")
    if entry is not None:
        checked(entry, {"id": "string", "match": "string"}, required=("id", "match"))
        entry = {"id": entry["id"], "match": entry["match"]}
    request.services.runs.image(request.attempt_token, digest, entry)
    return Reply({})


@route("POST", "/run/v1/end", auth="attempt", fields=machine_fields.END)
def end(request: Request) -> Reply:
    """The attempt has ended."""
    request.services.runs.end(request.attempt_token, request.json())
    return Reply({})
