"""How environments, machines and trials look on the wire; see `docs/developer/pool.md`."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from valo_jupyter.api.shapes import Shape
from valo_jupyter.domain import clock
from valo_jupyter.services.asking import settings_of
from valo_jupyter.services.machines import Usage


def environment(row: Any, options: dict[str, Any], usage: Usage) -> Shape:
    containers = settings_of(row.containers).to_json()
    return {
        "id": row.id,
        "name": row.name,
        "slug": row.slug,
        "description": row.description,
        "hardware": row.hardware,
        "engine": row.engine,
        "options": options,
        "enabled": row.enabled,
        "default": row.is_default,
        "min_scale": row.min_scale,
        "max_scale": row.max_scale,
        "scale_down_grace_minutes": row.scale_down_grace_minutes,
        "per_user_quota": row.per_user_quota,
        # Valohai's name of it
        "per_user_queue_quota": row.per_user_quota,
        "team_quotas": row.team_quotas,
        "allow_personal_usage": row.allow_personal_usage,
        "per_hour_price_usd": row.per_hour_price_usd,
        "gpu_spec": _gpus(containers["gpus"]),
        "image": row.image,
        "containers": containers,
        "requeue": row.requeue,
        "problem": row.problem,
        "unfinished_job_count": usage.unfinished,
        "queue": {"created": usage.created, "queued": usage.queued, "running": usage.running},
        "machines": usage.machines,
        "cost": {"running": usage.cost_running, "day": usage.cost_day},
        "ctime": clock.text(row.ctime),
        "mtime": clock.text(row.mtime or row.ctime),
    }


def _gpus(number: int | None) -> str:
    if not number:
        return ""
    return "all GPUs" if number < 0 else "1 GPU" if number == 1 else f"{number} GPUs"


def machine(row: Any) -> Shape:
    execution = None
    if row.project_id is not None:
        title = row.title or (PurePosixPath(row.notebook_path).stem if row.notebook_path else row.step)
        project = {"id": row.project_id, "name": row.project_name}
        execution = {"id": row.execution_id, "counter": row.counter, "project": project, "title": title}
    return {
        "name": row.name,
        "state": row.state,
        "since": clock.text(row.since),
        "idle_until": clock.text(row.idle_until),
        "execution": execution,
        "hardware": row.hardware,
    }


def step(entry: Any) -> Shape:
    return {**entry, "time": clock.text(entry["time"])}
