"""What machines say of the attempts they run; see `docs/developer/wire.md`."""

from __future__ import annotations

from valo_jupyter.api.routing import Reply, Request, route
from valo_jupyter.domain.errors import Invalid


@route("POST", "/run/v1/start", auth="attempt")
def start(request: Request) -> Reply:
    """The start gate: the assignment, once, to the machine that holds the attempt's token."""
    machine = request.json().get("machine")
    return Reply(request.services.runs.start(request.attempt_token, machine if isinstance(machine, dict) else {}))


@route("POST", "/run/v1/events", auth="attempt")
def events(request: Request) -> Reply:
    """Append events and renew the lease."""
    body = request.json()
    first, batch = body.get("first"), body.get("events")
    if not isinstance(first, int) or not isinstance(batch, list):
        raise Invalid("`first` is a number and `events` a list.")
    return Reply(request.services.runs.events(request.attempt_token, first, batch))


@route("PUT", "/run/v1/notebook", auth="attempt", body="file")
def notebook(request: Request) -> Reply:
    """The notebook as it stands."""
    assert request.file is not None
    request.services.runs.notebook(request.attempt_token, request.file)
    return Reply({})


@route("POST", "/run/v1/inputs", auth="attempt")
def inputs(request: Request) -> Reply:
    """Files that the execution reads."""
    return Reply(request.services.runs.inputs(request.attempt_token, _items(request)))


@route("POST", "/run/v1/outputs", auth="attempt")
def outputs(request: Request) -> Reply:
    """Files that the execution made."""
    return Reply(request.services.runs.outputs(request.attempt_token, _items(request)))


@route("POST", "/run/v1/registry", auth="attempt", fields={"image": "string"})
def registry(request: Request) -> Reply:
    """What the machine pulls the execution's own image with."""
    owner_id, image = request.services.runs.own_image(request.attempt_token, str(request.json().get("image") or ""))
    return Reply(request.services.registries.for_image(owner_id, image))


@route("POST", "/run/v1/end", auth="attempt")
def end(request: Request) -> Reply:
    """The attempt has ended."""
    request.services.runs.end(request.attempt_token, request.json())
    return Reply({})


def _items(request: Request) -> list[dict]:
    items = request.json_value()
    if not isinstance(items, list):
        raise Invalid("The body is a list of files.")
    return items
