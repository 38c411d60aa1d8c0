"""The engines of the environments: opened when there is a plan for one, and replaced when it is another one's."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

from valo_jupyter.domain.errors import ValoError
from valo_jupyter.domain.placement import EnvironmentPlan
from valo_jupyter.engines.port import Change, Engine

log = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS = 1.0
#: between two attempts to open an engine, at the most: of this computer's own, and of others
_MAX_PAUSE_SECONDS = 30.0
_MAX_PAUSE_ELSEWHERE_SECONDS = 300.0


@dataclass
class Held:
    """An engine, and the plan that it follows."""

    plan: EnvironmentPlan
    engine: Engine
    #: it takes orders; else it ends when what runs on it has
    serves: bool = True

    def busy(self) -> int:
        return sum(machine.execution is not None for machine in self.engine.machines())


@dataclass
class _Failed:
    saved: str | None
    pause: float
    until: float


class Fleet:
    """
    Parameters
    ----------
    open_engine
        Makes the engine of a plan; raises what is to be told to those who wait.
    changed
        Hears what happens to machines.
    failed
        Hears why an engine could not be opened.
    opened
        Called when an engine is there.
    """

    def __init__(
        self,
        *,
        open_engine: Callable[[EnvironmentPlan], Engine],
        changed: Callable[[Held, Change], None],
        failed: Callable[[EnvironmentPlan, str], None],
        opened: Callable[[], None],
    ) -> None:
        self._open_engine = open_engine
        self._changed = changed
        self._failed = failed
        self._opened = opened
        self._serving: dict[str, Held] = {}
        self._leaving: list[Held] = []
        self._opening: dict[str, asyncio.Task[None]] = {}
        self._failures: dict[str, _Failed] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def serving(self) -> list[Held]:
        return list(self._serving.values())

    def all(self) -> Iterator[Held]:
        yield from self._serving.values()
        yield from self._leaving

    def of(self, environment_id: str) -> list[Held]:
        return [held for held in self.all() if held.plan.id == environment_id]

    def busy(self) -> int:
        return sum(held.busy() for held in self.all())

    def follow(self, plans: list[EnvironmentPlan], draining: bool) -> None:
        """Bring the engines to what the plans say; what takes time goes on by itself."""
        by_id = {plan.id: plan for plan in plans}
        for environment_id, held in list(self._serving.items()):
            plan = by_id.get(environment_id)
            if plan is None or not _same_engine(held.plan, plan):
                self._dismiss(self._serving.pop(environment_id))
        for plan in plans:
            held = self._serving.get(plan.id)
            if held is not None:
                self._instruct(held, plan, draining)
            elif not draining and (plan.maximum or plan.demand):
                self._open(plan)
        for held in [held for held in self._leaving if not held.engine.machines()]:
            self._leaving.remove(held)
            self._spawn(held.engine.close())

    def _instruct(self, held: Held, plan: EnvironmentPlan, draining: bool) -> None:
        saved, held.plan = held.plan.saved, plan
        if draining:
            held.engine.set_limits(0, plan.maximum, 0.0)
            held.engine.demand(held.busy())
            return
        # machines of an engine that leaves are machines of the environment all the same
        away = sum(other.busy() for other in self._leaving if other.plan.id == plan.id)
        maximum = max(0, plan.maximum - away)
        held.engine.set_limits(min(plan.minimum, maximum), maximum, plan.grace_seconds)
        held.engine.demand(max(0, plan.demand - away))
        if saved != plan.saved:
            held.engine.retry()

    def _dismiss(self, held: Held) -> None:
        log.info("the engine of %s ends as soon as nothing runs on it", held.plan.slug)
        held.serves = False
        held.engine.set_limits(0, 0, 0.0)
        held.engine.demand(0)
        self._leaving.append(held)

    def _open(self, plan: EnvironmentPlan) -> None:
        failed = self._failures.get(plan.id)
        waits = failed is not None and failed.saved == plan.saved and time.monotonic() < failed.until
        if plan.id not in self._opening and not waits:
            self._opening[plan.id] = asyncio.get_running_loop().create_task(self._start(plan))

    async def _start(self, plan: EnvironmentPlan) -> None:
        engine = None
        try:
            engine = self._open_engine(plan)
            held = Held(plan, engine)
            await engine.start()
        except Exception as error:
            if isinstance(error, ValoError):
                message = error.message
            else:
                log.exception("the engine of %s could not be opened", plan.slug)
                message = f"the engine could not be opened: {type(error).__name__}: {error}"
            self._back_off(plan)
            self._failed(plan, message)
            if engine is not None:
                self._spawn(engine.close())
        else:
            engine.on_change(lambda change: self._changed(held, change))
            self._failures.pop(plan.id, None)
            self._serving[plan.id] = held
            self._opened()
        finally:
            self._opening.pop(plan.id, None)

    def _back_off(self, plan: EnvironmentPlan) -> None:
        before = self._failures.get(plan.id)
        longest = _MAX_PAUSE_SECONDS if plan.engine == "local" else _MAX_PAUSE_ELSEWHERE_SECONDS
        again = before is not None and before.saved == plan.saved
        pause = min(before.pause * 2, longest) if before and again else _FIRST_PAUSE_SECONDS
        self._failures[plan.id] = _Failed(plan.saved, pause, time.monotonic() + pause)

    async def kill(self, environment_id: str, execution_id: str, attempt: int) -> bool:
        """On return nothing of the attempt runs any more, if an engine could be asked (True)."""
        engines = self.of(environment_id)
        # of what no machine of theirs runs, any of them finds the remains
        having = [h for h in engines if any(m.execution == execution_id for m in h.engine.machines())] or engines[:1]
        for held in having:
            await held.engine.kill(execution_id, attempt)
        return bool(engines)

    async def close(self) -> None:
        """End all machines, busy ones too."""
        opening = list(self._opening.values())
        for task in opening:
            task.cancel()
        await asyncio.gather(*opening, return_exceptions=True)
        await asyncio.gather(*(held.engine.close() for held in self.all()))
        if self._closing:
            await asyncio.wait(self._closing, timeout=5)

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def _same_engine(one: EnvironmentPlan, other: EnvironmentPlan) -> bool:
    return (one.engine, one.options, one.secrets) == (other.engine, other.options, other.secrets)
