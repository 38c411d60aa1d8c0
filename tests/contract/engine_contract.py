"""What every engine promises, tested with real machines that run real executions for a real server."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.parts.local import LocalProject, processes_of
from valo_jupyter.domain.placement import Placement
from valo_jupyter.domain.state import StateFolder, write_private
from valo_jupyter.engines.kinds import check_options
from valo_jupyter.engines.port import Change, Engine, Machine, Order
from valo_jupyter.engines.registry import open_engine
from valo_jupyter.server.web import Web

STEPS = {
    "quick": ["echo hi"],
    "slow": ["echo begun", "sleep 120"],
    # a child in a session of its own, whose parent is gone
    "strays": ["(setsid sh -c 'exec sleep 121' &)", "echo begun", "sleep 122"],
}


class Bench:
    """A server, an engine, and the orders between them."""

    def __init__(self, engine: Engine, project: LocalProject, url: str, environment: str) -> None:
        self.engine, self.project, self.url, self.environment = engine, project, url, environment
        self.changes: list[Change] = []
        engine.on_change(self.changes.append)

    async def until(self, condition: Callable[[], Any], seconds: float = 120.0) -> Any:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if value := condition():
                return value
            await asyncio.sleep(0.02)
        raise AssertionError(f"not within {seconds:.0f} s: {self.engine.machines()}, {self.changes}")

    async def idle(self, count: int) -> None:
        await self.until(lambda: self.states().count("idle") == count)

    def states(self) -> list[str]:
        return sorted(machine.state for machine in self.engine.machines())

    async def order(self, step: str) -> Placement:
        self.project.submit(step)
        placement = await asyncio.to_thread(self.project.services.pool.next_order, self.environment, "test")
        assert placement is not None
        return placement

    async def place(self, step: str) -> Placement:
        """Submit and place; return when its commands run."""
        given = await self.order(step)
        assert await self.engine.place(Order(given.execution_id, given.attempt, given.token, self.url))
        if step != "quick":
            await self.until(lambda: "begun" in self.project.lines(given.execution_id))
        return given

    async def project_stop(self, given: Placement) -> None:
        """Stop the execution as its owner would."""
        services = self.project.services
        await asyncio.to_thread(services.executions.stop, self.project.user, given.execution_id)

    def user_processes(self, execution_id: str) -> list[psutil.Process]:
        return processes_of(None, VALO_EXECUTION=execution_id)

    def pid_of(self, execution_id: str) -> int:
        return next(pid for m in self.engine.machines() if m.execution == execution_id and (pid := pid_of(m)))

    def said(self, kind: str) -> list[Change]:
        return [change for change in self.changes if change.kind == kind]


def pid_of(machine: Machine) -> int | None:
    """Machines of all kinds run on this computer here; those elsewhere say their process themselves."""
    return machine.pid or (machine.hardware or {}).get("pid")


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.slow
class EngineContract:
    """Subclasses give `kind` and `options`, or open their engine themselves."""

    kind = "local"
    #: what is said of a machine whose process was killed
    killed = "signal 9"

    def options(self, state: StateFolder) -> dict[str, Any]:
        return {}

    def open_engine(self, state: StateFolder) -> Engine:
        return open_engine(self.kind, slug="bench", state=state, options=check_options(self.kind, self.options(state)))

    @asynccontextmanager
    async def bench(self, folder: Path, steps: dict[str, list[str]] = STEPS) -> AsyncIterator[Bench]:
        state = StateFolder(folder / "state")
        web = Web(state)
        url = await web.listen()
        write_private(state.server_file, f'{{"url": "{url}", "pid": {os.getpid()}}}')
        project = LocalProject(state, folder / "code", steps)
        project.services.environments.set_scale("local", maximum=9)
        if self.kind != "local":
            settings = {"engine": self.kind, "options": self.options(state)}
            services = project.services
            await asyncio.to_thread(
                lambda: services.environments.edit(services.accounts.ensure("admin", admin=True), "local", settings)
            )
        engine = self.open_engine(state)
        await engine.start()
        try:
            yield Bench(engine, project, url, project.services.environments.get("local").id)
        finally:
            machines = [pid for machine in engine.machines() if (pid := pid_of(machine))]
            await engine.close()
            project.close()
            await web.close()
            assert not [pid for pid in machines if is_alive(pid)]

    @pytest.mark.asyncio
    async def test_machines_follow_demand_and_idle_ones_go_after_their_grace(self, tmp_path: Path) -> None:
        async with self.bench(tmp_path) as bench:
            engine = bench.engine
            engine.set_limits(1, 3, 1.0)
            await bench.idle(1)
            engine.demand(5)
            await bench.idle(3)
            assert engine.free() == 3
            first = await bench.place("slow")
            engine.demand(1)
            closing = time.monotonic()
            await bench.until(lambda: bench.states() == ["busy"])
            assert time.monotonic() - closing < 20
            # the minimum holds, and what is busy counts for it
            await engine.kill(first.execution_id, first.attempt)
            engine.demand(0)
            await bench.idle(1)
            await asyncio.sleep(2.5)
            assert bench.states() == ["idle"]
            engine.set_limits(0, 3, 0.5)
            await bench.until(lambda: bench.states() == [])

    @pytest.mark.asyncio
    async def test_an_order_runs_and_its_machine_is_free_again(self, tmp_path: Path) -> None:
        async with self.bench(tmp_path) as bench:
            bench.engine.set_limits(0, 1, 60.0)
            given = await bench.order("quick")
            order = Order(given.execution_id, given.attempt, given.token, bench.url)
            assert not await bench.engine.place(order)
            bench.engine.demand(1)
            await bench.idle(1)
            assert await bench.engine.place(order)
            assert not await bench.engine.place(order)
            await bench.until(lambda: bench.said("free"))
            assert bench.project.status(given.execution_id) == "complete"
            assert bench.project.lines(given.execution_id) == ["hi"]
            assert bench.engine.free() == 1

    @pytest.mark.asyncio
    async def test_a_lowered_maximum_closes_no_busy_machine(self, tmp_path: Path) -> None:
        async with self.bench(tmp_path) as bench:
            engine = bench.engine
            engine.set_limits(0, 3, 0.3)
            engine.demand(3)
            await bench.idle(3)
            one, two = await bench.place("slow"), await bench.place("slow")
            engine.set_limits(0, 1, 0.3)
            await bench.until(lambda: bench.states() == ["busy", "draining"])
            await asyncio.sleep(2)
            # one goes when its execution has ended, and says so until then
            assert bench.states() == ["busy", "draining"]
            assert {machine.execution for machine in engine.machines()} == {one.execution_id, two.execution_id}
            assert engine.free() == 0
            await bench.project_stop(one)
            await bench.until(lambda: bench.states() == ["busy"])
            assert bench.project.status(two.execution_id) == "started"
            assert not bench.said("lost")

    @pytest.mark.asyncio
    async def test_a_lost_machine_is_told_after_all_of_its_processes_ended(self, tmp_path: Path) -> None:
        async with self.bench(tmp_path) as bench:
            bench.engine.set_limits(0, 1, 60.0)
            bench.engine.demand(1)
            await bench.idle(1)
            given = await bench.place("strays")
            assert len(bench.user_processes(given.execution_id)) >= 3
            left: list[Any] = []
            bench.engine.on_change(
                lambda change: left.append(bench.user_processes(given.execution_id)) if change.kind == "lost" else None
            )
            os.kill(bench.pid_of(given.execution_id), signal.SIGKILL)
            (lost,) = await bench.until(lambda: bench.said("lost"))
            assert (lost.execution_id, lost.attempt) == (given.execution_id, given.attempt)
            assert self.killed in lost.reason
            assert left == [[]]
            await bench.idle(1)

    @pytest.mark.asyncio
    async def test_kill_ends_everything_and_replaces_the_machine(self, tmp_path: Path) -> None:
        async with self.bench(tmp_path) as bench:
            bench.engine.set_limits(0, 1, 60.0)
            bench.engine.demand(1)
            await bench.idle(1)
            given = await bench.place("strays")
            (before,) = (machine.name for machine in bench.engine.machines())
            await bench.engine.kill(given.execution_id, given.attempt)
            assert bench.user_processes(given.execution_id) == []
            await bench.idle(1)
            assert pid_of(bench.engine.machines()[0]) != before
            assert not bench.said("lost")
            # what nobody knows of ends nothing
            await bench.engine.kill("00000000-0000-0000-0000-000000000000", 1)
            assert bench.states() == ["idle"]
