"""What is known of an environment's use: what it cost, how it changed, and that it does not grow without end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from valo_jupyter.db.tables import engines, environment_samples
from valo_jupyter.domain import clock
from valo_jupyter.services import Services
from valo_jupyter.services.machines import Seen


@pytest.fixture
def environment(services: Services) -> str:
    admin = services.accounts.ensure("root", admin=True)
    settings = {"name": "gpu", "engine": "local", "per_hour_price_usd": 2.0}
    return services.environments.create(admin, settings).id


def sample(services: Services, environment: str, *known: tuple[datetime, int], seconds: float = 0.0) -> None:
    """Samples by their times, with how many machines were busy."""
    fixed = {"environment_id": environment, "starting": 0, "idle": 0, "waiting": 0, "machine_seconds": seconds}
    with services.database.write() as connection:
        connection.execute(
            sa.insert(environment_samples), [{**fixed, "time": time, "busy": busy} for time, busy in known]
        )


def samples(services: Services) -> list[Any]:
    with services.database.read() as connection:
        return list(connection.execute(sa.select(environment_samples).order_by(environment_samples.c.time)))


def machine(name: str, state: str = "idle") -> Seen:
    return Seen(name, state, clock.now(), None, None, None)


def test_cost_of_the_last_day_is_that_of_machines_that_were_there(services: Services, environment: str) -> None:
    now = clock.now()
    # two machines from 30 h to 23 h ago, one from 2 h ago until now: 2 machine hours of the last day, then 2 more
    sample(services, environment, (now - timedelta(hours=30), 2))
    sample(services, environment, (now - timedelta(hours=23), 0), (now - timedelta(hours=2), 1), seconds=2 * 7 * 3600)
    row = services.environments.get(environment)
    usage = services.machines.usage([row])[environment]
    assert usage.cost_day == pytest.approx(2.0 * (2 + 2), rel=0.001)
    assert usage.cost_running == 0


def test_a_report_is_written_when_it_says_something_new(services: Services, environment: str) -> None:
    services.machines.report("engine", environment, [machine("a"), machine("b", "busy")])
    services.machines.report("engine", environment, [machine("a"), machine("b", "busy")])
    services.machines.report("engine", environment, [machine("a")])
    assert [(row.idle, row.busy) for row in samples(services)] == [(1, 1), (1, 0)]
    first, second = samples(services)
    assert second.machine_seconds == pytest.approx(2 * (second.time - first.time).total_seconds())
    # another engine's, of the same environment: while one leaves and the next one comes
    services.machines.report("next", environment, [machine("c", "starting")])
    assert services.machines.usage([services.environments.get(environment)])[environment].machines == {
        "starting": 1, "idle": 1, "busy": 0, "draining": 0,
    }  # fmt: skip


def test_the_machines_of_an_engine_that_died_are_no_more_since_it_was_last_heard_of(
    services: Services, environment: str
) -> None:
    services.pool.heartbeat("dead", host="h", pid=1, version="1")
    services.pool.heartbeat("alive", host="h", pid=2, version="1")
    services.machines.report("dead", environment, [machine("a")])
    services.machines.report("alive", environment, [machine("b")])
    services.machines.forget_silent()
    admin = services.accounts.ensure("root")
    assert [row.name for row in services.machines.of(admin, environment)] == ["a", "b"]
    with services.database.write() as connection:
        long_ago = clock.now() - timedelta(minutes=5)
        connection.execute(sa.update(engines).where(engines.c.id == "dead").values(beat=long_ago))
    services.machines.forget_silent()
    assert [row.name for row in services.machines.of(admin, environment)] == ["b"]


def test_history_begins_with_what_there_was_and_is_no_longer_than_asked(services: Services, environment: str) -> None:
    now = clock.now()
    flicker = [(now - timedelta(seconds=second), second % 2) for second in range(1200, 0, -1)]
    sample(services, environment, (now - timedelta(hours=5), 3), *flicker)
    history = services.machines.history(environment, 60)
    assert (history[0]["busy"], len(history) <= 500) == (3, True)
    assert now - timedelta(hours=1) <= history[0]["time"] <= clock.now() - timedelta(hours=1)
    times = [step["time"] for step in history]
    assert times == sorted(times)
    assert history[-1]["busy"] == 1
    assert len(services.machines.history(environment, 1)) <= 61


def test_old_samples_are_thinned_and_then_forgotten(services: Services, environment: str) -> None:
    now = clock.now()
    for age in (timedelta(days=40), timedelta(days=2), timedelta(hours=3), timedelta(minutes=10)):
        sample(services, environment, *((now - age + timedelta(seconds=second), second) for second in range(60)))
    services.machines.tidy(environment)
    ages = [now - row.time for row in samples(services)]
    assert not [age for age in ages if age > timedelta(days=30)]
    assert 1 <= len([age for age in ages if timedelta(days=1) < age]) <= 2
    assert 6 <= len([age for age in ages if timedelta(hours=1) < age < timedelta(days=1)]) <= 7
    assert len([age for age in ages if age < timedelta(hours=1)]) == 60
    # the last of each part is the one that is kept
    assert [row.busy for row in samples(services) if now - row.time > timedelta(days=1)][-1] == 59
