"""Commits: looked up by id, or by identifier within a project."""

from __future__ import annotations

from valo_jupyter.api import shapes
from valo_jupyter.api.routing import Reply, Request, route
from valo_jupyter.domain.errors import Invalid
from valo_jupyter.services.steps import read_config


@route("GET", "/api/v0/commits/", query=("project", "adhoc", "limit"))
def index(request: Request) -> Reply:
    """The commits of a project, newest first."""
    project = request.one("project")
    if not project:
        raise Invalid("Say of which `project`.")
    rows = request.services.commits.list(request.user, project, request.flag("adhoc"), request.number("limit", 9000))
    return Reply({"results": [shapes.commit(row, request.base_url) for row in rows]})


@route("GET", "/api/v0/commits/{id}/", query=("project", "include"))
def read(request: Request) -> Reply:
    """A commit; with `include=config` its parsed valohai.yaml too."""
    services, project = request.services, request.one("project")
    if project:
        row = services.commits.get(request.user, project, request.path["id"])
    else:
        row = services.commits.by_id(request.user, request.path["id"])
    shape = shapes.commit(row, request.base_url)
    if "config" in request.many("include"):
        config = read_config(row.yaml_path, services.commits.file(row, row.yaml_path))
        shape["config"] = config.serialize()
    return Reply(shape)
