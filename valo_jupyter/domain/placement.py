"""Records that pass between the pool, which decides what may run, and the engines, which run it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class EnvironmentPlan:
    """What an engine is to keep ready for one environment."""

    id: str
    slug: str
    engine: str
    #: without those that are secret
    options: dict[str, Any]
    #: those that are, encrypted
    secrets: str | None
    #: when the settings were last changed
    saved: str | None
    minimum: int
    maximum: int
    grace_seconds: float
    #: executions that run, and those that could, up to the maximum
    demand: int
    #: executions in line or over a quota, up to some number
    waiting: int
    #: whether somebody is to be queued, or taken out of the line, for a quota's sake
    unsettled: bool


@dataclass(frozen=True)
class Placement:
    """One attempt of an execution that has just been given the right to run."""

    execution_id: str
    attempt: int
    token: str
    environment_id: str
    kernel: dict[str, Any] | None
    #: its image and the addresses of its inputs
    wants: tuple[str, ...] = ()


@dataclass(frozen=True)
class AttemptRef:
    """An attempt that is, for the database, still running."""

    execution_id: str
    attempt: int
    environment_id: str
    engine_id: str
    reason: str = ""
