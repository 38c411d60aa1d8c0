"""How rows look on the wire."""

from __future__ import annotations

from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any

from valo_jupyter.domain import clock
from valo_jupyter.domain.executions import Status

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


def environment(row: Any) -> Shape:
    return {
        "id": row.id,
        "name": row.name,
        "slug": row.slug,
        "description": row.description,
        "enabled": row.enabled,
        "engine": row.engine,
        "options": row.options,
        "min_scale": row.min_scale,
        "max_scale": row.max_scale,
        "scale_down_grace_minutes": row.scale_down_grace_minutes,
        "per_hour_price_usd": row.per_hour_price_usd,
        "gpu_spec": None,
        "unfinished_job_count": row.unfinished,
        "problem": row.problem,
    }


def execution(row: Any, base: str, *, tags: list[str], place: int | None) -> Shape:
    """What a list shows of an execution."""
    url = f"{base}/api/v0/executions/{row.id}/"
    until = row.ended or (clock.now() if row.started else None)
    return {
        "id": row.id,
        "url": url,
        "counter": row.counter,
        "status": row.status,
        "status_detail": _detail(row, place),
        "queue_position": place,
        "title": row.title or (PurePosixPath(row.notebook_path).stem if row.notebook_path else row.step),
        "step": row.step,
        "image": row.image,
        "commit": {
            "identifier": row.commit_identifier,
            "adhoc": row.commit_adhoc,
            "url": f"{base}/api/v0/commits/{row.commit_id}/",
        },
        "project": {"id": row.project_id, "name": row.project_name},
        "environment": {"id": row.environment_id, "name": row.environment_name, "slug": row.environment_slug},
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
        "inputs": [{"name": entry["name"], "urls": entry["uris"], "files": []} for entry in row.inputs],
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


def _detail(row: Any, place: int | None) -> str:
    if row.status != Status.QUEUED.value:
        return row.status_detail
    detail = row.status_detail
    if place is not None and detail == "in line":
        detail = f"in line ({ordinal(place)})"
    return f"{detail}: {row.environment_problem}" if row.environment_problem else detail


def ordinal(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}" + {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def attempt(row: Any) -> Shape:
    return {
        "number": row.number,
        "status": "running" if row.status == "open" else row.status,
        "reason": row.reason,
        "machine": row.machine,
        "started": clock.text(row.started),
        "ended": clock.text(row.ended),
    }


def datum(row: Any, tags: list[str]) -> Shape:
    made = row.output_execution_id
    return {
        "id": row.id,
        "name": row.name,
        "size": row.size,
        "md5": row.md5,
        "sha1": row.sha1,
        "sha256": row.sha256,
        "uri": row.uri,
        "metadata": row.metadata,
        "tags": tags,
        "project": row.project_id,
        "ctime": clock.text(row.ctime),
        "purged": row.purged,
        "output_execution": {"id": made, "counter": row.output_counter} if made else None,
    }


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
