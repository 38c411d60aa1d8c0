"""Whether a container ran out of memory, as this machine's kernel counts it: not every engine tells."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from select import poll

_ROOT = Path("/sys/fs/cgroup")


def wait_for_end(pid: int) -> bool:
    """Wait until the container whose init is `pid` ends; whether a program in it was ended for want of memory.

    False as well where that cannot be seen; then it may be at once.
    """
    counter = _counter(pid)
    if counter is None or not hasattr(os, "pidfd_open"):
        return False
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        waiting = poll()
        waiting.register(descriptor)
        waiting.poll()
        # the engine removes the group only when it has heard of the end
        return counter() > 0
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _counter(pid: int) -> Callable[[], int] | None:
    """How many programs of the group of `pid` were ended for that; None where the group is not to be seen."""
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
        groups = {name: line.split(":", 2)[2][1:] for line in lines for name in line.split(":", 2)[1].split(",")}
        if "memory" in groups:
            return _reader(_ROOT / "memory" / groups["memory"] / "memory.oom_control")
        # the one hierarchy of version 2, which has no name
        if "" in groups:
            return _reader(_ROOT / groups[""] / "memory.events")
    return None


def _reader(file: Path) -> Callable[[], int]:
    def read() -> int:
        found = re.search(r"^oom_kill (\d+)$", file.read_text(), re.MULTILINE)
        return int(found[1]) if found else 0

    read()
    return read
