"""What an engine promises: machines that follow demand, placement on one of them, and word of its loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Order:
    """One attempt of an execution, all that a machine is told about it."""

    execution_id: str
    attempt: int
    token: str
    server_url: str
    #: the kernelspec of `docs/developer/wire.md`, or None for the machine's own
    kernel: dict[str, Any] | None = None
    #: where machines that are not of this computer find the server, which accepts attempts' tokens only there
    machines_url: str | None = None
    #: its image and the addresses of its inputs: a machine that had them lately is preferred
    wants: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.execution_id}#{self.attempt}"


@dataclass(frozen=True)
class Machine:
    """A machine as it is now. `since`: seconds in this state; `idle_left`: seconds until an idle one may be closed."""

    name: str
    address: str | None
    pid: int | None
    #: starting, idle, busy or draining
    state: str
    execution: str | None
    since: float
    idle_left: float | None
    #: what `runtime.machine.describe_machine` said when it arrived
    hardware: dict[str, Any] | None = None


@dataclass(frozen=True)
class Change:
    """Something happened to a machine.

    `kind`: `started` (it takes orders), `free` (its order ended, and it takes the next), `lost` (it is gone; nothing of
    the attempt runs any more), `failed` (it could not be started; `reason` is the provider's), `waiting` (the provider
    has not given it yet; `reason` is the provider's).
    """

    kind: str
    machine: str
    execution_id: str | None = None
    attempt: int | None = None
    reason: str = ""


class Engine(Protocol):
    """The machines of one environment. All methods are called in one event loop."""

    async def start(self) -> None: ...

    def demand(self, wanted: int) -> None:
        """How many machines are wanted now: executions that run and those that could."""
        ...

    def set_limits(self, minimum: int, maximum: int, grace_seconds: float) -> None:
        """Holds from now on. A busy machine is never closed for it."""
        ...

    def retry(self) -> None:
        """Whatever was in the way of new machines may be gone: do not wait for the end of a pause."""
        ...

    def machines(self) -> list[Machine]: ...

    def free(self) -> int:
        """How many orders `place` would take at once."""
        ...

    async def place(self, order: Order) -> bool:
        """Give the order to a free machine, which is no candidate for closing from this moment; False: none is free."""
        ...

    def on_change(self, callback: Callable[[Change], None]) -> None: ...

    async def kill(self, execution_id: str, attempt: int) -> None:
        """On return nothing of the attempt runs any more; its machine, if it had one, is replaced. Tells no `lost`."""
        ...

    async def close(self) -> None:
        """End every machine, busy ones too."""
        ...
