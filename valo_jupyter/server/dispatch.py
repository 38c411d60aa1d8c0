"""Carries the pool's decisions to the engines, and what became of them back to the pool."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from valo_jupyter.domain.placement import AttemptRef, EnvironmentPlan
from valo_jupyter.domain.waiting import set_within
from valo_jupyter.engines.port import Change, Engine, Order
from valo_jupyter.server.fleet import Fleet, Held
from valo_jupyter.server.lookout import Lookout
from valo_jupyter.services.machines import Machines, Seen
from valo_jupyter.services.pool import Pool

log = logging.getLogger(__name__)

T = TypeVar("T")

#: how often to look although nobody called, with machines and without any
_ROUND_SECONDS = 1.0
_QUIET_ROUND_SECONDS = 2.5
#: how often to say that this engine lives, and to look for attempts that nobody hears of
_CHECK_SECONDS = 2.5
#: an attempt has to be found silent twice, this far apart: a computer that wakes up gives its machines time to report
_CONFIRM_SECONDS = 4.0


@dataclass(frozen=True)
class Addresses:
    """Where machines find the server."""

    server: str
    machines: str | None


class Dispatcher:
    """One engine process's part in the pool.

    Parameters
    ----------
    beat
        Say that this engine lives, and whether it is draining; true if it may place.
    addresses
        Where machines find the server now: those of this computer, and others; None while there is none.
    """

    def __init__(
        self,
        pool: Pool,
        machines: Machines,
        engine_id: str,
        *,
        beat: Callable[[bool], bool],
        addresses: Callable[[], Addresses | None],
        open_engine: Callable[[EnvironmentPlan], Engine],
    ) -> None:
        self.problems: dict[str, str] = {}
        self.draining = False
        self._pool = pool
        self._machines = machines
        self._id = engine_id
        self._beat = beat
        self._addresses = addresses
        self._fleet = Fleet(open_engine=open_engine, changed=self._changed, failed=self._trouble, opened=self._opened)
        self._lookout = Lookout(self._report)
        # one thread: its calls are short, and in their order
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="pool")
        self._wake = asyncio.Event()
        self._stopped = False
        self._may_place = False
        self._checked = 0.0
        self._silent: dict[AttemptRef, float] = {}
        self._ending: set[tuple[str, int]] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        self._wake.set()

    def stop(self) -> None:
        self._stopped = True
        self.wake()

    def drain(self) -> None:
        """Place nothing more; `run` returns when what runs has ended."""
        self.draining = True
        self._checked = 0.0
        self.wake()

    def busy(self) -> list[dict[str, Any]]:
        """Machines with an execution on them."""
        return [machine for machine in self.machines() if machine["execution"]]

    def machines(self) -> list[dict[str, Any]]:
        return [
            {
                "name": machine.name,
                "pid": machine.pid,
                "state": machine.state,
                "execution": machine.execution,
                "seconds": round(machine.since, 1),
            }
            for held in self._fleet.all()
            for machine in held.engine.machines()
        ]

    async def run(self) -> None:
        """Until stopped, or drained."""
        while not self._stopped:
            try:
                await self._round()
            except Exception:
                # a locked or unreachable database passes; the rows are still there in the next round
                log.exception("this round failed; the next one tries again")
            if self.draining and not self.busy() and not self._ending:
                return
            await set_within(self._wake, _ROUND_SECONDS if self.machines() else _QUIET_ROUND_SECONDS)

    async def close(self) -> None:
        """End all machines; what ran on them goes back to the pool."""
        await self._fleet.close()
        try:
            await self._call(self._machines.forget, self._id)
            for ref in await self._call(self._pool.running, self._id):
                await self._call(self._pool.lost, ref.execution_id, ref.attempt, "the server was stopped")
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=5)
            await self._call(self._pool.leave, self._id)
        except Exception:
            # the next engine finds the attempts of one that no longer lives
            log.exception("the end of this engine could not be written")
        self._thread.shutdown()

    # one round

    async def _round(self) -> None:
        if self._wake.is_set():
            self._wake.clear()
            # most often the reason is an execution for a machine that waits; limits are the pool's to check
            for held in self._fleet.serving():
                await self._place(held)
        if time.monotonic() - self._checked >= _CHECK_SECONDS:
            self._may_place = await self._call(self._beat, self.draining)
            if self._may_place:
                await self._look_for_silence()
                await self._call(self._machines.forget_silent)
            self._checked = time.monotonic()
        plans = await self._call(self._pool.environments)
        for plan in plans:
            if plan.unsettled and self._may_place:
                await self._call(self._pool.settle, plan.id)
                # what is queued now counts, and there may be more than was done at once
                self.wake()
        self._fleet.follow(plans, self.draining)
        if not self.draining:
            for held in self._fleet.serving():
                await self._place(held)
        await self._lookout.look(self._fleet, plans)

    async def _place(self, held: Held) -> None:
        while self._may_place and held.serves and held.engine.free() and (addresses := self._addresses()):
            given = await self._call(self._pool.next_order, held.plan.id, self._id)
            if given is None:
                return
            order = Order(
                given.execution_id,
                given.attempt,
                given.token,
                addresses.server,
                given.kernel,
                addresses.machines,
                given.wants,
            )
            if not await held.engine.place(order):
                await self._call(self._pool.unplace, order.execution_id, order.attempt, "no machine was free after all")
                return

    async def _report(self, environment_id: str, seen: list[Seen]) -> None:
        await self._call(self._machines.report, self._id, environment_id, seen)

    def _changed(self, held: Held, change: Change) -> None:
        if change.kind in ("failed", "waiting") and held.serves:
            self._trouble(held.plan, change.reason)
        elif change.kind == "started" and held.serves:
            # also what an engine before this one said
            self.problems.pop(held.plan.slug, None)
            self._spawn(self._call(self._pool.trouble, held.plan.id, None))
        elif change.kind == "lost" and change.execution_id and change.attempt:
            self._spawn(self._lost(change.execution_id, change.attempt, change.reason))
        self.wake()

    def _opened(self) -> None:
        # what an engine before this one left can be ended now
        self._checked = 0.0
        self.wake()

    def _trouble(self, plan: EnvironmentPlan, message: str) -> None:
        if self.problems.get(plan.slug) != message:
            log.warning("environment %s: no machine can be had: %s", plan.slug, message)
            self._spawn(self._call(self._pool.trouble, plan.id, message))
        self.problems[plan.slug] = message

    # attempts that end without an end of their own

    async def _look_for_silence(self) -> None:
        now = time.monotonic()
        expired = await self._call(self._pool.expired)
        self._silent = {ref: self._silent.get(ref, now) for ref in expired}
        silent = [ref for ref, since in self._silent.items() if now - since >= _CONFIRM_SECONDS]
        overdue = await self._call(self._pool.overdue_stops)
        orphans = await self._call(self._pool.orphans)
        for ref in (*overdue, *orphans, *silent):
            if (ref.execution_id, ref.attempt) not in self._ending:
                self._ending.add((ref.execution_id, ref.attempt))
                self._spawn(self._end(ref))

    async def _end(self, ref: AttemptRef) -> None:
        """First end what may still run of the attempt, then say that it is lost."""
        try:
            ended = await self._fleet.kill(ref.environment_id, ref.execution_id, ref.attempt)
            # without an engine to ask, what runs elsewhere has ended itself when its lease is over
            if ended or ref in self._silent:
                await self._lost(ref.execution_id, ref.attempt, ref.reason)
        finally:
            self._ending.discard((ref.execution_id, ref.attempt))

    async def _lost(self, execution_id: str, attempt: int, reason: str) -> None:
        pause = 0.1
        while True:
            try:
                await self._call(self._pool.lost, execution_id, attempt, reason)
                break
            except Exception:
                log.exception("the loss of %s#%s could not be written; trying again", execution_id, attempt)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)
        self.wake()

    async def _call(self, function: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *arguments)

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
