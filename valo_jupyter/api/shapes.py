"""How rows look on the wire."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any

from valo_jupyter.domain import clock
from valo_jupyter.services.cells import Cell
from valo_jupyter.services.comparing import Comparison
from valo_jupyter.services.data import Beside
from valo_jupyter.services.waiting import Waiting

Shape = dict[str, Any]


def user(row: Any) -> Shape:
    return {"id": row.id, "username": row.username, "is_admin": row.admin}


def project(row: Any, base: str) -> Shape:
    url = f"{base}/api/v0/projects/{row.id}/"
    return {
        "id": row.id,
        "name": row.name,
        "folder": row.folder,
        "description": row.description,
        "owner": {"id": row.owner_id, "username": row.owner_name},
        "default_store": row.default_store_id,
        "ctime": clock.text(row.ctime),
        "yaml_path": row.yaml_path,
        "url": url,
        "urls": {"display": url},
        "revision": row.revision,
    }


def commit(row: Any, base: str) -> Shape:
    return {
        "id": row.id,
        "identifier": row.identifier,
        "ref": row.identifier,
        "adhoc": row.adhoc,
        "commit_time": clock.text(row.ctime),
        "ctime": clock.text(row.ctime),
        "description": row.description,
        "project": row.project_id,
        "sha": row.sha,
        "url": f"{base}/api/v0/commits/{row.id}/",
    }


def execution(row: Any, base: str, *, tags: list[str], waiting: Waiting | None) -> Shape:
    """What a list shows of an execution."""
    url = f"{base}/api/v0/executions/{row.id}/"
    until = row.ended or (clock.now() if row.started else None)
    return {
        "id": row.id,
        "url": url,
        "counter": row.counter,
        "status": row.status,
        "status_detail": _detail(row, waiting),
        "queue_position": waiting.place if waiting else None,
        "title": row.title or (PurePosixPath(row.notebook_path).stem if row.notebook_path else row.step),
        "step": row.step,
        "image": row.image,
        "image_digest": row.image_digest,
        "image_entry": row.image_entry,
        "resources": row.resources,
        "commit": {
            "identifier": row.commit_identifier,
            "adhoc": row.commit_adhoc,
            "url": f"{base}/api/v0/commits/{row.commit_id}/",
        },
        "project": {"id": row.project_id, "name": row.project_name},
        "environment": {"id": row.environment_id, "name": row.environment_name, "slug": environment_slug(row)},
        "creator": {"id": row.creator_id, "username": row.creator_name},
        "ctime": clock.text(row.ctime),
        "started": clock.text(row.started),
        "ended": clock.text(row.ended),
        "duration": clock.seconds_between(row.started, until),
        "cost": row.cost,
        "priority": row.priority,
        "attempt": row.attempt,
        "notebook": {"path": row.notebook_path} if row.notebook_path else None,
        "progress": row.progress,
        "error": row.error,
        "parameters": row.parameters,
        "inputs": [
            {"name": entry["name"], "urls": entry["uris"], "given": entry.get("given", entry["uris"]), "files": []}
            for entry in row.inputs
        ],
        "upload_store": row.store_id,
        "environment_variables": {
            name: {"value": value, "secret": value is None} for name, value in row.environment_variables.items()
        },
        "tags": tags,
        "git": row.git,
        "machine": row.machine,
        "seconds": row.seconds,
        "metric": row.metric and {key: row.metric[key] for key in ("name", "value", "values")},
        "time_limit": row.time_limit,
        "no_output_timeout": row.no_output_timeout,
        "requeue": row.requeue,
        "copied_from": row.copied_from,
        "revision": row.revision,
        "urls": {
            "display": url,
            "stop": f"{url}stop/",
            "copy": f"{url}copy/",
            "notebook": f"{url}notebook/",
            "stream": f"{url}stream/",
            "code": f"{url}code/",
            "metadata": f"{url}metadata/",
        },
    }


def _detail(row: Any, waiting: Waiting | None) -> str:
    if waiting is None:
        return row.status_detail
    # what brought it here, such as a lost machine, then why it waits
    before = "" if row.status_detail in ("", "in line") else f"{row.status_detail}; "
    return before + waiting.why


def environment_slug(row: Any) -> str:
    """Also of an environment that was deleted, after whose slug there is more."""
    return row.environment_slug.partition("~")[0]


def attempt(row: Any) -> Shape:
    return {
        "number": row.number,
        "status": "running" if row.status == "open" else row.status,
        "reason": row.reason,
        "machine": row.machine,
        "started": clock.text(row.started),
        "ended": clock.text(row.ended),
    }


def cell(one: Cell) -> Shape:
    return {**asdict(one), "started": clock.text(one.started)}


def comparison(found: Comparison, base: str) -> Shape:
    left, right = (execution(row, base, tags=tags, waiting=None) for row, tags in (found.left, found.right))
    return {
        "left": left,
        "right": right,
        "facts": [asdict(fact) for fact in found.facts],
        "files": [{"path": path, "status": status} for path, status in found.files],
        "same": found.same,
        "problems": found.problems,
    }


def datum(row: Any, base: str, beside: Beside) -> Shape:
    made = row.output_execution_id
    return {
        "id": row.id,
        "name": row.name,
        "size": row.size,
        "md5": row.md5,
        "sha1": row.sha1,
        "sha256": row.sha256,
        "uri": row.uri,
        "store": _store(row.store_id, row.store_name, row.store_type),
        "wanted_store": _store(row.wanted_store_id, row.wanted_store_name, row.wanted_store_type),
        "origin": row.origin,
        "version": row.version,
        "metadata": row.metadata,
        "tags": beside.tags.get(row.id, []),
        "aliases": beside.aliases.get(row.id, []),
        "datasets": beside.datasets.get(row.id, []),
        "project": row.project_id,
        "creator": {"id": row.creator_id, "username": row.creator_name},
        "ctime": clock.text(row.ctime),
        "purged": row.purged,
        "output_execution": {"id": made, "counter": row.output_counter} if made else None,
        "url": f"{base}/api/v0/data/{row.id}/",
    }


def _store(store_id: str | None, name: str | None, type: str | None) -> Shape | None:
    # after the name of one that was deleted there is more
    return {"id": store_id, "name": (name or "").partition("~")[0], "type": type} if store_id else None


def point(row: Any) -> Shape:
    return {"time": clock.text(row.time), "seq": row.seq, **row.values}


def log_lines(event: Shape) -> list[Shape]:
    """A log event as Valohai's: one object a line, each with a time of its own."""
    start = clock.parse(event["t"])
    micro = timedelta(microseconds=1)
    return [
        {"stream": event["s"], "time": clock.text(start + index * micro), "message": line}
        for index, line in enumerate(event["text"].split("\n"))
    ]
