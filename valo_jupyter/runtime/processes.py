"""The processes of user code while it runs: their memory, and those that leave the group they were started in."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

import psutil

#: Between samples, growing: what is over soon is seen, too.
_FIRST, _EVERY = 0.05, 0.5
#: For processes that a kernel leaves behind, between being asked to end and being ended.
_FAREWELL = 0.25


class Processes:
    """A process and its descendants while it runs: their memory, and those that left its group.

    Parameters
    ----------
    pid
        None, and one that has ended: nothing is known.
    init
        It is a container's first process; the one that it has started is what runs, and all end with it.
    """

    def __init__(self, pid: int | None, *, init: bool = False) -> None:
        self.peak_bytes = 0
        self._init = init
        self._root: psutil.Process | None = None
        with suppress(psutil.Error):
            self._root = psutil.Process(pid) if pid is not None else None
        self._main: set[psutil.Process] = set()
        self._seen: set[psutil.Process] = set()
        self._children: list[psutil.Process] = []
        self._cell = 0
        self._cell_peak = 0
        self._high = 0
        self._lock = threading.Lock()
        self._pause = _FIRST
        self._over = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._sample_until_over, name="valo-memory", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """A last look; to be called while the kernel still lives, if it does."""
        if self._over:
            return
        self._over = True
        self._wake.set()
        self._thread.join()
        self._sample()
        for process in self._first():
            self.peak_bytes = max(self.peak_bytes, _memory(process)[1])

    # -- one cell

    def begin_cell(self) -> None:
        """Look often for a while: many a cell is over soon."""
        if self._cell == 0:
            # what the kernel took when it started is no cell's
            self.end_cell()
        if self._pause > 2 * _FIRST:
            self._wake.set()

    def end_cell(self) -> int | None:
        """The peak since the last cell's end, in bytes; None where the system does not tell.

        The kernel's own is exact when it is the highest so far, which Linux keeps; else, and of other processes, it is
        the highest that was sampled. (Linux could begin anew for each cell, but then user code would be told
        another `ru_maxrss` than without us.)
        """
        first = self._first()
        memory = [_memory(process) for process in first]
        children = [_memory(process)[0] for process in self._children if process not in first]
        total = sum(children) + sum(resident for resident, _ in memory)
        high = max((high for _, high in memory), default=0)
        with self._lock:
            peak = max(self._cell_peak, total, high if high > self._high else 0)
            self._high = max(self._high, high)
            self.peak_bytes = max(self.peak_bytes, peak)
            self._cell += 1
            self._cell_peak = total
        return peak or None

    def terminate_children(self) -> None:
        """Ask what the kernel started to end, before the kernel itself does."""
        children = self._seen - self._first() if self._init else self._seen
        for process in children:
            with suppress(psutil.Error):
                process.terminate()
        psutil.wait_procs(children, timeout=_FAREWELL)

    def kill_left(self) -> None:
        """End those descendants that made a session of their own, which the end of the kernel's group leaves alive."""
        for process in self._seen:
            with suppress(psutil.Error):
                # psutil compares start times: never another process with the same id
                process.kill()

    def _sample_until_over(self) -> None:
        while True:
            woken = self._wake.wait(self._pause)
            self._wake.clear()
            if self._over:
                return
            if woken:
                self._pause = _FIRST
            else:
                self._sample()
                self._pause = min(2 * self._pause, _EVERY)

    def _sample(self) -> None:
        if self._root is None:
            return
        cell, total = self._cell, 0
        with suppress(psutil.Error):
            children = self._root.children(recursive=True) if _has_children(self._root.pid) else []
            self._children = children
            self._seen.update(children)
            for process in (self._root, *children):
                with suppress(psutil.Error):
                    total += process.memory_info().rss
        with self._lock:
            self.peak_bytes = max(self.peak_bytes, total)
            if cell == self._cell:
                self._cell_peak = max(self._cell_peak, total)

    def _first(self) -> set[psutil.Process]:
        """The kernel: the process itself, or what a container's first process has started."""
        if not self._main and self._root is not None:
            with suppress(psutil.Error):
                self._main = set(self._root.children()) if self._init else {self._root}
        return self._main


def _has_children(pid: int) -> bool:
    """False only when it is sure; psutil's own search reads every process of the machine."""
    try:
        return any(task.joinpath("children").read_bytes() for task in Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return True


def _memory(process: psutil.Process) -> tuple[int, int]:
    """Resident bytes, and the most that there ever were; 0 for what is not known."""
    try:
        # psutil's own `memory_full_info` would take a hundred times as long
        with open(f"/proc/{process.pid}/status", "rb") as status:
            fields = dict(line.split(b":", 1) for line in status if line.startswith((b"VmRSS", b"VmHWM")))
        return _bytes(fields, b"VmRSS"), _bytes(fields, b"VmHWM")
    except (OSError, ValueError):
        pass
    with suppress(psutil.Error):
        return process.memory_info().rss, 0
    return 0, 0


def _bytes(fields: dict[bytes, bytes], name: bytes) -> int:
    return int(fields[name].split()[0]) * 1024 if name in fields else 0
