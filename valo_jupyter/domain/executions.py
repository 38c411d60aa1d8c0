"""The states of an execution and the moves between them."""

from __future__ import annotations

from enum import Enum

from valo_jupyter.domain.errors import IllegalTransition


class Status(str, Enum):
    """Valohai's states. Only `STARTED` (and `STOPPING`) run user code."""

    CREATED = "created"
    QUEUED = "queued"
    STARTED = "started"
    STOPPING = "stopping"
    COMPLETE = "complete"
    ERROR = "error"
    CRASHED = "crashed"
    STOPPED = "stopped"

    @property
    def ended(self) -> bool:
        return self in ENDED

    def __str__(self) -> str:
        return self.value


ENDED = frozenset({Status.COMPLETE, Status.ERROR, Status.CRASHED, Status.STOPPED})
INCOMPLETE = frozenset(Status) - ENDED

#: Where each state may go. A lost machine sends a started execution back to the queue.
NEXT: dict[Status, frozenset[Status]] = {
    Status.CREATED: frozenset({Status.QUEUED, Status.STOPPED, Status.CRASHED}),
    Status.QUEUED: frozenset({Status.STARTED, Status.CREATED, Status.STOPPED, Status.CRASHED}),
    Status.STARTED: ENDED | {Status.STOPPING, Status.QUEUED},
    Status.STOPPING: ENDED,
}


def check_move(counter: int, status: Status, to: Status) -> None:
    """Raise `IllegalTransition` unless execution `#counter` may go from `status` to `to`."""
    if to not in NEXT.get(status, frozenset()):
        raise IllegalTransition(f"#{counter} is {status}; it cannot become {to}.")
