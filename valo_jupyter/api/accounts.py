"""Who the caller is."""

from __future__ import annotations

from valo_jupyter.api import shapes
from valo_jupyter.api.routing import Reply, Request, route


@route("GET", "/api/v0/users/me/")
def me(request: Request) -> Reply:
    """The account of the token."""
    return Reply(shapes.user(request.user))
