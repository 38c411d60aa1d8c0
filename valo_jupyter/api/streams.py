"""What an execution said and left: its stream, log, metadata and code."""

from __future__ import annotations

import json
import secrets

from valo_jupyter.api import shapes
from valo_jupyter.api.routing import AskAgain, Reply, Request, route
from valo_jupyter.api.sending import disposition
from valo_jupyter.domain.executions import Status

#: numbers in one answer of a stream; readers ask again from `last`
LIMIT = 20_000


@route("GET", "/api/v0/executions/{id}/stream/", waits=True, query=("after", "limit", "wait", "tail"))
def stream(request: Request) -> Reply:
    """Events above the number `after`, or the last `tail` ones; with `wait`, as soon as there are any."""
    services = request.services
    row = services.executions.get(request.user, request.path["id"])
    done = Status(row.status).ended
    if request.one("tail") is not None:
        events = services.stream.tail(row.id, request.number("tail", 100, most=LIMIT))
        after = 0
    else:
        after = request.number("after", 0)
        events = services.stream.read(row.id, after, request.number("limit", LIMIT, least=1, most=LIMIT))
        if not events and not done and request.may_wait:
            raise AskAgain
    last = events[-1]["seq"] + events[-1].get("n", 1) - 1 if events else after
    # `done` only when the reader has all there will be: the end is written after everything else
    more = last < services.stream.last_number(row.id)
    return Reply({"events": events, "last": last, "status": row.status, "done": done and not more})


@route("GET", "/api/v0/executions/{id}/events/", query=("limit",))
def events(request: Request) -> Reply:
    """The log as Valohai's clients read it: the last `limit` lines, all for 0."""
    services = request.services
    row = services.executions.get(request.user, request.path["id"])
    limit = request.number("limit", 0)
    source = services.stream.tail(row.id, limit) if limit else services.stream.all(row.id)
    path = services.state.uploads / f"log-{secrets.token_hex(8)}"
    total = 0
    with path.open("w", encoding="utf-8", errors="replace") as file:
        file.write('{"events": [')
        for event in source:
            if event["k"] != "log":
                continue
            lines = shapes.log_lines(event)
            file.write((", " if total else "") + json.dumps(lines, ensure_ascii=False)[1:-1])
            total += len(lines)
        truncated = bool(limit) and services.stream.last_number(row.id) > total and total >= limit
        file.write(f'], "total": {total}, "truncated": {json.dumps(truncated)}}}')
    return Reply(file=path, remove_file=True, headers={"Content-Type": "application/json"})


@route("GET", "/api/v0/executions/{id}/metadata/")
def metadata(request: Request) -> Reply:
    """Every metadata point, in order."""
    row = request.services.executions.get(request.user, request.path["id"])
    return Reply({"results": [shapes.point(point) for point in request.services.data.points(row.id)]})


@route("GET", "/api/v0/executions/{id}/code/")
def code(request: Request) -> Reply:
    """The code that runs, as a zip file."""
    services = request.services
    row = services.executions.get(request.user, request.path["id"])
    commit = services.commits.get(request.user, row.project_id, row.commit_identifier)
    path = services.state.uploads / f"code-{secrets.token_hex(8)}.zip"
    with path.open("wb") as file:
        services.commits.write_zip(commit, file)
    name = f"{row.project_name}-{row.counter}.zip"
    return Reply(
        file=path,
        remove_file=True,
        headers={"Content-Disposition": disposition(name), "Content-Type": "application/zip"},
    )
