"""How long each part of an attempt takes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Phases:
    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._seconds: dict[str, float] = {}

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        begun = time.monotonic()
        try:
            yield
        finally:
            self._seconds[name] = time.monotonic() - begun

    def so_far(self) -> dict[str, float]:
        """Seconds by phase, and in all."""
        return {"total": time.monotonic() - self._begun, **self._seconds}
