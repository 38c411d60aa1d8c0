"""The driver's side of its watchdog."""

from __future__ import annotations

import mmap
import os
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from valo_jupyter.domain.lease import LEASE_CLOCK


class Watchdog:
    """A process that ends this machine, and all it runs, when it is not heard of in time (`runtime.contract.Fence`).

    Parameters
    ----------
    record
        The machine's record.
    command
        What ends the machine by its record.
    lost
        Called when the watchdog itself has ended: the machine must not go on without it.
    """

    def __init__(self, record: Path, command: list[str], *, lost: Callable[[], None]) -> None:
        self._seconds = 0.0
        self._lock = threading.Lock()
        with tempfile.TemporaryFile() as file:
            file.truncate(8)
            self._trusted = mmap.mmap(file.fileno(), 8)
            end, self._pipe = os.pipe()
            program = Path(__file__).with_name("watchdog.py")
            words = [end, file.fileno(), os.getpid(), record, LEASE_CLOCK]
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(program), *map(str, words), *command],
                pass_fds=(end, file.fileno()),
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
            os.close(end)
        threading.Thread(target=self._watch, args=(lost,), name="watchdog-watch", daemon=True).start()

    def arm(self, seconds: float, contact: float) -> None:
        with self._lock:
            self._seconds = seconds
            self._trust(contact + seconds)

    def heard(self, contact: float) -> None:
        with self._lock:
            if self._seconds:
                self._trust(contact + self._seconds)

    def disarm(self) -> None:
        with self._lock:
            self._seconds = 0.0
            self._trust(0.0)

    def release(self) -> None:
        """This machine leaves in good order: nothing is to be ended."""
        try:
            os.write(self._pipe, b".")
        except OSError:
            pass

    def _trust(self, until: float) -> None:
        struct.pack_into("d", self._trusted, 0, until)

    def _watch(self, lost: Callable[[], None]) -> None:
        self._process.wait()
        lost()
