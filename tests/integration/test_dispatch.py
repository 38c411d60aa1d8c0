"""Settings of environments take effect at once on real machines, and whoever waits is told why."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.parts.local import LocalProject
from valo_jupyter.db.tables import environments
from valo_jupyter.domain import clock
from valo_jupyter.domain.errors import Invalid
from valo_jupyter.domain.placement import EnvironmentPlan
from valo_jupyter.domain.state import StateFolder, write_private
from valo_jupyter.engines.local import LocalEngine
from valo_jupyter.engines.port import Change, Engine, Machine, Order
from valo_jupyter.server.dispatch import Addresses, Dispatcher
from valo_jupyter.server.web import Web
from valo_jupyter.services import Services
from valo_jupyter.services.accounts import User

STEPS = {"waits": ["while [ ! -e $GATE ]; do sleep 0.05; done"], "quick": ["echo hi"]}


class RefusingEngine:
    """A provider that gives no machine: each attempt to start one fails, after the pause that an engine makes."""

    def __init__(self) -> None:
        self.asked = self.retried = 0
        self.limits = (0, 0, 0.0)
        self._listeners: list[Callable[[Change], None]] = []

    async def start(self) -> None:
        pass

    def demand(self, wanted: int) -> None:
        if wanted and not self.asked:
            self.asked += 1
            for listener in self._listeners:
                listener(Change("failed", "gpu-1", reason="QuotaExceeded: 0 of 0 GPUs left in north"))

    def set_limits(self, minimum: int, maximum: int, grace_seconds: float) -> None:
        self.limits = (minimum, maximum, grace_seconds)

    def retry(self) -> None:
        self.retried += 1

    def machines(self) -> list[Machine]:
        return []

    def free(self) -> int:
        return 0

    async def place(self, order: Order) -> bool:
        return False

    def on_change(self, callback: Callable[[Change], None]) -> None:
        self._listeners.append(callback)

    async def kill(self, execution_id: str, attempt: int) -> None:
        pass

    async def close(self) -> None:
        pass


class Bench:
    """A server, and a dispatcher over engines of this computer."""

    def __init__(self, services: Services, project: LocalProject, folder: Path) -> None:
        self.services, self.project, self.folder = services, project, folder
        self.admin: User = services.accounts.ensure("root", admin=True)
        self.opened: list[str] = []
        self.engines: dict[str, Engine] = {}

    def open_engine(self, plan: EnvironmentPlan) -> Engine:
        self.opened.append(plan.slug)
        if plan.slug == "broken":
            raise Invalid("The provider refuses the key.")
        if plan.slug == "refused":
            engine: Engine = RefusingEngine()
        else:
            engine = LocalEngine(slug=f"{plan.slug}-{len(self.opened)}", state=self.project.state, options={})
        self.engines[plan.slug] = engine
        return engine

    async def make(self, name: str, **settings: Any) -> str:
        given = {"name": name, "engine": "local", **settings}
        return (await asyncio.to_thread(self.services.environments.create, self.admin, given)).id

    async def edit(self, address: str, **settings: Any) -> None:
        await asyncio.to_thread(self.services.environments.edit, self.admin, address, settings)

    async def submit(self, environment: str, step: str = "waits", gate: str = "gate", **fields: Any) -> str:
        variables = {"GATE": str(self.folder / gate)}
        return await asyncio.to_thread(
            lambda: self.project.submit(step, environment=environment, environment_variables=variables, **fields)
        )

    def open(self, gate: str = "gate") -> None:
        (self.folder / gate).touch()

    def machines(self, environment_id: str) -> list[Any]:
        return self.services.machines.of(self.admin, environment_id)

    def states(self, environment_id: str) -> list[str]:
        return sorted(row.state for row in self.machines(environment_id))

    def why(self, execution_id: str) -> str:
        waiting = self.services.executions.details(self.project.user, execution_id)[3]
        return waiting.why if waiting else self.project.status(execution_id)

    async def until(self, condition: Callable[[], Any], seconds: float = 60.0) -> Any:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if value := await asyncio.to_thread(condition):
                return value
            await asyncio.sleep(0.03)
        raise AssertionError(f"it did not come to be within {seconds:.0f} s")

    async def status(self, execution_id: str, status: str) -> None:
        await self.until(lambda: self.project.status(execution_id) == status)


@contextlib.asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Bench]:
    state = StateFolder(folder / "state")
    web = Web(state)
    url = await web.listen()
    write_private(state.server_file, f'{{"url": "{url}", "pid": {os.getpid()}}}')
    project = LocalProject(state, folder / "code", STEPS)
    bench = Bench(web.services, project, folder)
    pool = web.services.pool
    dispatcher = Dispatcher(
        pool,
        web.services.machines,
        "engine",
        beat=lambda draining: pool.heartbeat("engine", host="h", pid=os.getpid(), version="1", draining=draining),
        addresses=lambda: Addresses(url, None),
        open_engine=bench.open_engine,
    )
    rounds = asyncio.create_task(dispatcher.run())
    try:
        yield bench
    finally:
        dispatcher.stop()
        await rounds
        await dispatcher.close()
        assert bench.machines(web.services.environments.list()[0].id) == []
        project.close()
        await web.close()


@pytest.mark.asyncio
async def test_a_lowered_maximum_closes_machines_as_their_executions_end(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        here = await bench.make("four", max_scale=3, scale_down_grace_minutes=0)
        first = [await bench.submit("four", gate=f"gate-{number}") for number in range(3)]
        waits = await bench.submit("four", gate="last")
        for each in first:
            await bench.status(each, "started")
        await bench.until(lambda: bench.states(here) == ["busy"] * 3)
        assert bench.why(waits) == "in line: all 3 machines are busy"
        await bench.edit("four", max_scale=1)
        assert bench.why(waits) == "in line: the one machine is busy"
        # two of them go when their executions have ended, and are seen to
        await bench.until(lambda: sorted(bench.states(here)) == ["busy", "draining", "draining"])
        assert all(machine.execution_id for machine in bench.machines(here))
        lowered = clock.now()
        bench.open("gate-0")
        await bench.status(first[0], "complete")
        await bench.until(lambda: sorted(bench.states(here)) == ["busy", "draining"])
        bench.open("gate-1")
        await bench.until(lambda: bench.states(here) == ["busy"])
        assert [bench.project.status(each) for each in first] == ["complete", "complete", "started"]
        assert bench.project.status(waits) == "queued"
        bench.open("gate-2")
        bench.open("last")
        await bench.status(waits, "complete")
        await bench.until(lambda: bench.states(here) == [])
        assert all(bench.project.row(each).attempt == 1 for each in [*first, waits])
        history = bench.services.machines.history(here, 60)
        # who goes afterwards is busy until then
        assert [step["busy"] for step in history if step["time"] >= lowered][:1] == [2]
        assert max(step["busy"] for step in history) == 3
        last = history[-1]
        assert (last["starting"], last["idle"], last["busy"], last["waiting"]) == (0, 0, 0, 0)


@pytest.mark.asyncio
async def test_a_quota_holds_back_and_lets_go(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        await bench.make("gpu", max_scale=3, per_user_quota=1)
        one, two, three = [await bench.submit("gpu", gate=f"{number}") for number in range(3)]
        await bench.status(one, "started")
        assert [bench.project.status(each) for each in (two, three)] == ["created", "created"]
        assert bench.why(two) == "over the quota: ana may use 1 machine of gpu at once"
        bench.open("0")
        # in the order of time, as soon as there is room
        await bench.status(two, "started")
        assert bench.project.status(three) == "created"
        await bench.edit("gpu", per_user_quota=2)
        await bench.status(three, "started")
        for gate in ("1", "2"):
            bench.open(gate)
        await bench.status(two, "complete")
        await bench.status(three, "complete")


@pytest.mark.asyncio
async def test_a_provider_that_refuses_is_quoted_and_asked_again_when_something_was_saved(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        await bench.make("refused")
        row = await bench.submit("refused", "quick")
        reason = "in line: no machine can be had: QuotaExceeded: 0 of 0 GPUs left in north"
        await bench.until(lambda: bench.why(row) == reason)
        engine = bench.engines["refused"]
        assert isinstance(engine, RefusingEngine)
        before = engine.retried
        await bench.edit("refused", description="with more of them")
        await bench.until(lambda: engine.retried > before)
        assert engine.limits == (0, 5, 900.0)
        await bench.edit("refused", enabled=False)
        await bench.until(lambda: engine.limits[1] == 0)
        assert bench.why(row) == "in line: the environment is disabled"


@pytest.mark.asyncio
async def test_an_engine_that_cannot_be_opened_is_tried_after_growing_pauses(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        await bench.make("broken")
        row = await bench.submit("broken", "quick")
        # others are served meanwhile
        well = await bench.submit("local", "quick")
        await bench.until(lambda: bench.why(row) == "in line: no machine can be had: The provider refuses the key.")
        await bench.status(well, "complete")
        began = time.monotonic()
        await asyncio.sleep(5.0)
        # pauses of 1, 2, 4, … seconds, and never two attempts for one of them
        assert bench.opened.count("broken") <= 2 + (time.monotonic() - began) / 2
        tried = bench.opened.count("broken")
        await bench.edit("broken", description="now")
        await bench.until(lambda: bench.opened.count("broken") == tried + 1, 10.0)


@pytest.mark.asyncio
async def test_other_options_are_another_engine_and_the_old_one_ends_what_it_runs(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        here = await bench.make("moves", max_scale=2, scale_down_grace_minutes=0)
        old = await bench.submit("moves", gate="old")
        await bench.status(old, "started")
        (machine,) = await bench.until(lambda: bench.states(here) == ["busy"] and bench.machines(here))
        # engines of this computer have no options of their own
        with bench.services.database.write() as connection:
            connection.execute(sa.update(environments).where(environments.c.id == here).values(options={"a": 1}))
        new = await bench.submit("moves", gate="new")
        await bench.status(new, "started")
        await bench.until(lambda: sorted(bench.states(here)) == ["busy", "draining"])
        third = await bench.submit("moves", "quick")
        assert bench.why(third) == "in line: all 2 machines are busy"
        bench.open("old")
        await bench.status(old, "complete")
        await bench.status(third, "complete")
        await bench.until(lambda: machine.name not in {row.name for row in bench.machines(here)})
        assert bench.project.row(old).attempt == 1
        # deleted while it runs: what runs is stopped, and its machine goes
        await asyncio.to_thread(bench.services.environments.delete, bench.admin, here, stop=True)
        await bench.status(new, "stopped")
        await bench.until(lambda: bench.states(here) == [])
        assert bench.project.row(new).environment_name == "moves"
