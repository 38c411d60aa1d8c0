"""How far a transfer is, told now and then."""

from __future__ import annotations

import threading
import time

from valo_jupyter.runtime.contract import Sink
from valo_jupyter.stores.base import Progress

_EVERY = 0.5


class ProgressEvents:
    """A store's `progress`: events of kind `progress`, none for a transfer that is over at once."""

    def __init__(self, sink: Sink, what: str, name: str) -> None:
        self._sink = sink
        self._what = what
        self._name = name
        self._next = time.monotonic() + _EVERY

    def __call__(self, done: int, total: int | None) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _EVERY
            self._sink.emit({"k": "progress", "what": self._what, "name": self._name, "done": done, "total": total})


class TogetherProgress:
    """Transfers that go on at once, told as one.

    Parameters
    ----------
    name
        Of the only file, or how many there are.
    total
        Bytes in all; None: not known.
    """

    def __init__(self, sink: Sink, what: str, name: str, total: int | None) -> None:
        self._tell = ProgressEvents(sink, what, name)
        self._total = total
        self._done = 0
        self._lock = threading.Lock()

    def part(self) -> Progress:
        """The progress of one of them; what begins anew counts anew."""
        counted = 0

        def progress(done: int, total: int | None) -> None:
            nonlocal counted
            with self._lock:
                self._done += done - counted
                counted = done
                self._tell(self._done, self._total)

        return progress
