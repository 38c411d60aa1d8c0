"""An attempt that a machine elsewhere would run, against the real web server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests.parts.local import LocalProject
from tests.parts.web import RunningWeb, running_web
from valo_jupyter.db.tables import environments
from valo_jupyter.runtime.wire import Wire


@dataclass
class Attempt:
    web: RunningWeb
    project: LocalProject
    execution_id: str
    token: str
    wire: Wire
    assignment: dict[str, Any]


@contextlib.contextmanager
def far_attempt(folder: Path, **fields: Any) -> Iterator[Attempt]:
    """Submitted with `fields`, placed, and through its start gate."""
    with running_web(folder / "state") as web:
        project = LocalProject(web.state, folder / "code", {"hi": ["echo hi"]})
        project.services.environments.set_scale("local", maximum=50)
        with project.services.database.write() as connection:
            connection.execute(sa.update(environments).values(engine="elsewhere"))
        attempt = next_attempt(web, project, **fields)
        try:
            yield attempt
        finally:
            project.close()


def next_attempt(web: RunningWeb, project: LocalProject, **fields: Any) -> Attempt:
    execution_id = project.submit("hi", **fields)
    given = project.services.pool.next_order(project.services.environments.get("local").id, "test")
    assert given is not None
    wire = Wire(web.url, given.token)
    assignment = wire.post("/run/v1/start", {"machine": {"pid": 1, "hostname": "far"}})
    assert isinstance(assignment, dict)
    return Attempt(web, project, execution_id, given.token, wire, assignment)
