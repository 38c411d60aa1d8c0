"""Follows one execution in a thread of its own, and says what a card would show each time that changes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

from valo_jupyter.client.executions import Execution
from valo_jupyter.domain.errors import ServerUnreachable, ValoError
from valo_jupyter.kernel.view import Gathered, View

#: seconds between two looks at a busy execution; whatever happens meanwhile comes in one
PACE = 0.3
HOLD = 5.0
#: numbers to look back for the last lines: cells and files are events, too
TAIL = 200
#: seconds without the server after which the card stops trying
PATIENCE = 600.0


class Follower:
    """`changed` is called in the following thread, with the newest view, until the execution has ended."""

    def __init__(self, execution: Execution, changed: Callable[[View], None], *, again_of: int | None = None) -> None:
        self.execution = execution
        self._changed = changed
        self._gathered = Gathered()
        self._after = 0
        self._left = threading.Event()
        self.view = View(execution.data, again_of=again_of)

    def start(self) -> None:
        threading.Thread(target=self._run, name=f"valo-#{self.execution.counter}", daemon=True).start()

    def leave(self) -> None:
        """Follow no longer; the execution goes on."""
        self._left.set()

    def catch_up(self) -> View:
        """What there is so far: the last lines, every metadata point, the record."""
        batch = next(self.execution.batches(tail=TAIL), None)
        for point in self.execution.metadata:
            self._gathered.point(point)
        if batch is not None:
            self._gathered.take(event for event in batch.events if event["k"] == "log")
            self._after = batch.last
        self.execution.refresh()
        return self._seen()

    def _run(self) -> None:
        lost_at: float | None = None
        caught_up = False
        while not self._left.is_set():
            try:
                if not caught_up:
                    self.catch_up()
                    caught_up = True
                    self._changed(self.view)
                self._follow()
                return
            except ServerUnreachable:
                lost_at = lost_at or time.monotonic()
                given_up = time.monotonic() - lost_at > PATIENCE
                counter = self.execution.counter
                words = f"show it again with %valo show {counter}." if given_up else "trying again."
                self._say(f"The server does not answer; #{counter} goes on. {words[0].upper()}{words[1:]}")
                if given_up:
                    return
                self._left.wait(2.0)
            except ValoError as error:
                self._say(error.message)
                return

    def _follow(self) -> None:
        for batch in self.execution.follow(self._after, hold=HOLD):
            if self._left.is_set():
                return
            self._gathered.take(batch.events)
            self._after = batch.last
            self.execution.refresh()
            self._changed(self._seen())
            if not batch.done:
                self._left.wait(PACE)

    def _seen(self) -> View:
        self.view = replace(
            self.view, data=self.execution.data, log=self._gathered.log, series=self._gathered.series, note=""
        )
        return self.view

    def _say(self, note: str) -> None:
        self.view = replace(self.view, note=note)
        self._changed(self.view)
