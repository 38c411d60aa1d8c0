"""Executions: submit, list, look, stop, copy, tag."""

from __future__ import annotations

from typing import Any

from valo_jupyter.api import shapes
from valo_jupyter.api.routing import AskAgain, Reply, Request, route
from valo_jupyter.api.submissions import CHANGES, FIELDS, changes, submission
from valo_jupyter.domain.errors import Invalid
from valo_jupyter.services.listing import Filter


@route("POST", "/api/v0/executions/", fields=FIELDS)
def create(request: Request) -> Reply:
    """Queue an execution of a commit's step or notebook."""
    row = request.services.executions.create(request.user, submission(request.json()))
    return Reply(_execution(request, row.id), 201)


@route(
    "GET",
    "/api/v0/executions/",
    waits=True,
    query=(
        "project",
        "status",
        "counter",
        "tag",
        "creator",
        "notebook",
        "search",
        "changed_after",
        "wait",
        "ordering",
        "limit",
        "offset",
        "count",
    ),
)
def index(request: Request) -> Reply:
    """The executions of a project, newest first; with `changed_after` and `wait`, those that change from now on."""
    project = request.one("project")
    if not project:
        raise Invalid("Say of which `project`.")
    after = request.one("changed_after")
    wanted = Filter(
        project_id=project,
        status=request.many("status"),
        counter=tuple(_counter(text) for text in request.many("counter")),
        tag=request.many("tag"),
        creator=request.many("creator"),
        notebook=request.many("notebook"),
        search=request.one("search") or "",
        changed_after=None if after is None else request.number("changed_after", 0),
        ordering=request.one("ordering") or "-counter",
        limit=request.number("limit", 100, least=1),
        offset=request.number("offset", 0),
        count=bool(request.flag("count")),
    )
    page = request.services.executions.list(request.user, wanted)
    if after is not None and not page.rows and request.may_wait:
        raise AskAgain
    results = [
        shapes.execution(row, request.base_url, tags=page.tags[row.id], waiting=page.waiting.get(row.id))
        for row in page.rows
    ]
    return Reply({"results": results, "count": page.count, "revision": page.revision})


@route("GET", "/api/v0/executions/{id}/", query=("exclude",))
def read(request: Request) -> Reply:
    """One execution, by id or as `<project>:<counter or "latest">`."""
    excluded = {name for value in request.many("exclude") for name in value.split(",")}
    return Reply(_execution(request, request.path["id"], excluded))


@route("PATCH", "/api/v0/executions/{id}/", fields={"tags": "strings", "title": "string"})
def edit(request: Request) -> Reply:
    """Change the tags or the title."""
    given = request.json()
    services = request.services
    services.executions.edit(request.user, request.path["id"], tags=given.get("tags"), title=given.get("title"))
    return Reply(_execution(request, request.path["id"]))


@route("POST", "/api/v0/executions/{id}/stop/")
def stop(request: Request) -> Reply:
    """Stop the execution, in whatever state it is; what it has written is kept."""
    return Reply({"message": request.services.executions.stop(request.user, request.path["id"])})


@route("POST", "/api/v0/executions/{id}/upload/")
def upload(request: Request) -> Reply:
    """Bring the outputs that their store did not take to it now."""
    return Reply(request.services.bringing.bring(request.user, request.path["id"]))


@route("DELETE", "/api/v0/executions/{id}/")
def delete(request: Request) -> Reply:
    """Remove an execution that has ended, with its log; outputs whose content was not purged stay as files."""
    request.services.executions.delete(request.user, request.path["id"])
    return Reply(status=204)


@route("POST", "/api/v0/executions/{id}/copy/", fields=CHANGES)
def copy(request: Request) -> Reply:
    """The same code once more, with changes to its parameters, inputs, environment, tags or title."""
    row = request.services.executions.copy(request.user, request.path["id"], changes(request.json()))
    return Reply(_execution(request, row.id), 201)


def _execution(request: Request, address: str, excluded: set[str] | None = None) -> dict[str, Any]:
    services = request.services
    row, tags, attempts, waiting = services.executions.details(request.user, address)
    shape = shapes.execution(row, request.base_url, tags=tags, waiting=waiting)
    files, beside = services.data.inputs_of(row.id)
    for entry in shape["inputs"]:
        entry["files"] = [shapes.datum(datum, request.base_url, beside) for datum in files.get(entry["name"], [])]
    page = services.data.outputs(row.id)
    shape.update(
        attempts=[shapes.attempt(attempt) for attempt in attempts],
        outputs=[shapes.datum(datum, request.base_url, page.beside) for datum in page.rows],
        capture=row.capture,
        left_out=row.left_out,
        cumulative_metadata=row.cumulative_metadata,
        peak_memory_bytes=row.peak_memory_bytes,
        skipped_cells=services.executions.skipped_cells(row.id),
        exit_code=row.exit_code,
    )
    if "metadata" not in (excluded or ()):
        shape["metadata"] = [shapes.point(point) for point in services.data.points(row.id, limit=1000)]
    if "events" not in (excluded or ()):
        shape["events"] = services.stream.tail(row.id, 100)
    return shape


def _counter(text: str) -> int:
    if not text.isdecimal() or len(text) > 9:
        raise Invalid(f"{text!r} is no execution's number.")
    return int(text)
