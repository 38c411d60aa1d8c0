"""An execution's notebook: as it was submitted, as it runs, cell by cell, beside another's."""

from __future__ import annotations

from typing import Any

from valo_jupyter.api import shapes
from valo_jupyter.api.routing import Reply, Request, route
from valo_jupyter.api.sending import disposition
from valo_jupyter.domain import storable
from valo_jupyter.domain.errors import Invalid


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


@route("GET", "/api/v0/executions/{id}/diff/", query=("other",))
def diff(request: Request) -> Reply:
    """What differs between this execution and an `other`: facts, files of their code, notebooks."""
    other = request.one("other")
    if not other:
        raise Invalid("Say with which `other` execution to compare it.")
    found = request.services.comparing.compare(request.user, request.path["id"], other)
    shape = storable.dumps(shapes.comparison(found, request.base_url), ensure_ascii=False)
    # they are JSON already, perhaps much of it
    notebooks = b"null" if found.notebooks is None else found.notebooks
    content = b'%s, "notebooks": %s}' % (shape[:-1].encode("utf-8", "replace"), notebooks)
    return Reply(content=content, headers={"Content-Type": "application/json"})


def _headers(row: Any) -> dict[str, str]:
    name = (row.notebook_path or "notebook.ipynb").rsplit("/", 1)[-1]
    return {"Content-Disposition": disposition(name), "Content-Type": "application/x-ipynb+json"}
