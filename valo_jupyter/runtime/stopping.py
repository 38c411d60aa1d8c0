"""Ends processes politely first: interrupt, terminate, kill."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from valo_jupyter.runtime.contract import StopRequest, StopSignal

#: when, of the time that a stop allows, a program that did not heed the interrupt is asked to terminate
_TERMINATE_AT = 0.5


class Escalation:
    """While it is entered, a stop is passed on: SIGINT at once, SIGTERM later, SIGKILL when the time is over.

    `send` delivers a signal, from any thread. `killed` is True once SIGKILL was sent.
    """

    def __init__(self, stop: StopSignal, send: Callable[[int], None]) -> None:
        self._stop = stop
        self._send = send
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.killed = False

    def __enter__(self) -> Escalation:
        self._stop.on_stop(self._begin)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.forget(self._begin)
        self._over.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()

    def _begin(self, request: StopRequest) -> None:
        with self._lock:
            if request.kill_after <= 0:
                self._send(signal.SIGKILL)
                self.killed = True
            elif self._thread is None:
                self._thread = threading.Thread(target=self._escalate, args=(request.kill_after,), daemon=True)
                self._thread.start()

    def _escalate(self, seconds: float) -> None:
        if self._over.is_set():
            return
        self._send(signal.SIGINT)
        if self._over.wait(seconds * _TERMINATE_AT):
            return
        self._send(signal.SIGTERM)
        if self._over.wait(seconds * (1 - _TERMINATE_AT)):
            return
        self._send(signal.SIGKILL)
        self.killed = True


def kill_marked(variable: str, value: str) -> None:
    """Kill every process of this user that was started with this environment variable, wherever it has gone since.

    It finds daemons: processes that made a session of their own, and whose parents are gone.
    """
    mark = f"{variable}={value}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        # not ours to read, or gone: not ours to kill
        with suppress(OSError):
            if mark in folder.joinpath("environ").read_bytes().split(b"\0"):
                os.kill(int(folder.name), signal.SIGKILL)


def group_lives(pid: int) -> bool:
    """Whether any process of the group is left."""
    try:
        os.killpg(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
