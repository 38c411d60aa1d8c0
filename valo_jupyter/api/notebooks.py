"""An execution's notebook: as it was submitted, as it runs, cell by cell."""

from __future__ import annotations

from typing import Any

from valo_jupyter.api import shapes
from valo_jupyter.api.routing import Reply, Request, route
from valo_jupyter.api.sending import disposition


@route("GET", "/api/v0/executions/{id}/notebook/")
def executed(request: Request) -> Reply:
    """The executed notebook; while the execution runs, as it stands."""
    services = request.services
    row = services.executions.get(request.user, request.path["id"])
    path = services.notebooks.executed(row)
    if path is not None:
        return Reply(file=path, headers=_headers(row))
    return Reply(content=services.notebooks.submitted(request.user, row), headers=_headers(row))


@route("GET", "/api/v0/executions/{id}/source/")
def submitted(request: Request) -> Reply:
    """The notebook as it was submitted."""
    services = request.services
    row = services.executions.get(request.user, request.path["id"])
    return Reply(content=services.notebooks.submitted(request.user, row), headers=_headers(row))


@route("GET", "/api/v0/executions/{id}/cells/")
def cells(request: Request) -> Reply:
    """The code cells in their order: state, time, memory and cost of each."""
    found = request.services.cells.of(request.user, request.path["id"])
    return Reply({"results": [shapes.cell(cell) for cell in found]})


def _headers(row: Any) -> dict[str, str]:
    name = (row.notebook_path or "notebook.ipynb").rsplit("/", 1)[-1]
    return {"Content-Disposition": disposition(name), "Content-Type": "application/x-ipynb+json"}
