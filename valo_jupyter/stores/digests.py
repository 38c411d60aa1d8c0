"""md5, sha1 and sha256 of content in one pass over it."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from valo_jupyter.stores.base import Cancel, ObjectInfo, Progress
from valo_jupyter.stores.errors import Cancelled

CHUNK = 1024 * 1024
ALL = ("md5", "sha1", "sha256")
_LARGE = 4 * CHUNK
#: chunks that the slowest of the algorithms, md5, may be behind
_BEHIND = 16


@dataclass(frozen=True)
class Checksums:
    size: int
    md5: str
    sha1: str
    sha256: str

    @property
    def digests(self) -> dict[str, str]:
        """By the names of their algorithms."""
        return {"md5": self.md5, "sha1": self.sha1, "sha256": self.sha256}


def checksums_of(info: ObjectInfo) -> Checksums:
    """Those of an object that was just read or written, when a store knows all three."""
    if info.md5 is None or info.sha1 is None or info.sha256 is None:
        raise ValueError(f"{info.key} has no checksums yet")
    return Checksums(info.size, info.md5, info.sha1, info.sha256)


def noted_in(info: ObjectInfo | None) -> dict[str, str]:
    """md5 and sha1, as far as they are noted beside a sha256."""
    if info is None or info.sha256 is None:
        return {}
    return {name: value for name, value in (("md5", info.md5), ("sha1", info.sha1)) if value is not None}


class Digester:
    """Fed with content, in order; its checksums at the end.

    Parameters
    ----------
    known
        md5 and sha1 that somebody noted beside a sha256. If the content turns out to have that, the others are those,
        and are not computed.
    """

    def __init__(self, known: Mapping[str, str] | None = None, names: Collection[str] = ALL) -> None:
        self._known = known or {}
        # md5 and sha1 identify files towards older tools; only sha256 is relied on
        self._digests: dict[str, Any] = {
            name: hashlib.new(name, usedforsecurity=False) for name in names if name not in self._known
        }
        self._lanes: list[Callable[[bytes], None]] = [each.update for each in self._digests.values()]
        self.size = 0

    def update(self, data: bytes) -> None:
        """In `spread`, what was given must not be changed any more."""
        for lane in self._lanes:
            lane(data)
        self.size += len(data)

    @contextmanager
    def spread(self) -> Iterator[None]:
        """In the block each algorithm has a thread of its own: worth it for large files."""
        here = self._lanes
        with ExitStack() as stack:
            lanes = [_Lane(each.update, stack.enter_context(_thread())) for each in self._digests.values()]
            self._lanes = [lane.put for lane in lanes]
            yield
            for lane in lanes:
                lane.wait()
        self._lanes = here

    def digests(self) -> dict[str, str]:
        """With `known` ones of another content, those are not worth anything: compare the sha256."""
        return {**self._known, **{name: digest.hexdigest() for name, digest in self._digests.items()}}

    def result(self) -> Checksums:
        return Checksums(self.size, **self.digests())


class _Lane:
    """One algorithm in its thread."""

    def __init__(self, update: Callable[[bytes], object], thread: ThreadPoolExecutor) -> None:
        self._update, self._thread = update, thread
        self._pending: deque[Future[object]] = deque()

    def put(self, data: bytes) -> None:
        self._pending.append(self._thread.submit(self._update, data))
        self.wait(_BEHIND)

    def wait(self, left: int = 0) -> None:
        while len(self._pending) > left:
            self._pending.popleft().result()


def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="valo-digest")


def digest_file(path: Path, *, progress: Progress | None = None, cancel: Cancel | None = None) -> Checksums:
    """The checksums of a file."""
    with open(path, "rb", buffering=0) as file:
        return digest(file.fileno(), progress=progress, cancel=cancel).result()


def digest(
    file: int,
    names: Collection[str] = ALL,
    *,
    known: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> Digester:
    """What has seen the whole file, whose position stays as it is; `known` as in `Digester`."""
    digester = Digester(known, names)
    total = os.fstat(file).st_size
    with ExitStack() as stack:
        if total > _LARGE and len(set(names) - set(known or ())) > 1:
            stack.enter_context(digester.spread())
        while chunk := os.pread(file, CHUNK, digester.size):
            if cancel is not None and cancel():
                raise Cancelled
            digester.update(chunk)
            if progress is not None:
                progress(digester.size, total)
    return digester
