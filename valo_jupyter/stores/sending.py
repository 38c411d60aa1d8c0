"""Uploads: digested on their way, never over other content, large files in parts, nothing left of one that failed.

A store gives a `Sink` for the key; all else is here.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Protocol

from valo_jupyter.stores.base import Cancel, ObjectInfo, Progress
from valo_jupyter.stores.digests import Checksums, Digester, digest
from valo_jupyter.stores.errors import Cancelled, Changed, Corrupt, Exists, NotFound, StoreError
from valo_jupyter.stores.receiving import PART, STREAMS
from valo_jupyter.stores.retrying import PATIENCE, Patience, persist

#: what is known before the first part, where the metadata are given then: md5 alone takes longer than these together
_EARLY = ("sha1", "sha256")
#: of AWS, and below what the others allow
_MOST_PARTS = 10_000


class Parts(Protocol):
    """An object under way, that nobody sees before it is finished.

    What `put` is given the server verifies, and refuses what arrives otherwise (`Corrupt`). All may raise
    `Unavailable`, and are called again then; several threads call `put`.
    """

    def put(self, number: int, data: bytes) -> None:
        """Numbers begin with 1; the same part may come again."""
        ...

    def finish(self, sums: Checksums) -> ObjectInfo:
        """Raises `Exists` if there is an object by now."""
        ...

    def abort(self) -> None:
        """Remove what was sent, unless there is an object made of it: the answer to `finish` may have been lost."""
        ...


class Sink(Protocol):
    """Where one object is to be.

    Attributes
    ----------
    early
        The metadata of an object of several parts are given when it is begun; else when it is finished.
    """

    early: ClassVar[bool]

    def head(self) -> ObjectInfo:
        """Raises `NotFound`."""
        ...

    def put(self, data: bytes, sums: Checksums) -> ObjectInfo:
        """The object in one request. Raises `Exists` if there is one, `Corrupt` if the server got other content."""
        ...

    def begin(self, size: int, part: int, known: Mapping[str, str]) -> Parts:
        """An object of several parts of the size `part`, but for the last.

        `known`: checksums by their names, as far as they are known by now; where `early`, sha256 is among them.
        """
        ...


def send(
    sink: Sink,
    path: Path,
    *,
    move: bool = False,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
    patience: Patience = PATIENCE,
    part: int = PART,
    streams: int = STREAMS,
    known: Checksums | None = None,
) -> ObjectInfo:
    """Store the file as the sink's object, with all three checksums; `move` removes the file afterwards.

    `known`: its checksums, of which sha256 alone is taken again, to be compared.

    Raises
    ------
    Exists
        There is an object with other content. One with this content is taken for ours.
    Changed
        The file was written to meanwhile.
    Corrupt
        The file is not what is known of it, or the service got other content; nothing is left of that.
    Unavailable, Denied, Cancelled
        Nothing is left of what was sent, but for a whole object whose service never said that it was made.
    """
    sending = _Sending(sink, patience, cancel, progress, known)
    with path.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        if size <= part:
            info, sums = sending.whole(path.name, file.fileno(), size)
        else:
            info, sums = sending.in_parts(path.name, file.fileno(), size, max(part, -(-size // _MOST_PARTS)), streams)
    if move:
        path.unlink()
    return replace(info, md5=sums.md5, sha1=sums.sha1, sha256=sums.sha256)


class _Sending:
    """One upload."""

    def __init__(
        self,
        sink: Sink,
        patience: Patience,
        cancel: Cancel | None,
        progress: Progress | None,
        known: Checksums | None,
    ) -> None:
        self._sink, self._patience, self._cancel, self._known = sink, patience, cancel, known
        self._progress: Progress = progress or (lambda done, total: None)
        #: what is not taken again; sha256 always is
        self._noted = {"md5": known.md5, "sha1": known.sha1} if known else {}

    def whole(self, name: str, file: int, size: int) -> tuple[ObjectInfo, Checksums]:
        # what is digested is what is sent, whatever happens to the file
        data = os.pread(file, size, 0)
        digester = Digester(self._noted)
        digester.update(data)
        sums = self._checked(name, digester.result())
        try:
            info = persist(lambda: self._sink.put(data, sums), self._patience, self._cancel)
        except Exists:
            info = self._ours(sums)
        self._progress(sums.size, sums.size)
        return info, sums

    def in_parts(self, name: str, file: int, size: int, part: int, streams: int) -> tuple[ObjectInfo, Checksums]:
        begun = _state(file)
        with suppress(NotFound):
            there = persist(self._sink.head, self._patience, self._cancel)
            sums = self._checked(name, digest(file, known=self._noted, cancel=self._cancel).result())
            return self._same(there, sums), sums
        before = self._known.digests if self._known else {}
        if not before and self._sink.early:
            before = digest(file, _EARLY, cancel=self._cancel).digests()
        parts = persist(lambda: self._sink.begin(size, part, before), self._patience, self._cancel)
        try:
            with _digesting(file, self._noted if self._known else before) as taken:
                self._put_all(parts, file, size, part, streams)
            if _state(file) != begun:
                raise Changed(f"{name} was written to while it was being stored.")
            sums = self._checked(name, taken.result())
            try:
                return persist(lambda: parts.finish(sums), self._patience), sums
            except Exists:
                info = self._ours(sums)
        except BaseException:
            self._abort(parts)
            raise
        # another was faster, or the answer to our own finish was lost
        self._abort(parts)
        return info, sums

    def _put_all(self, parts: Parts, file: int, size: int, part: int, streams: int) -> None:
        ended = threading.Event()

        def put(start: int) -> int:
            data = os.pread(file, part, start)
            persist(lambda: parts.put(start // part + 1, data), self._patience, ended.is_set)
            return len(data)

        done = 0
        with ThreadPoolExecutor(streams, thread_name_prefix="valo-upload") as pool:
            try:
                waiting: set[Future[int]] = {pool.submit(put, start) for start in range(0, size, part)}
                while waiting:
                    if self._cancel is not None and self._cancel():
                        raise Cancelled
                    ready, waiting = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
                    for each in ready:
                        done += each.result()
                        self._progress(done, size)
            finally:
                # a request that is under way is waited for: an abort beside it would leave its part
                ended.set()
                pool.shutdown(wait=True, cancel_futures=True)

    def _checked(self, name: str, sums: Checksums) -> Checksums:
        if self._known not in (None, sums):
            raise Corrupt(f"{name} is not what is known of it: it was damaged or replaced since. Nothing was stored.")
        return sums

    def _ours(self, sums: Checksums) -> ObjectInfo:
        """The object that is there, which must have this content. Raises `Exists`, or `NotFound`."""
        return self._same(persist(self._sink.head, self._patience, self._cancel), sums)

    def _same(self, there: ObjectInfo, sums: Checksums) -> ObjectInfo:
        known = (there.sha256, sums.sha256) if there.sha256 else (there.md5, sums.md5)
        if there.size != sums.size or known[0] != known[1]:
            raise Exists(f"{there.uri} has other content, which is not overwritten; take another name.")
        return there

    def _abort(self, parts: Parts) -> None:
        with suppress(StoreError):
            persist(parts.abort, self._patience)


@contextmanager
def _digesting(file: int, known: Mapping[str, str]) -> Iterator[Future[Checksums]]:
    """The checksums, of which those that are not known yet are taken beside what the block does."""
    ended = threading.Event()
    with ThreadPoolExecutor(1, thread_name_prefix="valo-digest") as beside:
        try:
            taken = beside.submit(lambda: digest(file, known=known, cancel=ended.is_set).result())
            yield taken
            taken.result()
        finally:
            ended.set()


def _state(file: int) -> tuple[int, int]:
    state = os.fstat(file)
    return state.st_size, state.st_mtime_ns
