"""Wakes requests that wait for something to change."""

from __future__ import annotations

import asyncio

from valo_jupyter.domain.waiting import set_within


class Hub:
    """Tells waiting requests that something has changed; `touch` may be called from any thread."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._event = asyncio.Event()
        self.waiters = 0
        #: requests that are being answered
        self.busy = 0
        self.closed = False

    def open(self) -> None:
        self._loop = asyncio.get_running_loop()

    async def close(self, patience: float) -> None:
        """Let those who wait answer with what there is, and all requests end; at most `patience` seconds."""
        self.closed = True
        self._wake()
        deadline = asyncio.get_running_loop().time() + patience
        while self.busy and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.01)

    def touch(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self._event.set()
        self._event = asyncio.Event()

    def next(self) -> asyncio.Event:
        """The event that the next change will set; take it before looking."""
        return self._event

    async def wait(self, event: asyncio.Event, timeout: float) -> None:
        self.waiters += 1
        try:
            await set_within(event, timeout)
        finally:
            self.waiters -= 1
