"""Executions: submit, list, look, stop, copy, tag."""

from __future__ import annotations

import math
from typing import Any

from valo_jupyter.api import shapes
from valo_jupyter.api.routing import AskAgain, Reply, Request, route
from valo_jupyter.domain.containers import checked_resources
from valo_jupyter.domain.environments import MAX_REQUEUE
from valo_jupyter.domain.errors import Invalid
from valo_jupyter.services.asking import of_runtime_config
from valo_jupyter.services.executions import Submission
from valo_jupyter.services.listing import Filter

FIELDS = {
    "project": "string",
    "commit": "string",
    "step": "string",
    "notebook": "object",
    "parameters": "object",
    "inputs": "object",
    "environment_variables": "object",
    "secret_environment_variables": "object",
    "tags": "array",
    "environment": "string",
    "image": "string",
    "upload_store": "string",
    "resources": "object",
    "runtime_config": "object",
    "title": "string",
    "priority": "integer",
    "time_limit": "number",
    "no_output_timeout": "number",
    "requeue": "integer",
    "git": "object",
    "left_out": "array",
    "idempotency_key": "string",
}


@route("POST", "/api/v0/executions/", fields=FIELDS)
def create(request: Request) -> Reply:
    """Queue an execution of a commit's step or notebook."""
    row = request.services.executions.create(request.user, Submission(**_submission(request.json())))
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
        notebook=request.one("notebook"),
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


@route("PATCH", "/api/v0/executions/{id}/", fields={"tags": "array", "title": "string"})
def edit(request: Request) -> Reply:
    """Change the tags or the title."""
    wanted = request.json()
    tags, title = wanted.get("tags"), wanted.get("title")
    if tags is not None and not isinstance(tags, list):
        raise Invalid("`tags` is a list of texts.")
    request.services.executions.edit(
        request.user, request.path["id"], tags=tags, title=None if title is None else str(title)
    )
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


@route("POST", "/api/v0/executions/{id}/copy/", fields=FIELDS)
def copy(request: Request) -> Reply:
    """The same code once more, with changes to its parameters, inputs, environment, tags or title."""
    changes = _changes(request.json())
    row = request.services.executions.copy(request.user, request.path["id"], changes)
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


def _changes(wanted: dict[str, Any]) -> dict[str, Any]:
    """The fields of a `Submission` that are in `wanted`, checked."""
    changes: dict[str, Any] = {}
    for name in ("parameters", "environment_variables"):
        if wanted.get(name) is not None:
            changes[name] = _mapping(wanted, name)
    if "environment_variables" in changes:
        changes["environment_variables"] = {k: str(v) for k, v in changes["environment_variables"].items()}
    if wanted.get("secret_environment_variables"):
        secrets = _mapping(wanted, "secret_environment_variables")
        changes["secrets"] = {name: str(value) for name, value in secrets.items()}
    if wanted.get("inputs") is not None:
        changes["inputs"] = {
            name: [value] if isinstance(value, str) else [str(item) for item in value or []]
            for name, value in _mapping(wanted, "inputs").items()
        }
    if wanted.get("tags") is not None:
        changes["tags"] = tuple(wanted["tags"])
    for name in ("step", "environment", "image", "upload_store", "idempotency_key"):
        if wanted.get(name):
            changes[name] = str(wanted[name])
    if wanted.get("title") is not None:
        changes["title"] = str(wanted["title"])
    for name in ("time_limit", "no_output_timeout"):
        if wanted.get(name) is not None:
            changes[name] = _seconds(wanted, name)
    if wanted.get("priority") is not None:
        changes["priority"] = _whole(wanted, "priority", -1000, 1000)
    if wanted.get("requeue") is not None:
        changes["requeue"] = _whole(wanted, "requeue", 0, MAX_REQUEUE)
    config = _mapping(wanted, "runtime_config") if wanted.get("runtime_config") else {}
    if config.get("autorestart") is not None:
        changes["autorestart"] = bool(config["autorestart"])
    asked = {**of_runtime_config(config), **(_mapping(wanted, "resources") if wanted.get("resources") else {})}
    if asked:
        changes["resources"] = checked_resources(asked)
    return changes


def _submission(wanted: dict[str, Any]) -> dict[str, Any]:
    fields = _changes(wanted)
    for name, key in (("project", "project_id"), ("commit", "commit")):
        if not isinstance(wanted.get(name), str) or not wanted[name]:
            raise Invalid(f"`{name}` is missing.")
        fields[key] = wanted[name]
    notebook = wanted.get("notebook")
    if notebook is not None:
        if not isinstance(notebook, dict) or not isinstance(notebook.get("path"), str):
            raise Invalid("`notebook` is an object with the `path` of the notebook in the commit.")
        fields["notebook_path"] = notebook["path"]
        fields["kernel"] = notebook.get("kernel")
    if wanted.get("git") is not None:
        fields["git"] = _mapping(wanted, "git")
    fields["left_out"] = tuple(wanted.get("left_out") or ())
    return fields


def _mapping(wanted: dict[str, Any], name: str) -> dict[str, Any]:
    value = wanted[name]
    if not isinstance(value, dict):
        raise Invalid(f"`{name}` is an object of names and values.")
    return value


def _seconds(wanted: dict[str, Any], name: str) -> float | None:
    try:
        value = float(wanted[name])
    except (TypeError, ValueError):
        value = math.nan
    if not value >= 0 or math.isinf(value):
        raise Invalid(f"`{name}` is a number of seconds, not {wanted[name]!r}.")
    # Valohai's clients send 0 for “no limit”
    return value or None


def _whole(wanted: dict[str, Any], name: str, least: int, most: int) -> int:
    value = wanted[name]
    if isinstance(value, str) and value.lstrip("-").isdecimal():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise Invalid(f"`{name}` is a whole number from {least} to {most}.")
    return value
