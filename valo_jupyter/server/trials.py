"""Runs trials: a machine is started on an engine of its own, tries what executions need, and is closed again."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from valo_jupyter.domain.errors import ValoError
from valo_jupyter.domain.waiting import set_within
from valo_jupyter.engines.port import Change, Engine, Order
from valo_jupyter.runtime.probe import PROBE
from valo_jupyter.server.dispatch import Addresses
from valo_jupyter.services.trials import Trial, Trials

log = logging.getLogger(__name__)

T = TypeVar("T")

#: how often to look although nobody called
_LOOK_SECONDS = 5.0
#: how long all of it may take, and on machines that a cloud has to make first
_LIMIT_SECONDS = 120.0
_LIMIT_CLOUD_SECONDS = 600.0
_PROBE_SECONDS = 60.0
_CLOSE_SECONDS = 60.0
_CLOUDS = frozenset({"kubernetes", "ec2", "azure", "gcp", "openstack"})
_AT_ONCE = 2


class TrialRunner:
    """
    Parameters
    ----------
    engine_id
        The engine process that makes the trials.
    open_engine
        Makes an engine for a trial, under a name of its own.
    addresses
        Where machines find the server; None while there is none.
    """

    def __init__(
        self,
        trials: Trials,
        engine_id: str,
        *,
        open_engine: Callable[[Trial, str], Engine],
        addresses: Callable[[], Addresses | None],
    ) -> None:
        self._trials = trials
        self._engine_id = engine_id
        self._open_engine = open_engine
        self._addresses = addresses
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="trials")
        self._wake = asyncio.Event()
        self._draining = False
        #: by the trials' ids
        self._running: dict[str, asyncio.Task[None]] = {}

    def wake(self) -> None:
        self._wake.set()

    def drain(self) -> None:
        """Begin no other; those under way go on to their ends."""
        self._draining = True

    async def run(self) -> None:
        """Until cancelled; trials under way are ended with it."""
        try:
            while True:
                try:
                    await self._settle()
                    await self._take()
                except Exception:
                    log.exception("looking for tests failed")
                await set_within(self._wake, _LOOK_SECONDS)
                self._wake.clear()
        finally:
            tasks = list(self._running.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._thread.shutdown()

    async def _settle(self) -> None:
        """End the trials that nobody makes any more: their engine process is gone, or could not write their end."""
        for trial_id in await self._call(self._trials.abandoned, self._engine_id, list(self._running)):
            await self._step(trial_id, "close", False, "The server was stopped before the test had ended.", 0.0)
            await self._call(self._trials.finish, trial_id)

    async def _take(self) -> None:
        while not self._draining and len(self._running) < _AT_ONCE:
            trial = await self._call(self._trials.take, self._engine_id)
            if trial is None:
                return
            task = asyncio.get_running_loop().create_task(self._try(trial))
            self._running[trial.id] = task
            task.add_done_callback(partial(self._ended, trial.id))

    def _ended(self, trial_id: str, task: asyncio.Task[None]) -> None:
        del self._running[trial_id]
        if not task.cancelled() and (error := task.exception()):
            log.error("the end of a test could not be written", exc_info=error)
        self.wake()

    async def _try(self, trial: Trial) -> None:
        limit = _LIMIT_CLOUD_SECONDS if trial.engine in _CLOUDS else _LIMIT_SECONDS
        begun = time.monotonic()
        engine = None
        changes: asyncio.Queue[Change] = asyncio.Queue()
        #: the provider's reason for not having given a machine yet
        waits = ""
        started = False
        problem: str | None = None
        try:
            engine = self._open_engine(trial, f"test-{trial.id[:8]}")
            engine.on_change(changes.put_nowait)

            async def whole() -> str | None:
                nonlocal waits, started
                assert engine is not None
                await engine.start()
                engine.set_limits(0, 1, 0.0)
                engine.demand(1)
                while (change := await changes.get()).kind != "started":
                    if change.kind == "failed":
                        return change.reason
                    waits = change.reason
                started = True
                seconds = time.monotonic() - begun
                await self._step(trial.id, "start", True, f"machine {change.machine} has started", seconds)
                return await self._probe(trial, engine, changes)

            problem = await asyncio.wait_for(whole(), limit)
        except asyncio.TimeoutError:
            problem = f"no end after {limit:.0f} s" + (f"; the provider says: {waits}" if waits else "")
        except ValoError as error:
            problem = error.message
        except asyncio.CancelledError:
            problem = "The server was stopped before the test had ended."
        except Exception as error:
            log.exception("the test of an engine %s failed", trial.engine)
            problem = f"{type(error).__name__}: {error}"
        try:
            if problem is not None:
                reached = started and await self._call(self._trials.reached, trial.id)
                name = "run" if reached else "reach" if started else "start"
                await self._step(trial.id, name, False, problem, time.monotonic() - begun)
        finally:
            # also when that could not be written
            if engine is not None:
                await self._close(trial, engine)
        await self._call(self._trials.finish, trial.id)

    async def _probe(self, trial: Trial, engine: Engine, changes: asyncio.Queue[Change]) -> str | None:
        """What is wrong, unless the machine has told it itself."""
        addresses = self._addresses()
        if addresses is None:
            return "The server is not there for its machines."
        end = time.monotonic() + _PROBE_SECONDS
        order = Order(trial.id, PROBE, trial.token, addresses.server, None, addresses.machines)
        if not await engine.place(order):
            return "The machine has gone again."
        while True:
            try:
                change = await asyncio.wait_for(changes.get(), end - time.monotonic())
            except asyncio.TimeoutError:
                where = "itself" if addresses.machines is None else f"at {addresses.machines}"
                if not await self._call(self._trials.reached, trial.id):
                    return f"The machine does not reach the server {where} ({addresses.server} for its own computer)."
                return "The machine did not come to an end with what it tried."
            if change.kind in ("lost", "failed"):
                return change.reason
            if change.kind == "free":
                return None

    async def _close(self, trial: Trial, engine: Engine) -> None:
        begun = time.monotonic()
        try:
            await asyncio.wait_for(engine.close(), _CLOSE_SECONDS)
            ok, message = True, "nothing of it is left"
        except Exception as error:
            log.exception("the machine of a test could not be closed")
            ok, message = False, f"The machine could not be closed: {error or type(error).__name__}"
        await self._step(trial.id, "close", ok, message, time.monotonic() - begun)

    async def _step(self, trial_id: str, name: str, ok: bool, message: str, seconds: float) -> None:
        await self._call(self._trials.step, trial_id, name, ok, message, seconds)

    async def _call(self, function: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *arguments)
