"""How far a transfer is, told now and then."""

from __future__ import annotations

import time

from valo_jupyter.runtime.contract import Sink

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
