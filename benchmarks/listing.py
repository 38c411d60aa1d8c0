"""Listing executions with a filter among 100,000 against the same among 1,000."""

from __future__ import annotations

import tempfile
import time
import uuid
from pathlib import Path

import sqlalchemy as sa

from benchmarks.table import Row, medians
from valo_jupyter.db.tables import commits, execution_tags, executions, projects
from valo_jupyter.domain import clock
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.services import Services
from valo_jupyter.services.accounts import User
from valo_jupyter.services.listing import Filter


def _fill(services: Services, user: User, count: int) -> str:
    project = services.projects.create(user, str(count)).id
    now = clock.now()
    environment = services.environments.list()[0].id
    commit = str(uuid.uuid4())
    states = ["complete"] * 8 + ["error", "stopped"]
    rows = [
        {
            "id": str(uuid.uuid4()), "project_id": project, "counter": number, "revision": number,
            "status": states[number % 10], "step": "train", "commit_id": commit, "environment_id": environment,
            "creator_id": user.id, "ctime": now, "queued": now, "notebook_path": f"nb{number % 50}.ipynb",
        }
        for number in range(1, count + 1)
    ]  # fmt: skip
    with services.database.write() as connection:
        connection.execute(
            sa.insert(commits).values(
                id=commit, project_id=project, identifier="~x", sha="x", adhoc=True, creator_id=user.id, ctime=now
            )
        )
        connection.execute(sa.insert(executions), rows)
        tags = [
            {"execution_id": row["id"], "tag": f"t{row['counter'] % 100}", "project_id": project,
             "counter": row["counter"]}
            for row in rows
        ]  # fmt: skip
        connection.execute(sa.insert(execution_tags), tags)
        connection.execute(sa.update(projects).where(projects.c.id == project).values(last_counter=count))
        if services.database.sqlite:
            connection.exec_driver_sql("ANALYZE")
    return project


FILTERS = {
    "by state": {"status": ("error",)},
    "by tag": {"tag": ("t7",)},
    "by notebook": {"notebook": ("nb7.ipynb",)},
    "by text": {"search": "nb7"},
}


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        services = Services.open(StateFolder(Path(folder) / "state"))
        user = services.accounts.ensure("bench")
        few, many = _fill(services, user, 1_000), _fill(services, user, 100_000)

        def timed(project: str, fields: dict) -> float:
            start = time.perf_counter()
            for _ in range(5):
                services.executions.list(user, Filter(project, limit=10, **fields))
            return (time.perf_counter() - start) / 5 * 1000

        found = []
        for name, fields in FILTERS.items():
            ours, peers = medians(lambda: timed(many, fields), lambda: timed(few, fields), runs=7)  # noqa: B023
            found.append(Row(f"list 10 of 100,000 {name}", "of 1,000", ours, peers, 2, 1.1, "ms"))
        services.close()
    return found
