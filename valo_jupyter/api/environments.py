"""Environments."""

from __future__ import annotations

from valo_jupyter.api import shapes
from valo_jupyter.api.routing import Reply, Request, route


@route("GET", "/api/v0/environments/", query=("limit", "include"))
def index(request: Request) -> Reply:
    """Where executions can run, with the number of unfinished ones."""
    rows = request.services.environments.list(request.number("limit", 9000))
    return Reply({"results": [shapes.environment(row) for row in rows]})
