"""Environments and kinds of engines; see `docs/developer/pool.md`."""

from __future__ import annotations

from typing import Any

from valo_jupyter.api import environment_shapes, shapes
from valo_jupyter.api.routing import Reply, Request, route
from valo_jupyter.engines.kinds import KINDS
from valo_jupyter.services.listing import Page
from valo_jupyter.services.machines import COUNTED

FIELDS = {
    "name": "string",
    "slug": "string",
    "description": "string",
    "hardware": "string",
    "engine": "string",
    "options": "object",
    "enabled": "boolean",
    "default": "boolean",
    "min_scale": "integer",
    "max_scale": "integer",
    "scale_down_grace_minutes": "number",
    "per_user_quota": "integer",
    "team_quotas": "object",
    "allow_personal_usage": "boolean",
    "per_hour_price_usd": "number",
    "image": "string",
    "containers": "object",
    "requeue": "integer",
}


@route("GET", "/api/v0/environments/", query=("limit", "include"))
def index(request: Request) -> Reply:
    """Where executions can run: machines, line and settings; disabled ones too."""
    rows = request.services.environments.list(request.number("limit", 9000))
    return Reply({"results": _shapes(request, rows)})


@route("POST", "/api/v0/environments/", fields=FIELDS, own_checks=True)
def create(request: Request) -> Reply:
    """Make an environment."""
    row = request.services.environments.create(request.user, request.json())
    return Reply(_shapes(request, [row])[0], 201)


@route("GET", "/api/v0/environments/{id}/")
def read(request: Request) -> Reply:
    """One environment, by id or slug."""
    return Reply(_shapes(request, [request.services.environments.get(request.path["id"])])[0])


@route("PATCH", "/api/v0/environments/{id}/", fields=FIELDS, own_checks=True)
def edit(request: Request) -> Reply:
    """Change settings; they hold at once, and no busy machine is ended for them."""
    row = request.services.environments.edit(request.user, request.path["id"], request.json())
    return Reply(_shapes(request, [row])[0])


@route("DELETE", "/api/v0/environments/{id}/", query=("stop",))
def delete(request: Request) -> Reply:
    """Delete the environment; with `stop=true` also one where executions wait or run, which are stopped."""
    stop = bool(request.flag("stop"))
    request.services.environments.delete(request.user, request.path["id"], stop=stop)
    return Reply(status=204)


@route("GET", "/api/v0/environments/{id}/machines/")
def machines(request: Request) -> Reply:
    """The machines there are, and why no more can be had."""
    row = request.services.environments.get(request.path["id"])
    found = request.services.machines.of(request.user, row.id)
    return Reply({"results": [environment_shapes.machine(machine) for machine in found], "problem": row.problem})


@route("GET", "/api/v0/environments/{id}/history/", query=("minutes",))
def history(request: Request) -> Reply:
    """How many machines and waiting executions there were; each entry holds until the next."""
    row = request.services.environments.get(request.path["id"])
    found = request.services.machines.history(row.id, request.number("minutes", 60, least=1, most=60 * 24 * 30))
    return Reply({"results": [environment_shapes.step(entry) for entry in found]})


@route("GET", "/api/v0/environments/{id}/queue/", query=("limit", "offset"))
def queue(request: Request) -> Reply:
    """Who waits, in the order in which they would start."""
    row = request.services.environments.get(request.path["id"])
    limit, offset = request.number("limit", 50, least=1, most=500), request.number("offset", 0, most=COUNTED)
    line = request.services.machines.line(row.id, limit, offset)
    page: Page = request.services.executions.of_ids(request.user, line.ids)
    results = [
        shapes.execution(row, request.base_url, tags=page.tags[row.id], waiting=page.waiting.get(row.id))
        for row in page.rows
    ]
    return Reply({"results": results, "count": line.count, "next": line.next})


@route("GET", "/api/v0/engines/")
def engines(request: Request) -> Reply:
    """Kinds of engines and the options of each."""
    return Reply({"results": [kind.to_json() for kind in KINDS.values()]})


def _shapes(request: Request, rows: list[Any]) -> list[dict[str, Any]]:
    usage = request.services.machines.usage(rows)
    options = request.services.options
    return [environment_shapes.environment(row, options.shown(row), usage[row.id]) for row in rows]
