"""Uploads: digested first, never over other content, large files in parts, nothing left of one that failed.

A store gives a `Sink` for the key; all else is here.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from valo_jupyter.stores.base import Cancel, ObjectInfo, Progress
from valo_jupyter.stores.digests import Checksums, Digester, digest_file
from valo_jupyter.stores.errors import Cancelled, Changed, Exists, NotFound, StoreError
from valo_jupyter.stores.receiving import PART, STREAMS
from valo_jupyter.stores.retrying import PATIENCE, Patience, persist

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

    def finish(self) -> ObjectInfo:
        """Raises `Exists` if there is an object by now."""
        ...

    def abort(self) -> None:
        """Remove what was sent."""
        ...


class Sink(Protocol):
    """Where one object is to be."""

    def head(self) -> ObjectInfo:
        """Raises `NotFound`."""
        ...

    def put(self, data: bytes, sums: Checksums) -> ObjectInfo:
        """The object in one request. Raises `Exists` if there is one, `Corrupt` if the server got other content."""
        ...

    def begin(self, sums: Checksums, part: int) -> Parts:
        """An object of several parts of this size, but for the last."""
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
) -> ObjectInfo:
    """Store the file as the sink's object, with all three checksums; `move` removes the file afterwards.

    Raises
    ------
    Exists
        There is an object with other content. One with this content is taken for ours.
    Changed
        The file was written to meanwhile.
    Corrupt, Unavailable, Denied, Cancelled
        Nothing is left of what was sent.
    """
    sending = _Sending(sink, patience, cancel, progress)
    with path.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        if size <= part:
            info, sums = sending.whole(file.fileno(), size)
        else:
            info, sums = sending.in_parts(path, file.fileno(), max(part, -(-size // _MOST_PARTS)), streams)
    if move:
        path.unlink()
    return replace(info, md5=sums.md5, sha1=sums.sha1, sha256=sums.sha256)


class _Sending:
    """One upload."""

    def __init__(self, sink: Sink, patience: Patience, cancel: Cancel | None, progress: Progress | None) -> None:
        self._sink, self._patience, self._cancel = sink, patience, cancel
        self._progress: Progress = progress or (lambda done, total: None)

    def whole(self, file: int, size: int) -> tuple[ObjectInfo, Checksums]:
        # what is digested is what is sent, whatever happens to the file
        data = os.pread(file, size, 0)
        digester = Digester()
        digester.update(data)
        sums = digester.result()
        try:
            info = persist(lambda: self._sink.put(data, sums), self._patience, self._cancel)
        except Exists:
            info = self._ours(sums)
        self._progress(sums.size, sums.size)
        return info, sums

    def in_parts(self, path: Path, file: int, part: int, streams: int) -> tuple[ObjectInfo, Checksums]:
        begun = _state(file)
        sums = digest_file(path, cancel=self._cancel)
        with suppress(NotFound):
            return self._ours(sums), sums
        parts = persist(lambda: self._sink.begin(sums, part), self._patience, self._cancel)
        try:
            self._put_all(parts, file, sums.size, part, streams)
            if _state(file) != begun:
                raise Changed(f"{path.name} was written to while it was being stored.")
            try:
                return persist(parts.finish, self._patience), sums
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

    def _ours(self, sums: Checksums) -> ObjectInfo:
        """The object that is there, which must have this content. Raises `Exists`, or `NotFound`."""
        there = persist(self._sink.head, self._patience, self._cancel)
        known = (there.sha256, sums.sha256) if there.sha256 else (there.md5, sums.md5)
        if there.size != sums.size or known[0] != known[1]:
            raise Exists(f"{there.uri} has other content, which is not overwritten; take another name.")
        return there

    def _abort(self, parts: Parts) -> None:
        with suppress(StoreError):
            persist(parts.abort, self._patience)


def _state(file: int) -> tuple[int, int]:
    state = os.fstat(file)
    return state.st_size, state.st_mtime_ns
