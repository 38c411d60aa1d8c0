"""Trials of environments, and what their machines say; see `docs/developer/pool.md`."""

from __future__ import annotations

from typing import Any

from valo_jupyter.api.routing import AskAgain, Reply, Request, route

STEP = {"name": "string", "ok": "boolean", "message": "string", "seconds": "number"}
FIELDS = {"engine": "string", "options": "object", "image": "string"}


@route("POST", "/api/v0/environments/{id}/test/", fields=FIELDS, own_checks=True)
def create(request: Request) -> Reply:
    """Try the environment: start a machine, let it run something, close it. What is not saved yet may come along."""
    row = request.services.trials.create(request.user, request.path["id"], request.json())
    return Reply(_shape(row), 201)


@route("POST", "/api/v0/environments/test/", fields=FIELDS, own_checks=True)
def create_unsaved(request: Request) -> Reply:
    """Try an engine and options that are not saved at all."""
    return Reply(_shape(request.services.trials.create(request.user, None, request.json())), 201)


@route("GET", "/api/v0/environments/tests/{id}/", waits=True, query=("wait", "after"))
def read(request: Request) -> Reply:
    """How far it is; with `wait`, as soon as there are more than `after` steps, or it has ended."""
    row = request.services.trials.get(request.user, request.path["id"])
    news = row.ended is not None or len(row.steps) > request.number("after", 0)
    if not news and request.may_wait:
        raise AskAgain
    return Reply(_shape(row))


@route("POST", "/run/v1/probe", auth="trial", fields={"machine": "object"})
def probe(request: Request) -> Reply:
    """A machine of a trial has reached the server: what it is to try."""
    return Reply(request.services.trials.arrived(request.attempt_token, request.json().get("machine") or {}))


@route("POST", "/run/v1/probe/registry", auth="trial")
def registry(request: Request) -> Reply:
    """What the machine pulls the trial's own image with."""
    owner_id, image = request.services.trials.image(request.attempt_token)
    return Reply(request.services.registries.for_image(owner_id, image))


@route("POST", "/run/v1/probe/step", auth="trial", fields=STEP)
def step(request: Request) -> Reply:
    """What a machine of a trial has tried."""
    request.services.trials.tried(request.attempt_token, request.json())
    return Reply({})


def _shape(row: Any) -> dict[str, Any]:
    return {"id": row.id, "status": row.status, "steps": row.steps, "hardware": row.hardware}
