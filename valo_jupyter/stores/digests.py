"""md5, sha1 and sha256 of content in one pass over it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from valo_jupyter.stores.base import Cancel, ObjectInfo, Progress
from valo_jupyter.stores.errors import Cancelled

CHUNK = 1024 * 1024


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
    """Fed with content, in order; its checksums at the end."""

    def __init__(self) -> None:
        # md5 and sha1 identify files towards older tools; only sha256 is relied on
        self._hashes = [
            hashlib.md5(usedforsecurity=False),
            hashlib.sha1(usedforsecurity=False),
            hashlib.sha256(),
        ]
        self.size = 0

    def update(self, data: bytes | memoryview) -> None:
        for one in self._hashes:
            one.update(data)
        self.size += len(data)

    def result(self) -> Checksums:
        return Checksums(self.size, *(one.hexdigest() for one in self._hashes))


def digest_file(path: Path, *, progress: Progress | None = None, cancel: Cancel | None = None) -> Checksums:
    """The checksums of a file, read in chunks of one reused megabyte."""
    digester = Digester()
    buffer = memoryview(bytearray(CHUNK))
    with open(path, "rb", buffering=0) as file:
        total = path.stat().st_size
        while count := file.readinto(buffer):
            if cancel is not None and cancel():
                raise Cancelled
            digester.update(buffer[:count])
            if progress is not None:
                progress(digester.size, total)
    return digester.result()
