"""Queue, placement, leases, requeue: on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from valo_jupyter import snapshots
from valo_jupyter.api import shapes
from valo_jupyter.db.tables import attempts
from valo_jupyter.domain import clock
from valo_jupyter.domain.errors import StaleAttempt
from valo_jupyter.domain.placement import Placement
from valo_jupyter.services import Services, line
from valo_jupyter.services.accounts import User
from valo_jupyter.services.facts import set_fact
from valo_jupyter.services.submissions import Submission

YAML = """
- step:
    name: train
    image: python:3.11
    command: python train.py {parameters}
    parameters:
      - {name: lr, type: float, default: 0.1}
      - {name: epochs, type: integer, optional: true}
    inputs:
      - {name: data, default: data.csv}
"""


@pytest.fixture
def user(services: Services) -> User:
    return services.accounts.ensure("ana")


class Project:
    def __init__(self, services: Services, user: User, folder: Path) -> None:
        self.services, self.user = services, user
        folder.mkdir()
        (folder / "valohai.yaml").write_text(YAML)
        self.id = services.projects.create(user, "demo").id
        sha = snapshots.commit_folder(services.commits.repository(self.id), folder)
        services.commits.register(user, self.id, sha, f"~{sha}")
        self.commit = f"~{sha}"

    def submit(self, user: User | None = None, **fields: Any) -> Any:
        wanted = Submission(project_id=self.id, commit=self.commit, step="train", **fields)
        return self.services.executions.create(user or self.user, wanted)

    def status(self, row: Any) -> tuple[str, str]:
        fresh = self.services.executions.get(self.user, row.id)
        return fresh.status, fresh.status_detail


@pytest.fixture
def project(services: Services, user: User, tmp_path: Path) -> Project:
    return Project(services, user, tmp_path / "code")


@pytest.fixture
def environment(services: Services) -> str:
    return services.environments.list()[0].id


def place(services: Services, environment: str) -> Placement:
    order = services.pool.next_order(environment, "engine-1")
    assert order is not None
    return order


def test_a_step_is_planned_from_the_commit(project: Project) -> None:
    row = project.submit(parameters={"lr": "0.5"})
    assert (row.counter, row.status, row.image) == (1, "queued", "python:3.11")
    assert row.commands == ["python train.py --lr=0.5"]
    assert row.parameters == {"lr": 0.5}
    assert [entry["uris"] for entry in row.inputs] == [["data.csv"]]


def test_maximum_scale_is_kept_and_changes_at_once(services: Services, project: Project, environment: str) -> None:
    for _ in range(4):
        project.submit()
    assert [place(services, environment).attempt for _ in range(2)] == [1, 1]
    assert services.pool.next_order(environment, "engine-1") is None
    services.environments.set_scale("local", maximum=3)
    place(services, environment)
    services.environments.set_scale("local", maximum=1)
    assert services.pool.next_order(environment, "engine-1") is None
    (plan,) = services.pool.environments()
    assert (plan.demand, plan.maximum, plan.grace_seconds) == (3, 1, 900.0)


def test_one_execution_is_placed_once_however_many_ask(services: Services, project: Project, environment: str) -> None:
    project.submit()
    won: list[Placement] = []
    barrier = threading.Barrier(8)

    def ask() -> None:
        barrier.wait()
        order = services.pool.next_order(environment, "engine-1")
        if order:
            won.append(order)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


def test_order_is_priority_then_fair_share_then_time(services: Services, project: Project, environment: str) -> None:
    services.environments.set_scale("local", maximum=4)
    eve = services.accounts.ensure("eve", admin=True)
    first = [project.submit() for _ in range(3)]
    other = project.submit(eve)
    urgent = project.submit(priority=5)
    placed = [place(services, environment).execution_id for _ in range(4)]
    # the urgent one is ana's, so eve, who runs nothing, comes before the rest of ana's
    assert placed == [urgent.id, other.id, first[0].id, first[1].id]


def test_place_in_line(services: Services, project: Project, user: User) -> None:
    rows = [project.submit() for _ in range(3)]
    waiting = [services.executions.details(user, row.id)[3] for row in rows]
    assert [each and each.place for each in waiting] == [1, 2, 3]


def test_lost_machine_requeues_once_then_crashes(services: Services, project: Project, environment: str) -> None:
    row = project.submit()
    for attempt in (1, 2):
        order = place(services, environment)
        assert order.attempt == attempt
        services.runs.start(order.token, {"pid": attempt})
        services.pool.lost(order.execution_id, order.attempt, "worker killed")
        with pytest.raises(StaleAttempt):
            services.runs.events(order.token, 1, [])
    status, detail = project.status(row)
    assert status == "crashed"
    assert detail == "machine lost (attempt 2 of 2): worker killed"


def test_lost_before_the_gate_does_not_use_up_the_requeue(
    services: Services, project: Project, environment: str
) -> None:
    row = project.submit(requeue=0)
    order = place(services, environment)
    services.pool.lost(order.execution_id, order.attempt, "never arrived")
    assert project.status(row)[0] == "queued"
    again = place(services, environment)
    services.runs.start(again.token, {"pid": 1})
    services.pool.lost(again.execution_id, again.attempt, "power cut")
    assert project.status(row) == ("crashed", "machine lost (attempt 1 of 1): power cut")


def test_an_old_loss_does_not_touch_the_new_attempt(services: Services, project: Project, environment: str) -> None:
    row = project.submit()
    first = place(services, environment)
    services.runs.start(first.token, {"pid": 1})
    services.pool.lost(first.execution_id, 1, "frozen")
    second = place(services, environment)
    services.runs.start(second.token, {"pid": 2})
    services.pool.lost(first.execution_id, 1, "told twice")
    services.runs.end(second.token, {"status": "complete"})
    assert project.status(row)[0] == "complete"
    services.pool.lost(second.execution_id, 2, "too late")
    assert project.status(row)[0] == "complete"


def test_lease_expires_only_while_the_web_process_is_there(
    services: Services, project: Project, environment: str
) -> None:
    project.submit()
    order = place(services, environment)
    past = clock.now() - timedelta(seconds=1)
    with services.database.write() as connection:
        connection.execute(sa.update(attempts).values(lease_until=past))
    assert services.pool.expired() == []
    services.web_beat("web")
    assert services.pool.expired() == [], "a web process that has just come back renews leases first"
    then = clock.now() - timedelta(minutes=5)
    with services.database.write() as connection:
        set_fact(connection, "web", {"process": "web", "since": clock.text(then), "beat": clock.text(then)})
    assert services.pool.expired() == []
    services.web_beat("web")
    assert services.pool.expired() == [], "one that was frozen, too"
    with services.database.write() as connection:
        set_fact(connection, "web", {"process": "web", "since": clock.text(then), "beat": clock.text(clock.now())})
    services.web_beat("web")
    assert [(ref.execution_id, ref.attempt) for ref in services.pool.expired()] == [(order.execution_id, 1)]
    services.runs.events(order.token, 1, [])
    assert services.pool.expired() == []


def test_one_engine_places_and_a_dead_one_is_followed(services: Services, project: Project, environment: str) -> None:
    def beat(engine: str, draining: bool = False) -> bool:
        return services.pool.heartbeat(engine, host="h", pid=1, version="1", draining=draining)

    assert beat("old")
    assert not beat("new")
    assert not beat("old", draining=True)
    assert beat("new")
    assert not beat("old")
    services.pool.leave("new")
    assert beat("third")
    project.submit()
    order = services.pool.next_order(environment, "gone")
    assert order is not None
    assert [ref.execution_id for ref in services.pool.orphans()] == [order.execution_id]


def test_stop_in_every_state(services: Services, project: Project, environment: str, user: User) -> None:
    queued = project.submit()
    services.executions.stop(user, queued.id)
    assert project.status(queued) == ("stopped", "stopped by ana before it started")

    placed = project.submit()
    order = place(services, environment)
    services.executions.stop(user, placed.id)
    with pytest.raises(StaleAttempt):
        services.runs.start(order.token, {"pid": 1})
    assert project.status(placed)[0] == "stopped"

    running = project.submit()
    order = place(services, environment)
    services.runs.start(order.token, {"pid": 1})
    assert services.runs.events(order.token, 1, [])["stop"] is None
    services.executions.stop(user, running.id)
    assert services.runs.events(order.token, 1, [])["stop"]["by"] == "ana"
    services.runs.end(order.token, {"status": "stopped", "reason": "stopped by ana in cell 2"})
    assert project.status(running) == ("stopped", "stopped by ana in cell 2")
    assert "ended already" in services.executions.stop(user, running.id)


def test_what_was_stopped_meanwhile_is_not_started(
    services: Services, project: Project, environment: str, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = project.submit()
    seen = services.executions.get(user, row.id)
    services.executions.stop(user, row.id)
    # as another process would have seen it, on PostgreSQL, just before it was stopped
    first, stale = line.first, [seen]
    monkeypatch.setattr(line, "first", lambda *given: stale.pop() if stale else first(*given))
    assert services.pool.next_order(environment, "engine-1") is None
    assert stale == []
    assert project.status(row) == ("stopped", "stopped by ana before it started")
    assert services.executions.details(user, row.id)[2] == []


def test_stopping_execution_that_loses_its_machine_is_stopped(
    services: Services, project: Project, environment: str, user: User
) -> None:
    row = project.submit()
    order = place(services, environment)
    services.runs.start(order.token, {"pid": 1})
    services.executions.stop(user, row.id)
    services.pool.lost(order.execution_id, 1, "killed")
    assert project.status(row)[0] == "stopped"


def test_the_same_submission_twice_is_one_execution(project: Project) -> None:
    first = project.submit(idempotency_key="k")
    assert project.submit(idempotency_key="k").id == first.id
    assert project.submit(idempotency_key="other").counter == first.counter + 1


def test_counters_are_unique_under_load(services: Services, project: Project) -> None:
    made: list[int] = []

    def many() -> None:
        for _ in range(5):
            made.append(project.submit().counter)

    threads = [threading.Thread(target=many) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == list(range(1, 31))


def test_whoever_waits_is_told_why_no_machine_comes(
    services: Services, project: Project, environment: str, user: User
) -> None:
    row = project.submit()
    before = services.executions.get(user, row.id).revision
    services.pool.trouble(environment, "machine 1 could not be started: no memory")
    services.pool.trouble(environment, "machine 1 could not be started: no memory")
    told, _, _, waiting = services.executions.details(user, row.id)
    assert told.revision == before + 1
    shape = shapes.execution(told, "", tags=[], waiting=waiting)
    expected = "in line: no machine can be had: machine 1 could not be started: no memory"
    assert (shape["status_detail"], shape["queue_position"]) == (expected, 1)
    services.pool.trouble(environment, None)
    told, _, _, waiting = services.executions.details(user, row.id)
    assert shapes.execution(told, "", tags=[], waiting=waiting)["status_detail"] == "in line"
