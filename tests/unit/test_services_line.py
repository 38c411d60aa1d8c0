"""The line of an environment: order, quotas, places and reasons, and that none of it reads all of a long line."""

from __future__ import annotations

import random
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from valo_jupyter.db.tables import commits, executions, machines, projects
from valo_jupyter.domain import clock
from valo_jupyter.domain.errors import NotAllowed
from valo_jupyter.services import Services, line
from valo_jupyter.services import machines as counted
from valo_jupyter.services.accounts import User
from valo_jupyter.services.machines import Seen
from valo_jupyter.services.waiting import PLACES

LONG = 20_000


class Crowd:
    """Executions in an environment, written as rows; what they run does not matter here."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.admin = services.accounts.ensure("root", admin=True)
        self.project = services.projects.create(self.admin, "crowd").id
        self.commit = str(uuid.uuid4())
        self.counter = self.problems = 0
        self.now = clock.now() - timedelta(hours=1)
        with services.database.write() as connection:
            connection.execute(
                sa.insert(commits).values(
                    id=self.commit, project_id=self.project, identifier="~x", sha="x", adhoc=True,
                    creator_id=self.admin.id, ctime=self.now,
                )
            )  # fmt: skip

    def environment(self, name: str = "gpu", **settings: Any) -> Any:
        return self.services.environments.create(self.admin, {"name": name, "engine": "local", **settings})

    def user(self, name: str) -> User:
        return self.services.accounts.ensure(name)

    def add(self, environment: Any, user: User, count: int = 1, status: str = "queued", priority: int = 0) -> list[str]:
        """Each has waited a second less than the one before it."""
        rows = []
        for _ in range(count):
            self.counter += 1
            time = self.now + timedelta(seconds=self.counter / 1000)
            rows.append(
                {
                    "id": str(uuid.uuid4()), "project_id": self.project, "counter": self.counter, "revision": 1,
                    "status": status, "step": "train", "commit_id": self.commit, "environment_id": environment.id,
                    "creator_id": user.id, "priority": priority, "ctime": time, "queued": time,
                }
            )  # fmt: skip
        with self.services.database.write() as connection:
            connection.execute(sa.insert(executions), rows)
            connection.execute(
                sa.update(projects).where(projects.c.id == self.project).values(last_counter=self.counter)
            )
        return [row["id"] for row in rows]

    def place(self, environment: Any) -> str | None:
        given = self.services.pool.next_order(environment.id, "engine")
        return given and given.execution_id

    def walk(self, environment: Any, status: str = "queued") -> list[str]:
        with self.services.database.read() as connection:
            return [entry.id for entry in line.walk(connection, environment.id, status)]

    def status(self, *ids: str) -> list[str]:
        return [self.services.executions.get(self.admin, each).status for each in ids]

    def waiting(self, execution_id: str) -> tuple[int | None, str]:
        found = self.services.executions.details(self.admin, execution_id)[3]
        assert found is not None
        return found.place, found.why

    def settle(self, environment: Any) -> int:
        """Until nothing is to be done; how many times something was."""
        for times in range(1000):
            (plan,) = [plan for plan in self.services.pool.environments() if plan.id == environment.id]
            if not plan.unsettled:
                return times
            self.services.pool.settle(environment.id)
        raise AssertionError("it never settles")

    def edit(self, environment: Any, **settings: Any) -> None:
        self.services.environments.edit(self.admin, environment.id, settings)


@pytest.fixture
def crowd(services: Services) -> Crowd:
    return Crowd(services)


def test_one_users_thousand_do_not_starve_anothers_first(crowd: Crowd) -> None:
    gpu = crowd.environment(max_scale=4)
    many = crowd.add(gpu, crowd.user("ana"), 1000)
    (one,) = crowd.add(gpu, crowd.user("ben"))
    assert crowd.place(gpu) == many[0]
    assert crowd.waiting(one) == (1, "in line")
    assert crowd.place(gpu) == one
    assert [crowd.place(gpu), crowd.place(gpu), crowd.place(gpu)] == [many[1], many[2], None]


def test_priority_goes_before_share_and_time(crowd: Crowd) -> None:
    gpu = crowd.environment(max_scale=9)
    ana, ben = crowd.user("ana"), crowd.user("ben")
    usual = crowd.add(gpu, ana, 2)
    others = crowd.add(gpu, ben, 2)
    urgent = crowd.add(gpu, ana, 2, priority=5)
    low = crowd.add(gpu, ben, 1, priority=-1)
    expected = [*urgent, others[0], others[1], usual[0], usual[1], *low]
    assert crowd.walk(gpu) == expected
    assert [crowd.place(gpu) for _ in expected] == expected


def test_the_line_as_it_is_shown_is_the_line_as_it_moves(crowd: Crowd) -> None:
    gpu = crowd.environment(max_scale=200)
    some = random.Random(7)
    users = [crowd.user(f"user-{number}") for number in range(6)]
    for _ in range(20):
        crowd.add(gpu, some.choice(users), some.randint(1, 5), priority=some.choice([0, 0, 0, 2, -3]))
    for user in users[:3]:
        crowd.add(gpu, user, some.randint(1, 4), status="started")
    shown = crowd.walk(gpu)
    assert crowd.services.machines.line(gpu.id, 10).ids == shown[:10]
    assert [crowd.waiting(each)[0] for each in shown[:5]] == [1, 2, 3, 4, 5]
    assert [crowd.place(gpu) for _ in shown] == shown


def test_the_parts_of_a_line_end_where_it_is_not_counted_any_more(
    crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counted, "COUNTED", 4)
    gpu = crowd.environment()
    waiting = crowd.add(gpu, crowd.user("ana"), 9)
    first = crowd.services.machines.line(gpu.id, 2)
    last = crowd.services.machines.line(gpu.id, 2, 2)
    assert (first.ids, first.next, last.ids, last.next) == (waiting[:2], 2, waiting[2:4], None)


def test_over_the_quota_is_created_and_moves_up(crowd: Crowd) -> None:
    gpu = crowd.environment(max_scale=9, per_user_quota=2)
    ana, ben = crowd.user("ana"), crowd.user("ben")
    mine = crowd.add(gpu, ana, 5, status="created")
    (other,) = crowd.add(gpu, ben, status="created")
    urgent = crowd.add(gpu, ana, 1, status="created", priority=1)
    crowd.settle(gpu)
    assert crowd.status(urgent[0], *mine, other) == ["queued", "queued", *["created"] * 4, "queued"]
    assert crowd.waiting(mine[1]) == (4, "over the quota: ana may use 2 machines of gpu at once")
    assert crowd.waiting(mine[4])[0] == 7
    assert {crowd.place(gpu) for _ in range(3)} == {urgent[0], mine[0], other}
    assert crowd.place(gpu) is None
    crowd.services.executions.stop(crowd.admin, mine[0])
    crowd.services.pool.lost(mine[0], 1, "gone")
    crowd.settle(gpu)
    assert crowd.status(*mine[:3]) == ["stopped", "queued", "created"]


def test_a_changed_quota_holds_for_those_in_line(crowd: Crowd) -> None:
    gpu = crowd.environment(max_scale=9)
    ana = crowd.user("ana")
    running = crowd.add(gpu, ana, 2, status="started")
    queued = crowd.add(gpu, ana, 500)
    crowd.edit(gpu, per_user_quota=3)
    # at once, before anybody was taken out of the line
    assert crowd.place(gpu) == queued[0]
    assert crowd.place(gpu) is None
    assert crowd.settle(gpu) == 3
    assert set(crowd.status(*queued[1:])) == {"created"}
    crowd.edit(gpu, per_user_quota=4)
    crowd.settle(gpu)
    assert crowd.status(*queued[1:3]) == ["queued", "created"]
    # what runs is never touched
    crowd.edit(gpu, per_user_quota=1)
    crowd.settle(gpu)
    assert set(crowd.status(*running)) == {"started"}
    crowd.edit(gpu, per_user_quota=0)
    crowd.settle(gpu)
    assert set(crowd.status(*queued[1:])) == {"queued"}


def test_a_new_execution_does_not_overtake_those_over_the_quota(crowd: Crowd) -> None:
    gpu = crowd.environment(per_user_quota=1)
    ana = crowd.user("ana")
    with crowd.services.database.read() as connection:
        assert line.admitted(connection, gpu, ana.id)
    crowd.add(gpu, ana, 1, status="created")
    with crowd.services.database.read() as connection:
        assert not line.admitted(connection, gpu, ana.id)
        assert line.admitted(connection, gpu, crowd.user("ben").id)


def test_demand_is_what_could_run(crowd: Crowd) -> None:
    gpu = crowd.environment(max_scale=5, per_user_quota=2)
    crowd.add(gpu, crowd.user("ana"), 10)
    assert plan_of(crowd, gpu).demand == 2
    crowd.add(gpu, crowd.user("ben"), 10)
    crowd.add(gpu, crowd.user("eve"), 10)
    assert plan_of(crowd, gpu).demand == 5
    crowd.edit(gpu, per_user_quota=0)
    assert plan_of(crowd, gpu).demand == 5
    crowd.add(gpu, crowd.user("ana"), 3, status="started")
    assert plan_of(crowd, gpu).demand == 5
    crowd.edit(gpu, max_scale=1)
    assert plan_of(crowd, gpu).demand == 3
    crowd.edit(gpu, enabled=False)
    assert (plan_of(crowd, gpu).demand, plan_of(crowd, gpu).maximum) == (3, 0)


def plan_of(crowd: Crowd, environment: Any) -> Any:
    return next(plan for plan in crowd.services.pool.environments() if plan.id == environment.id)


def test_a_disabled_environment_places_nothing_and_says_so(crowd: Crowd) -> None:
    gpu = crowd.environment()
    (row,) = crowd.add(gpu, crowd.user("ana"))
    crowd.edit(gpu, enabled=False)
    assert crowd.place(gpu) is None
    assert crowd.waiting(row) == (1, "in line: the environment is disabled")


def test_why_it_waits(crowd: Crowd) -> None:
    gpu = crowd.environment(max_scale=2)
    ana = crowd.user("ana")
    first, second, third = crowd.add(gpu, ana, 3)
    starting = Seen("gpu-1", "starting", clock.now(), None, None, None)
    crowd.services.machines.report("engine", gpu.id, [starting])
    assert crowd.waiting(first) == (1, "in line: a machine is starting")
    crowd.services.pool.trouble(gpu.id, "no more GPUs")
    assert crowd.waiting(second) == (2, "in line: no machine can be had: no more GPUs")
    crowd.services.pool.trouble(gpu.id, None)
    assert {crowd.place(gpu), crowd.place(gpu)} == {first, second}
    assert crowd.waiting(third) == (1, "in line: all 2 machines are busy")
    crowd.services.machines.forget("engine")
    with crowd.services.database.read() as connection:
        assert connection.execute(sa.select(machines)).all() == []


def test_teams_keep_out_and_limit(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = crowd.environment(max_scale=9, team_quotas={"vision": 0, "speech": 1})
    ana, ben = crowd.user("ana"), crowd.user("ben")
    teams = {ana.id: ("vision",), ben.id: ("speech",)}
    monkeypatch.setattr(line, "teams_of", lambda user: teams.get(user, ()))
    monkeypatch.setattr("valo_jupyter.services.asking.teams_of", lambda user: teams.get(user, ()))
    from valo_jupyter.services.asking import check_may_use

    with crowd.services.database.read() as connection:
        with pytest.raises(NotAllowed, match="The team vision may not use the environment gpu"):
            check_may_use(connection, gpu, ana.id)
        check_may_use(connection, gpu, ben.id)
        crowd.edit(gpu, allow_personal_usage=False)
        with pytest.raises(NotAllowed, match="this one is personal"):
            check_may_use(connection, crowd.services.environments.get("gpu"), ben.id)
    theirs = crowd.add(gpu, ben, 2)
    assert [crowd.place(gpu), crowd.place(gpu)] == [theirs[0], None]


# a long line


@contextmanager
def statements(services: Services) -> Iterator[list[tuple[str, Any]]]:
    seen: list[tuple[str, Any]] = []

    def remember(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        seen.append((statement, parameters))

    event.listen(services.database.engine, "before_cursor_execute", remember)
    try:
        yield seen
    finally:
        event.remove(services.database.engine, "before_cursor_execute", remember)


def test_a_long_line_costs_what_a_short_one_does(crowd: Crowd) -> None:
    environment = crowd.environment(max_scale=9, per_user_quota=2)
    users = [crowd.user(name) for name in ("ana", "ben", "eve")]

    def more(count: int) -> None:
        for user in users:
            crowd.add(environment, user, count)
            crowd.add(environment, user, count // 4, status="created", priority=3)

    def counted() -> dict[str, int]:
        head = crowd.services.machines.line(environment.id, 5).ids
        crowd.problems += 1
        problem = f"{crowd.problems}"
        work: dict[str, Callable[[], Any]] = {
            "plans": crowd.services.pool.environments,
            "next": lambda: crowd.place(environment),
            "place in line": lambda: crowd.waiting(head[3]),
            "usage": lambda: crowd.services.machines.usage([environment]),
            "queue": lambda: crowd.services.machines.line(environment.id, 20),
            "trouble": lambda: crowd.services.pool.trouble(environment.id, problem),
        }
        found = {}
        for what, do in work.items():
            with statements(crowd.services) as seen:
                do()
            # what is shown is counted up to a number that may be nearly all there is
            assert what in ("usage", "queue") or [each for each in seen if reads_all(crowd.services, *each)] == [], what
            found[what] = len(seen)
        return found

    more(40)
    short = counted()
    more(LONG // 4)
    if not crowd.services.database.sqlite:
        with crowd.services.database.write() as connection:
            connection.exec_driver_sql("ANALYZE executions")
    for what, count in counted().items():
        assert count <= short[what] + 4, what
    # who is far behind is told so, without being counted
    last = crowd.add(environment, users[0])[0]
    place, why = crowd.waiting(last)
    assert (place, why.endswith(f"more than {PLACES} are before it")) == (None, True)


def reads_all(services: Services, statement: str, parameters: Any) -> bool:
    """Whether the statement goes over very many executions, or sorts those in line instead of taking them in order."""
    if "executions" not in statement or not statement.lstrip().upper().startswith(("SELECT", "WITH")):
        return False
    with services.database.read() as connection:
        if services.database.sqlite:
            steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            bad = r"SCAN executions" + (r"|TEMP B-TREE FOR ORDER BY" if " LIMIT " in statement else "")
            return any(re.search(bad, str(row[-1])) for row in steps)
        steps = connection.exec_driver_sql(f"EXPLAIN (ANALYZE) {statement}", parameters)
        told = "\n".join(str(row[0]) for row in steps)
        return any(int(rows) > LONG // 4 for rows in re.findall(r"(?:actual .*rows=|Removed by Filter: )(\d+)", told))
