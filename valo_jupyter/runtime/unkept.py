"""What user code wrote into its checkout, which goes away with it."""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from valo_jupyter.runtime.contract import Folders

#: files and folders that are looked at: a hint may not cost more time than it is worth
LARGEST = 20_000
#: names in the hint
_NAMED = 2
#: nobody misses these; folders whose name begins with a dot are no results either
_CACHES = frozenset({"__pycache__"})


@dataclass(frozen=True)
class Checkout:
    """A checkout before its code runs.

    Times are those of the file system, whose clock is not ours: the outputs folder was made before the checkout,
    the config folder was filled after it.
    """

    folder: Path
    begun: int
    ended: int

    @classmethod
    def ready(cls, folders: Folders) -> Checkout:
        """As it is now that the attempt's folders are complete."""
        return cls(folders.repository, folders.outputs.stat().st_mtime_ns, folders.config.stat().st_mtime_ns)

    def hint(self, largest: int = LARGEST) -> str | None:
        """Which files code wrote there, and where to write instead; None if it wrote none."""
        written = sorted(self._written(largest), key=lambda name: (name.count("/"), name))
        if not written:
            return None
        named, more = written[:_NAMED], len(written) - _NAMED
        names = f"{', '.join(named)} and {more} more" if more > 0 else " and ".join(named)
        was, are = ("was", "is") if len(written) == 1 else ("were", "are")
        return f"{names} {was} written in the project folder and {are} not kept; write to VH_OUTPUTS_DIR to keep files"

    def _written(self, largest: int) -> Iterator[str]:
        waiting, seen = deque([("", str(self.folder))]), 0
        while waiting:
            prefix, folder = waiting.popleft()
            try:
                with os.scandir(folder) as entries:
                    for entry in entries:
                        seen += 1
                        if seen > largest:
                            return
                        name = prefix + entry.name
                        if not entry.is_dir(follow_symlinks=False):
                            if not name.endswith(".pyc") and self._is_new(entry.stat(follow_symlinks=False)):
                                yield name
                        elif entry.name not in _CACHES and not entry.name.startswith("."):
                            waiting.append((f"{name}/", entry.path))
            except OSError:
                # unreadable, or a program that was left is still at work in it
                continue

    def _is_new(self, status: os.stat_result) -> bool:
        # a copy that kept the time of its original is older than the checkout, but changed after it;
        # a second link may be the one in the outputs folder
        copied = status.st_mtime_ns < self.begun and status.st_ctime_ns > self.ended
        return stat.S_ISREG(status.st_mode) and status.st_nlink == 1 and (status.st_mtime_ns > self.ended or copied)
