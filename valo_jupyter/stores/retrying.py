"""One policy for all stores: what is tried again, how often, and how long a silent peer is waited for."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from valo_jupyter.stores.base import Cancel
from valo_jupyter.stores.errors import Cancelled, Unavailable

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Patience:
    """How long a store is waited for, in seconds.

    Attributes
    ----------
    tries, total
        No try begins after so many without any progress, nor so long after the first of them.
    first, longest
        The pause before the second try, which doubles with each further one; the real ones are between nothing and
        these (full jitter), so that a hundred machines do not come back at once.
    connect, silence
        Timeouts of a connection and of a peer that says nothing.
    """

    tries: int = 6
    total: float = 90.0
    first: float = 0.2
    longest: float = 8.0
    connect: float = 10.0
    silence: float = 30.0


PATIENCE = Patience()


def worth_retrying(status: int) -> bool:
    """Whether the same request may succeed later. Expired tokens are the store's affair: it fetches a new one."""
    return status in (408, 429) or (status >= 500 and status not in (501, 505))


class Tries:
    """The tries of one transfer, from `Unavailable` to `Unavailable`."""

    def __init__(self, patience: Patience = PATIENCE, cancel: Cancel | None = None) -> None:
        self._patience, self._cancel = patience, cancel
        self.progressed()

    def progressed(self) -> None:
        """Something arrived: what failed before does not count any more."""
        self._failed = 0
        self._begun = time.monotonic()

    def failed(self, error: Unavailable) -> None:
        """Pause before the next try. Raises the error, with the number of tries, when there is to be none."""
        self._failed += 1
        patience = self._patience
        pause = random.uniform(0, min(patience.first * 2 ** (self._failed - 1), patience.longest))
        spent = time.monotonic() - self._begun
        if self._failed >= patience.tries or spent + pause > patience.total:
            tries = f"{self._failed} tries in {spent:.0f} s" if self._failed > 1 else "1 try"
            raise Unavailable(f"{error.message.rstrip('.')} ({tries}).") from error
        wait(pause, self._cancel)


def persist(call: Callable[[], _Result], patience: Patience = PATIENCE, cancel: Cancel | None = None) -> _Result:
    """What `call` gives, which may raise `Unavailable` several times."""
    tries = Tries(patience, cancel)
    while True:
        if cancel is not None and cancel():
            raise Cancelled
        try:
            return call()
        except Unavailable as error:
            tries.failed(error)


def wait(seconds: float, cancel: Cancel | None = None) -> None:
    """Sleep, and raise `Cancelled` soon after that is asked for."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if cancel is not None and cancel():
            raise Cancelled
        time.sleep(min(0.1, left))
