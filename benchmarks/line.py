"""The decision who is next, and what a round of the engine looks at, with 50,000 executions in line against 10."""

from __future__ import annotations

import tempfile
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.table import Row, medians
from valo_jupyter.db.tables import attempts, commits, executions
from valo_jupyter.domain import clock
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.services import Services

SHORT, LONG = 10, 50_000
USERS = 5
#: decisions in one measurement
DECISIONS = 20


class Line:
    """An environment in which `count` executions of some users wait, however many are taken out of it."""

    def __init__(self, services: Services, count: int) -> None:
        self.services = services
        self.admin = services.accounts.ensure("root", admin=True)
        self.environment = services.environments.create(
            self.admin, {"name": str(count), "engine": "local", "max_scale": 8, "per_user_quota": 4}
        )
        self.users = [services.accounts.ensure(f"user-{number}").id for number in range(USERS)]
        self.project = services.projects.create(self.admin, str(count)).id
        self.commit, self.counter = str(uuid.uuid4()), 0
        with services.database.write() as connection:
            values = {"identifier": "~x", "sha": "x", "adhoc": True, "creator_id": self.admin.id, "ctime": clock.now()}
            connection.execute(sa.insert(commits).values(id=self.commit, project_id=self.project, **values))
        self.add(count)

    def add(self, count: int) -> None:
        rows = []
        for _ in range(count):
            self.counter += 1
            time = clock.now() + timedelta(microseconds=self.counter)
            rows.append(
                {
                    "id": str(uuid.uuid4()), "project_id": self.project, "counter": self.counter, "revision": 1,
                    "status": "queued", "status_detail": "in line", "step": "train", "commit_id": self.commit,
                    "environment_id": self.environment.id, "creator_id": self.users[self.counter % USERS],
                    "priority": self.counter % 3, "ctime": time, "queued": time,
                }
            )  # fmt: skip
        with self.services.database.write() as connection:
            connection.execute(sa.insert(executions), rows)

    def decide(self) -> float:
        """Milliseconds for one decision; what it placed is replaced."""
        taken = 0.0
        for _ in range(DECISIONS):
            start = time.perf_counter()
            given = self.services.pool.next_order(self.environment.id, "engine")
            taken += time.perf_counter() - start
            assert given is not None
            with self.services.database.write() as connection:
                connection.execute(sa.delete(attempts).where(attempts.c.execution_id == given.execution_id))
                connection.execute(sa.delete(executions).where(executions.c.id == given.execution_id))
            self.add(1)
        return taken / DECISIONS * 1000


def _timed(do: Callable[[], Any]) -> Callable[[], float]:
    def run() -> float:
        start = time.perf_counter()
        for _ in range(DECISIONS):
            do()
        return (time.perf_counter() - start) / DECISIONS * 1000

    return run


def rows() -> list[Row]:
    found = []
    with tempfile.TemporaryDirectory() as folder:
        services = {count: Services.open(StateFolder(Path(folder) / str(count))) for count in (SHORT, LONG)}
        short, long = (Line(services[count], count) for count in (SHORT, LONG))
        for name, do in (
            ("who is next", lambda line: line.decide),
            ("a round's look at all environments", lambda line: _timed(line.services.pool.environments)),
        ):
            ours, peers = medians(do(long), do(short), runs=9)
            found.append(Row(f"{name}, {LONG:,} in line", f"{SHORT} in line", ours, peers, 2, 1.2, "ms"))
        for each in services.values():
            each.close()
    return found
