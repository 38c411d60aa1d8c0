"""What an engine knows of one of its machines, and which one suits an order."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from valo_jupyter.engines.port import Machine, Order

#: images and inputs that are remembered of a machine
_REMEMBERED = 200


@dataclass
class Slot:
    """A machine: `starting`, `idle`, `busy` or `draining`. Without an address it is not connected now."""

    name: str
    state: str = "starting"
    address: str | None = None
    order: Order | None = None
    made: float = field(default_factory=time.monotonic)
    changed: float = field(default_factory=time.monotonic)
    kernel: dict[str, Any] | None = None
    hardware: dict[str, Any] | None = None
    #: what its executions had in common with others: images and inputs, the newest last
    had: dict[str, None] = field(default_factory=dict)
    #: when its connection ended, while it may still come back
    away: float | None = None
    _connected: asyncio.Event = field(default_factory=asyncio.Event)
    _number: int = 0
    _answer: asyncio.Future[str | None] | None = None

    @property
    def ready(self) -> bool:
        return self.state == "idle" and self.address is not None

    def become(self, state: str) -> None:
        self.state = state
        self.changed = time.monotonic()

    def connect(self, address: str) -> None:
        self.address, self.away = address, None
        self._connected.set()

    def disconnect(self) -> float:
        """Its connection ended; returns when."""
        self.address, self.away = None, time.monotonic()
        self._connected.clear()
        self._break_off()
        return self.away

    def leave(self) -> None:
        """The machine is no more."""
        self.address = self.away = None
        self._connected.set()
        self._break_off()

    async def connected(self) -> str | None:
        """Its address as soon as it has one; None when it is no more."""
        await self._connected.wait()
        return self.address

    def hand(self, number: int) -> asyncio.Future[str | None]:
        """What will be answered to the order that it is handed now; `ConnectionError` if its connection ends first."""
        self._number, self._answer = number, asyncio.get_running_loop().create_future()
        return self._answer

    def answer(self, number: int, problem: str | None) -> None:
        if number == self._number and self._answer is not None and not self._answer.done():
            self._answer.set_result(problem)

    def _break_off(self) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError())

    def take(self, order: Order) -> None:
        for want in order.wants:
            self.had.pop(want, None)
            self.had[want] = None
        while len(self.had) > _REMEMBERED:
            del self.had[next(iter(self.had))]
        self.order, self.kernel = order, order.kernel
        self.become("busy")

    def fitness(self, order: Order) -> tuple[int, bool, float]:
        """The machine with the highest one suits the order best.

        It has most of it already, or its waiting kernel fits; then the one used last, so that the others' timers go on.
        """
        return sum(want in self.had for want in order.wants), self.kernel == order.kernel, self.changed

    def describe(self, *, pid: int | None, grace: float, leaves: bool = False) -> Machine:
        """As others see it; `leaves`: it is busy, and goes afterwards."""
        now = time.monotonic()
        return Machine(
            name=self.name,
            address=self.address,
            pid=pid,
            state="draining" if leaves else self.state,
            execution=self.order.execution_id if self.order else None,
            since=now - self.changed,
            idle_left=max(0.0, self.changed + grace - now) if self.state == "idle" else None,
            hardware=self.hardware,
        )
