"""An engine over any of Dask's clusters: Dask owns machines and reaches them, we decide which one takes what."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict, replace
from itertools import count
from typing import Any

from distributed.comm.core import CommClosedError

from valo_jupyter.engines.cluster import DONE, ORDER, Cluster, Membership, configure, security
from valo_jupyter.engines.credentials import Credentials
from valo_jupyter.engines.port import Change, Machine, Order
from valo_jupyter.engines.scaling import EnvironmentScaling
from valo_jupyter.engines.slots import Slot

log = logging.getLogger(__name__)

_ROUND_SECONDS = 1.0
_FIRST_PAUSE_SECONDS = 1.0
#: what a provider without a bound of its own has
_PLENTY = 10_000


class DaskEngine:
    """Machines that are Dask workers with one slot each. Subclasses say what a machine is (`machine_spec`).

    All state is changed in the event loop without awaiting in between, so taking a machine for an order and choosing
    one to close exclude each other.
    """

    #: seconds that a machine whose connection ended may take to come back; its order goes on meanwhile
    patience = 0.0
    #: seconds between two attempts to start a machine when none can be had, at the most
    max_pause = 30.0
    #: where the scheduler listens, and the address that machines are told, if it is another one
    listen = "tls://127.0.0.1:0"
    contact: str | None = None

    def __init__(self, *, slug: str, credentials: Credentials) -> None:
        self.slug = slug
        self._security = security(credentials)
        self._slots: dict[str, Slot] = {}
        self._numbers = count(1)
        self._listeners: list[Callable[[Change], None]] = []
        self._wanted = 0
        self._minimum, self._maximum, self._grace = 0, 1, 900.0
        self._last_kernel: dict[str, Any] | None = None
        self._pause = 0.0
        self._failed = self._paused_until = 0.0
        self._scaling: EnvironmentScaling | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    # what a subclass says

    def machine_spec(self) -> dict[str, Any]:
        """`cls` and `options` of a new machine, as `SpecCluster` takes them."""
        raise NotImplementedError

    def new_name(self) -> str:
        """A name no machine ever had."""
        raise NotImplementedError

    async def end(self, name: str, execution_id: str | None) -> None:
        """On return nothing runs any more on the machine, nor of the execution, wherever its processes went."""
        raise NotImplementedError

    def explain(self, name: str) -> Awaitable[str | None]:
        """Why the machine ends, as far as its provider gets to know soon; asked at the moment of its loss."""
        return asyncio.sleep(0, None)

    def process_of(self, name: str) -> int | None:
        return None

    def address_for(self, name: str, order: Order) -> str:
        """Where the machine finds the server."""
        return order.server_url

    def room(self) -> int:
        """How many more machines the provider could give now."""
        return _PLENTY

    def back_off(self, name: str) -> None:
        """The machine could not be started: try no other for a while, and then one alone."""
        # those that were started together fail together, which counts once
        if self._slots[name].made >= self._failed:
            self._pause = min(max(self._pause * 2, _FIRST_PAUSE_SECONDS), self.max_pause)
            self._failed = time.monotonic()
            self._paused_until = self._failed + self._pause

    # what a subclass may call

    def waits(self, name: str, reason: str) -> None:
        """The provider has not given the machine yet, and says why."""
        self._tell(Change("waiting", name, reason=reason))

    @property
    def last_kernel(self) -> dict[str, Any] | None:
        """What a new machine keeps a kernel of: the kernelspec used last."""
        return self._last_kernel

    # life

    async def start(self) -> None:
        configure()
        self._cluster = Cluster(self, self._security)
        await self._cluster
        scheduler = self._cluster.scheduler
        assert scheduler is not None, "a started cluster has its scheduler"
        scheduler.add_plugin(Membership(self), name="valo-membership")
        scheduler.stream_handlers[DONE] = self._done
        self._scaling = EnvironmentScaling(
            self._cluster,
            demand=lambda: self._wanted,
            room=self._room,
            surplus=self._surplus,
            interval=_ROUND_SECONDS,
            minimum=self._minimum,
            maximum=self._maximum,
        )

    async def close(self) -> None:
        self._closed = True
        if self._scaling is None:
            return
        self._scaling.stop()
        for task in list(self._tasks):
            task.cancel()
        orders = [(slot.name, slot.order) for slot in self._slots.values() if slot.order]
        await asyncio.gather(*(self.end(name, order.execution_id) for name, order in orders))
        closing = self._cluster.close()
        if closing is not None:
            await closing

    # the port

    def on_change(self, callback: Callable[[Change], None]) -> None:
        self._listeners.append(callback)

    def demand(self, wanted: int) -> None:
        if wanted != self._wanted:
            self._wanted = wanted
            self._wake()

    def set_limits(self, minimum: int, maximum: int, grace_seconds: float) -> None:
        limits = (minimum, maximum, grace_seconds)
        if limits == (self._minimum, self._maximum, self._grace):
            return
        self._minimum, self._maximum, self._grace = limits
        if self._scaling is not None:
            self._scaling.minimum, self._scaling.maximum = minimum, maximum
        # whoever changed them may have changed what was in the way
        self.retry()

    def retry(self) -> None:
        self._paused_until = 0.0
        self._wake()

    def machines(self) -> list[Machine]:
        over = self._over_maximum()
        return [
            slot.describe(pid=self.process_of(slot.name), grace=self._grace, leaves=slot.name in over)
            for slot in self._slots.values()
        ]

    def _over_maximum(self) -> set[str]:
        """Busy machines above the maximum: so many will go as soon as they are free, most likely the newest."""
        busy = sorted((slot for slot in self._slots.values() if slot.state == "busy"), key=lambda slot: slot.changed)
        return {slot.name for slot in busy[self._maximum :]}

    def free(self) -> int:
        ready = sum(slot.ready for slot in self._slots.values())
        busy = sum(slot.state == "busy" for slot in self._slots.values())
        return max(0, min(ready, self._maximum - busy))

    async def place(self, order: Order) -> bool:
        if self.free() == 0:
            return False
        ready = [slot for slot in self._slots.values() if slot.ready]
        slot = max(ready, key=lambda slot: slot.fitness(order))
        slot.take(order)
        self._last_kernel = order.kernel
        self._spawn(self._follow(slot, order))
        return True

    async def kill(self, execution_id: str, attempt: int) -> None:
        name = None
        for slot in list(self._slots.values()):
            if slot.order and (slot.order.execution_id, slot.order.attempt) == (execution_id, attempt):
                name = slot.name
                self._forget(slot)
        await self.end(name or "", execution_id)
        self._wake()

    # what happens

    def arrived(self, name: str, address: str, hardware: dict[str, Any] | None) -> bool:
        """A worker has registered with the scheduler; False: nobody waits for it."""
        slot = self._slots.get(name)
        if slot is None or slot.address is not None or self._closed:
            return False
        slot.connect(address)
        slot.hardware = hardware
        if slot.state == "starting":
            self._pause = 0.0
            slot.become("idle")
            self._tell(Change("started", name))
        return True

    def departed(self, address: str) -> None:
        """A worker's connection has ended."""
        for slot in list(self._slots.values()):
            if slot.address != address:
                continue
            since = slot.disconnect()
            if self.patience:
                log.info("the connection of machine %s ended; it may come back within %.0f s", slot.name, self.patience)
                asyncio.get_running_loop().call_later(self.patience, self._still_away, slot, since)
            else:
                self.gone(slot.name, "its connection to the engine ended")

    def _still_away(self, slot: Slot, since: float) -> None:
        if slot.away == since and self._slots.get(slot.name) is slot:
            self.gone(slot.name, f"it was not heard of for {self.patience:.0f} s")

    def gone(self, name: str, reason: str) -> None:
        """The machine has ended, whoever says so first."""
        slot = self._slots.get(name)
        if slot is None or self._closed:
            return
        if slot.state == "starting":
            self.back_off(name)
            self._spawn(self.end(name, None))
            self._tell(Change("failed", name, reason=reason))
        elif slot.state != "draining":
            self._spawn(self._mourn(name, slot.order, self.explain(name), reason))
        self._forget(slot)
        self._wake()

    async def _mourn(self, name: str, order: Order | None, explanation: Awaitable[str | None], reason: str) -> None:
        reason = await explanation or reason
        log.warning("machine %s is lost: %s", name, reason)
        await self.end(name, order.execution_id if order else None)
        if order is not None:
            self._tell(Change("lost", name, order.execution_id, order.attempt, f"machine {name}: {reason}"))

    async def _follow(self, slot: Slot, order: Order) -> None:
        """Hand the order to the machine and wait until it is done with it."""
        order = replace(order, server_url=self.address_for(slot.name, order))
        while address := await slot.connected():
            try:
                problem = await self._hand_over(slot, address, order)
            except ConnectionError:
                # when the machine is back it is handed the order again, which it then goes on with
                continue
            if problem is not None:
                # `run` reports through the server and raises nothing: the worker itself has failed
                log.warning("order %s failed: %s", order.key, problem)
                self.gone(slot.name, f"the worker failed: {problem}")
            elif slot.name in self._slots:
                slot.order = None
                slot.become("idle")
                self._tell(Change("free", slot.name, order.execution_id, order.attempt))
                self._wake()
            return

    async def _hand_over(self, slot: Slot, address: str, order: Order) -> str | None:
        """What went wrong on the worker; None: it is done with the order. `ConnectionError` when it was lost.

        An order is a message on the connection that the worker has made, not a Dask task: nobody but us is to send it
        anywhere else or again, and it is there sooner.
        """
        number = next(self._numbers)
        answer = slot.hand(number)
        scheduler = self._cluster.scheduler
        assert scheduler is not None
        # one that is closed already is about to be told of by `departed`
        if (connection := scheduler.stream_comms.get(address)) is not None:
            with suppress(CommClosedError):
                connection.send({"op": ORDER, "number": number, "order": json.dumps(asdict(order))})
        return await answer

    def _done(self, number: int, problem: str | None, worker: str) -> None:
        """A worker's answer."""
        for slot in self._slots.values():
            if slot.address == worker:
                slot.answer(number, problem)

    # scaling

    def _surplus(self, count: int) -> list[str]:
        """At most `count` machines to be closed now: unused for their grace, or above the maximum."""
        now = time.monotonic()
        over = sum(slot.state != "draining" for slot in self._slots.values()) - self._maximum
        # those that are not even there first, then who has waited for longest
        spare = sorted(
            (slot for slot in self._slots.values() if slot.state in ("starting", "idle")),
            key=lambda slot: (slot.state == "idle", slot.changed),
        )
        leaving = [slot for n, slot in enumerate(spare) if n < over or slot.changed + self._grace <= now][:count]
        for slot in leaving:
            slot.become("draining")
        return [slot.name for slot in leaving]

    def _room(self) -> int:
        """How many machines may be started now."""
        if time.monotonic() < self._paused_until:
            return 0
        if self._pause:
            # the last one could not be started: one alone finds out whether it is over
            return 0 if any(slot.state == "starting" for slot in self._slots.values()) else min(1, self.room())
        return self.room()

    def add_slot(self) -> str:
        name = self.new_name()
        self._slots[name] = Slot(name, kernel=self._last_kernel)
        return name

    def _forget(self, slot: Slot) -> None:
        self._slots.pop(slot.name, None)
        if slot.address is not None and (scheduler := self._cluster.scheduler) is not None:
            # its connection may seem to be there for long when its host cannot be reached
            self._spawn(scheduler.remove_worker(slot.address, stimulus_id="valo-gone", close=False))
        slot.leave()
        # Dask keeps a dead worker in its plan, and would create it again under its old name
        self._cluster.worker_spec.pop(slot.name, None)
        worker = self._cluster.workers.pop(slot.name, None)
        if worker is not None:
            self._spawn(worker.close())

    def _wake(self) -> None:
        if self._scaling is not None and not self._closed:
            self._scaling.wake()

    def _tell(self, change: Change) -> None:
        for listener in self._listeners:
            listener(change)

    def _spawn(self, coroutine: Any) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
