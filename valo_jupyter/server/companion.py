"""Web and engine process watch each other: whoever finds the other gone, or silent for long, starts it again."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from valo_jupyter.domain.state import StateFolder
from valo_jupyter.engines.processes import ProcessId
from valo_jupyter.server.answering import answering_web
from valo_jupyter.server.locks import Lock, holder, is_held, last_holder
from valo_jupyter.server.spawn import detached
from valo_jupyter.server.wake import ask_engine

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.5
#: how often to ask whether it answers, and how many times in a row without an answer end it: it holds its lock, which
#: keeps everybody else out, and does nothing. Times, not seconds: a computer that slept has not asked meanwhile
_ASK_SECONDS = 10.0
_SILENT_TIMES = 4
#: how long a started process may take to hold its lock
_BOOT_SECONDS = 20.0
#: a process that lives shorter than this is started again after a pause that doubles
_SHORT_LIFE_SECONDS = 10.0
_MAX_PAUSE_SECONDS = 30.0


@dataclass(frozen=True)
class Part:
    """A process of the server: its lock, its module, its log."""

    name: str
    module: str
    answers: Callable[[StateFolder], object]
    #: started again only if the last one asked for it (a web process in the foreground does not)
    on_request: bool = False

    def wanted(self, state: StateFolder) -> bool:
        return not self.on_request or bool(last_holder(state.lock(self.name)).get("respawn"))

    def launch(self, state: StateFolder) -> int | None:
        """Start it, unless it runs; the new process's number. The caller holds the lock `start`."""
        if is_held(state.lock(self.name)):
            return None
        return detached(state, self.module, f"{self.name}.log")

    def wait(self, state: StateFolder) -> bool:
        """True as soon as it holds its lock; False if it does not get there."""
        deadline = time.monotonic() + _BOOT_SECONDS
        while time.monotonic() < deadline:
            if is_held(state.lock(self.name)):
                return True
            time.sleep(0.02)
        return False


WEB = Part("web", "valo_jupyter.server.serve", answering_web, on_request=True)
ENGINE = Part("engine", "valo_jupyter.server.engine_main", lambda state: ask_engine(state, "status"))


class Companion:
    """Keeps one part of the server running, until told to stop."""

    def __init__(self, state: StateFolder, part: Part) -> None:
        self._state = state
        self._part = part
        self._stopped = False
        self._started = 0.0
        self._pause = 0.0
        self._asked = 0.0
        #: who was silent when asked, and how many times in a row
        self._silent: tuple[ProcessId | None, int] = (None, 0)

    @classmethod
    def web(cls, state: StateFolder) -> Companion:
        return cls(state, WEB)

    @classmethod
    def engine(cls, state: StateFolder) -> Companion:
        return cls(state, ENGINE)

    def stop(self) -> None:
        self._stopped = True

    async def run(self) -> None:
        while not self._stopped:
            if not is_held(self._state.lock(self._part.name)) and time.monotonic() >= self._started + self._pause:
                await asyncio.to_thread(self._revive)
            elif time.monotonic() >= self._asked + _ASK_SECONDS:
                await asyncio.to_thread(self._ask)
                self._asked = time.monotonic()
            await asyncio.sleep(_LOOK_SECONDS)

    def _ask(self) -> None:
        """End it when it has been silent for so long that it will not come back."""
        held = holder(self._state.lock(self._part.name))
        if not held or not self._part.wanted(self._state) or self._part.answers(self._state):
            self._silent = (None, 0)
            return
        process = ProcessId(held["pid"], held["started"])
        who, times = self._silent
        times = times + 1 if who == process else 1
        self._silent = (process, times)
        if times >= _SILENT_TIMES and not self._stopped and process.alive():
            log.error("the %s process %s has answered nobody for long; ending it", self._part.name, process.pid)
            # not asking for the lock `start` first: the silent one may hold it
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)

    def _revive(self) -> None:
        # whoever starts, stops or replaces the server holds this lock meanwhile
        guard = Lock.take(self._state.lock("start"))
        if guard is None:
            return
        try:
            if self._stopped or not self._part.wanted(self._state):
                return
            now = time.monotonic()
            short = now - self._started < _SHORT_LIFE_SECONDS
            self._pause = min(max(1.0, self._pause * 2), _MAX_PAUSE_SECONDS) if short else 0.0
            self._started = now
            log.info("the %s process is not there; starting it", self._part.name)
            self._part.launch(self._state)
            if not self._part.wait(self._state):
                log.error("the %s process did not start; see log/%s.log", self._part.name, self._part.name)
        finally:
            guard.release()
