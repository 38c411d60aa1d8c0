"""md5, sha1 and sha256 of content in one pass over it."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from valo_jupyter.stores.base import Cancel, ObjectInfo, Progress
from valo_jupyter.stores.errors import Cancelled

CHUNK = 1024 * 1024
_LARGE = 16 * CHUNK


@dataclass(frozen=True)
class Checksums:
    size: int
    md5: str
    sha1: str
    sha256: str


def checksums_of(info: ObjectInfo) -> Checksums:
    """Those of an object that was just read or written, when a store knows all three."""
    if info.md5 is None or info.sha1 is None or info.sha256 is None:
        raise ValueError(f"{info.key} has no checksums yet")
    return Checksums(info.size, info.md5, info.sha1, info.sha256)


class Digester:
    """Fed with content, in order; its checksums at the end.

    Parameters
    ----------
    beside
        A thread for md5, which takes about as long as the two others together; worth it for large files.
    known
        `(sha256, md5, sha1)` that somebody noted beside this very sha256. If the content turns out to have it, the
        others are those: they cost more than half of the time of a download.
    """

    def __init__(self, beside: Executor | None = None, known: tuple[str, str, str] | None = None) -> None:
        self._known = known
        # md5 and sha1 identify files towards older tools; only sha256 is relied on
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha1 = hashlib.sha1(usedforsecurity=False)
        self._sha256 = hashlib.sha256()
        self._beside = beside
        self.size = 0

    def go_on(self, beside: Executor) -> None:
        """It has become a large file."""
        self._beside = beside

    def update(self, data: bytes | memoryview) -> None:
        if self._known is not None:
            self._sha256.update(data)
            self.size += len(data)
            return
        pending = self._beside.submit(self._md5.update, data) if self._beside else None
        self._sha1.update(data)
        self._sha256.update(data)
        if pending is None:
            self._md5.update(data)
        else:
            pending.result()
        self.size += len(data)

    def result(self) -> Checksums:
        """With `known` ones of another content, md5 and sha1 are not worth anything: compare the sha256."""
        if self._known is not None:
            return Checksums(self.size, self._known[1], self._known[2], self._sha256.hexdigest())
        return Checksums(self.size, self._md5.hexdigest(), self._sha1.hexdigest(), self._sha256.hexdigest())


def digest_file(path: Path, *, progress: Progress | None = None, cancel: Cancel | None = None) -> Checksums:
    """The checksums of a file, read in chunks of one reused megabyte."""
    with open(path, "rb", buffering=0) as file, ThreadPoolExecutor(1, thread_name_prefix="valo-md5") as pool:
        total = os.fstat(file.fileno()).st_size
        # the pool starts no thread before it is used
        digester = Digester(pool if total > _LARGE else None)
        buffer = memoryview(bytearray(min(CHUNK, total) or 1))
        while count := file.readinto(buffer):
            if cancel is not None and cancel():
                raise Cancelled
            digester.update(buffer[:count])
            if progress is not None:
                progress(digester.size, total)
    return digester.result()
