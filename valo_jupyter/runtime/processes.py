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
        self._seen: set[psutil.Process] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample_until_over, name="valo-memory", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """A last look; to be called while the kernel still lives, if it does."""
        if self._over.is_set():
            return
        self._over.set()
        self._thread.join()
        self._sample()
        if self._root is not None:
            first = self._first() if self._init else {self._root}
            self.peak_bytes = max([self.peak_bytes, *(_high_water(process.pid) for process in first)])

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
        pause = _FIRST
        while not self._over.wait(pause):
            self._sample()
            pause = min(2 * pause, _EVERY)

    def _sample(self) -> None:
        total = 0
        if self._root is None:
            return
        with suppress(psutil.Error):
            children = self._root.children(recursive=True) if _has_children(self._root.pid) else []
            self._seen.update(children)
            for process in (self._root, *children):
                with suppress(psutil.Error):
                    total += process.memory_info().rss
        self.peak_bytes = max(self.peak_bytes, total)

    def _first(self) -> set[psutil.Process]:
        """What a container's first process has started."""
        with suppress(psutil.Error):
            return set(self._root.children()) if self._root is not None else set()
        return set()


def _has_children(pid: int) -> bool:
    """False only when it is sure; psutil's own search reads every process of the machine."""
    try:
        return any(task.joinpath("children").read_bytes() for task in Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return True


def _high_water(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return 0
