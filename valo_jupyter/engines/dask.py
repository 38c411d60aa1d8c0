"""An engine over any of Dask's clusters: Dask owns machines and reaches them, we decide which one takes what."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from distributed import Client, fire_and_forget

from valo_jupyter.engines.cluster import Cluster, Membership, configure, security
from valo_jupyter.engines.credentials import Credentials
from valo_jupyter.engines.port import Change, Machine, Order
from valo_jupyter.engines.scaling import EnvironmentScaling
from valo_jupyter.engines.task import run

log = logging.getLogger(__name__)

_ROUND_SECONDS = 1.0
_MAX_PAUSE_SECONDS = 30.0
#: images and inputs that are remembered of a machine
_REMEMBERED = 200


@dataclass
class _Slot:
    """A machine and what the engine knows of it."""

    name: str
    state: str = "starting"
    address: str | None = None
    order: Order | None = None
    changed: float = field(default_factory=time.monotonic)
    kernel: dict[str, Any] | None = None
    hardware: dict[str, Any] | None = None
    #: what its executions had in common with others: images and inputs, the newest last
    had: dict[str, None] = field(default_factory=dict)

    def remember(self, wants: tuple[str, ...]) -> None:
        for want in wants:
            self.had.pop(want, None)
            self.had[want] = None
        while len(self.had) > _REMEMBERED:
            del self.had[next(iter(self.had))]

    def become(self, state: str) -> None:
        self.state = state
        self.changed = time.monotonic()


class DaskEngine:
    """Machines that are Dask workers with one slot each. Subclasses say what a machine is (`machine_spec`).

    All state is changed in the event loop without awaiting in between, so taking a machine for an order and choosing
    one to close exclude each other.
    """

    def __init__(self, *, slug: str, credentials: Credentials) -> None:
        self.slug = slug
        self._security = security(credentials)
        self._slots: dict[str, _Slot] = {}
        self._listeners: list[Callable[[Change], None]] = []
        self._wanted = 0
        self._minimum, self._maximum, self._grace = 0, 1, 900.0
        self._last_kernel: dict[str, Any] | None = None
        self._failures = 0
        self._paused_until = 0.0
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
        self._client = Client(self._cluster, asynchronous=True, set_as_default=False, security=self._security)
        await self._client
        self._scaling = EnvironmentScaling(
            self._cluster,
            demand=lambda: self._wanted,
            held=lambda: time.monotonic() < self._paused_until,
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
        for part in (self._client, self._cluster):
            closing = part.close()
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
        self._wake()

    def machines(self) -> list[Machine]:
        now = time.monotonic()
        return [
            Machine(
                name=slot.name,
                address=slot.address,
                pid=self.process_of(slot.name),
                state=slot.state,
                execution=slot.order.execution_id if slot.order else None,
                since=now - slot.changed,
                idle_left=max(0.0, slot.changed + self._grace - now) if slot.state == "idle" else None,
                hardware=slot.hardware,
            )
            for slot in self._slots.values()
        ]

    def free(self) -> int:
        idle = sum(slot.state == "idle" for slot in self._slots.values())
        busy = sum(slot.state == "busy" for slot in self._slots.values())
        return max(0, min(idle, self._maximum - busy))

    async def place(self, order: Order) -> bool:
        if self.free() == 0:
            return False
        idle = [slot for slot in self._slots.values() if slot.state == "idle"]

        # the one that has most of it already, or whose waiting kernel fits; then the one used last, so that the
        # others' timers go on
        def fitness(slot: _Slot) -> tuple[int, bool, float]:
            return sum(want in slot.had for want in order.wants), slot.kernel == order.kernel, slot.changed

        slot = max(idle, key=fitness)
        slot.order = order
        slot.remember(order.wants)
        slot.kernel = self._last_kernel = order.kernel
        slot.become("busy")
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

    def arrived(self, name: str, address: str) -> None:
        """A worker has registered with the scheduler."""
        slot = self._slots.get(name)
        if slot is None or slot.state != "starting":
            return
        slot.address = address
        slot.become("idle")
        self._failures = 0
        self._tell(Change("started", name))

    def departed(self, address: str) -> None:
        """A worker's connection has ended."""
        for slot in list(self._slots.values()):
            if slot.address == address:
                self.gone(slot.name, "its connection to the engine ended")

    def gone(self, name: str, reason: str) -> None:
        """The machine has ended, whoever says so first."""
        slot = self._slots.get(name)
        if slot is None or self._closed:
            return
        starting, order, leaving = slot.state == "starting", slot.order, slot.state == "draining"
        self._forget(slot)
        if starting:
            self._failures += 1
            pause = min(2.0 ** (self._failures - 1), _MAX_PAUSE_SECONDS)
            self._paused_until = time.monotonic() + pause
            self._spawn(self.end(name, None))
            self._tell(Change("failed", name, reason=reason))
        elif not leaving:
            self._spawn(self._mourn(name, order, self.explain(name), reason))
        self._wake()

    async def _mourn(self, name: str, order: Order | None, explanation: Awaitable[str | None], reason: str) -> None:
        reason = await explanation or reason
        log.warning("machine %s is lost: %s", name, reason)
        await self.end(name, order.execution_id if order else None)
        if order is not None:
            self._tell(Change("lost", name, order.execution_id, order.attempt, f"machine {name}: {reason}"))

    async def _follow(self, slot: _Slot, order: Order) -> None:
        """Hand the order to the machine and wait until it is done with it."""
        future = self._client.submit(
            run,
            asdict(order),
            key=order.key,
            pure=False,
            workers=[slot.address],
            allow_other_workers=False,
        )
        fire_and_forget(future)
        try:
            await future
        except Exception as error:
            # `run` reports through the server and raises nothing: the worker itself has failed, or is gone
            log.warning("order %s ended with %r", order.key, error)
            # a cancelled key never runs again, even if a new machine comes to have the lost one's address
            await self._client.cancel([future], force=True)
            if slot.name in self._slots:
                self.gone(slot.name, f"the worker failed: {error}")
        else:
            if slot.name in self._slots:
                slot.order = None
                slot.become("idle")
                self._tell(Change("free", slot.name, order.execution_id, order.attempt))
                self._wake()

    # scaling

    def _surplus(self, count: int) -> list[str]:
        """At most `count` idle machines whose grace is over, or that are above the maximum, to be closed now."""
        now = time.monotonic()
        over = sum(slot.state != "draining" for slot in self._slots.values()) - self._maximum
        idle = sorted((slot for slot in self._slots.values() if slot.state == "idle"), key=lambda slot: slot.changed)
        leaving = [slot for n, slot in enumerate(idle) if n < over or slot.changed + self._grace <= now][:count]
        for slot in leaving:
            slot.become("draining")
        return [slot.name for slot in leaving]

    def add_slot(self) -> str:
        name = self.new_name()
        self._slots[name] = _Slot(name, kernel=self._last_kernel)
        return name

    def _forget(self, slot: _Slot) -> None:
        self._slots.pop(slot.name, None)
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
