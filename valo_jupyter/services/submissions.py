"""What a client asks to be run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from valo_jupyter.services.asking import NO_IMAGE


@dataclass(frozen=True)
class Submission:
    """What a client asks to be run: a `notebook_path` or a `step` of a commit."""

    project_id: str
    commit: str
    step: str | None = None
    notebook_path: str | None = None
    kernel: dict[str, Any] | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, list[str]] = field(default_factory=dict)
    #: None: not even where the step has one of that name
    environment_variables: dict[str, str | None] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    environment: str | None = None
    image: str | None = None
    #: as `domain.containers.RESOURCES`; over what the step asks for
    resources: dict[str, Any] = field(default_factory=dict)
    #: name or id of a store of the project, or `store_rows.BUILT_IN`; None: as the step and the project have it
    upload_store: str | None = None
    title: str = ""
    priority: int = 0
    time_limit: float | None = None
    no_output_timeout: float | None = None
    #: how often it is started again after its machine was lost; None: as step and environment have it
    requeue: int | None = None
    autorestart: bool | None = None
    git: dict[str, Any] | None = None
    left_out: tuple[dict[str, Any], ...] = ()
    idempotency_key: str | None = None
    copied_from: str | None = None


def again(row: Any, tags: list[str], secrets: dict[str, str], changes: dict[str, Any]) -> Submission:
    """The same as the execution in `row`, with `changes` to the fields."""
    given: dict[str, Any] = {
        "project_id": row.project_id,
        "commit": row.commit_identifier,
        "step": None if row.notebook_path else row.step,
        "notebook_path": row.notebook_path,
        "kernel": row.kernel,
        "parameters": row.inject if row.notebook_path and row.inject else row.parameters,
        "inputs": {entry["name"]: entry["uris"] for entry in row.inputs},
        "environment_variables": {k: v for k, v in row.environment_variables.items() if v is not None},
        "secrets": secrets,
        "tags": tuple(tags),
        "environment": row.environment_id,
        "image": row.image or NO_IMAGE,
        "resources": row.resources,
        "upload_store": row.store_id,
        "title": row.title,
        "priority": row.priority,
        "time_limit": row.time_limit,
        "no_output_timeout": row.no_output_timeout,
        "requeue": row.requeue,
        "git": row.git,
        "left_out": tuple(row.left_out),
        "copied_from": row.id,
    }
    for name in ("parameters", "inputs", "environment_variables", "secrets"):
        if name in changes:
            changes = {**changes, name: {**given[name], **changes[name]}}
    return Submission(**{**given, **changes})
