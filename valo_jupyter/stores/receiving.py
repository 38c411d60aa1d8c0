"""Downloads: resumed where they were cut, of one version, verified, and whole before they have their name.

A store gives `OpenRange`, which opens one answer; all else is here.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from valo_jupyter.stores.base import Cancel, ObjectInfo, Progress
from valo_jupyter.stores.digests import CHUNK, Digester, noted_in
from valo_jupyter.stores.errors import Cancelled, Corrupt, Unavailable
from valo_jupyter.stores.retrying import PATIENCE, Patience, Tries

#: more than this is fetched in ranges, several at once
PART = 8 * 1024 * 1024
STREAMS = 4


class Digest(Protocol):
    """As of `hashlib`."""

    def update(self, data: bytes, /) -> object: ...

    def hexdigest(self) -> str: ...


@dataclass(frozen=True)
class Witness:
    """A checksum of the server's own that is none of our three: an empty digest, and what it must come to."""

    digest: Digest
    expected: str


@dataclass(frozen=True)
class Piece:
    """An answer under way.

    Attributes
    ----------
    info
        The whole object as the answer's headers tell of it, checksums that the server or the object's metadata know
        among them; its `md5` is compared when there is no `sha256`.
    content
        What was asked for, or less of it: an end too soon is noticed here, and raised as `Unavailable` it may be, too.
    """

    info: ObjectInfo
    content: Iterator[bytes]
    witness: Witness | None = None


#: `(start, stop, pinned)`: the content from `start` to before `stop` (or the object's end); of the version `pinned`,
#: where that is given, else `Changed`. `Unavailable` is tried again. An object without content gives an empty piece.
OpenRange = Callable[[int, int, "ObjectInfo | None"], AbstractContextManager[Piece]]


def receive(
    open_range: OpenRange,
    path: Path,
    *,
    expect: str | None = None,
    noted: ObjectInfo | None = None,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
    patience: Patience = PATIENCE,
    part: int = PART,
    streams: int = STREAMS,
) -> ObjectInfo:
    """Write the object to the new file `path`; with all three checksums. After a failure nothing is there.

    `noted`: what a record says of it; the content must have its sha256.

    Raises
    ------
    Corrupt
        The content is not what `expect`, the object's metadata or the server's own digest say.
    Changed
        The object was replaced meanwhile.
    Unavailable
        After several tries, or when there is no room for the file.
    """
    with _part_file(path) as file:
        first = _Stretch(open_range, file, 0, part, patience)
        digester: Digester | None = None
        for chunk in first.chunks(cancel):
            digester = digester or Digester({**noted_in(noted), **noted_in(first.info)})
            digester.update(chunk)
            first.testify(chunk)
            if progress is not None:
                progress(digester.size, first.size)
        info = first.info
        assert info is not None
        digester = digester or Digester()
        if info.size > part:
            _rest(open_range, file, info, first, digester, progress, cancel, patience, part, streams)
        sums = digester.result()
        found = replace(info, md5=sums.md5, sha1=sums.sha1, sha256=sums.sha256)
        _verify(found, info, first.witness, expect, noted.sha256 if noted else None)
    return found


def _rest(
    open_range: OpenRange,
    file: int,
    info: ObjectInfo,
    first: _Stretch,
    digester: Digester,
    progress: Progress | None,
    cancel: Cancel | None,
    patience: Patience,
    part: int,
    streams: int,
) -> None:
    """What follows the first part: fetched by several threads, digested by this one in order."""
    ended = threading.Event()
    starts = range(part, info.size, part)

    def fetch(start: int) -> None:
        stretch = _Stretch(open_range, file, start, min(start + part, info.size), patience, info)
        for _ in stretch.chunks(ended.is_set):
            pass

    with (
        digester.spread(),
        ThreadPoolExecutor(min(streams, len(starts)), thread_name_prefix="valo-download") as pool,
    ):
        parts: list[Future[None]] = [pool.submit(fetch, start) for start in starts]
        try:
            for start, fetched in zip(starts, parts, strict=True):
                _await(fetched, cancel)
                for at in range(start, min(start + part, info.size), CHUNK):
                    if cancel is not None and cancel():
                        raise Cancelled
                    chunk = os.pread(file, min(CHUNK, info.size - at), at)
                    digester.update(chunk)
                    first.testify(chunk)
                    if progress is not None:
                        progress(digester.size, info.size)
        finally:
            ended.set()
            for fetched in parts:
                fetched.cancel()


class _Stretch:
    """One stretch of the object, over as many connections as it takes."""

    def __init__(
        self,
        open_range: OpenRange,
        file: int,
        start: int,
        stop: int,
        patience: Patience,
        pinned: ObjectInfo | None = None,
    ) -> None:
        self._open_range, self._file = open_range, file
        self._at, self._stop = start, stop
        self._patience = patience
        self.info = pinned
        self.witness: Witness | None = None

    @property
    def size(self) -> int | None:
        return self.info.size if self.info else None

    def chunks(self, cancel: Cancel | None) -> Iterator[bytes]:
        """Each chunk after it is in the file."""
        tries = Tries(self._patience, cancel)
        while self.info is None or self._at < self._stop:
            try:
                with self._open_range(self._at, self._stop, self.info) as piece:
                    self._begin(piece)
                    for chunk in piece.content:
                        if cancel is not None and cancel():
                            raise Cancelled
                        chunk = chunk[: self._stop - self._at]
                        _write(self._file, chunk, self._at)
                        self._at += len(chunk)
                        tries.progressed()
                        yield chunk
                if self._at < self._stop:
                    raise Unavailable(f"The connection ended after {self._at} of {piece.info.size} bytes.")
            except Unavailable as error:
                tries.failed(error)

    def _begin(self, piece: Piece) -> None:
        if self.info is None:
            self.info = piece.info
            self._stop = min(self._stop, piece.info.size)
            self.witness = piece.witness

    def testify(self, chunk: bytes) -> None:
        if self.witness is not None:
            self.witness.digest.update(chunk)


@contextmanager
def _part_file(path: Path) -> Iterator[int]:
    """The descriptor of `<path>.part`, which gets its name when all went well, else goes."""
    part = path.with_name(f"{path.name}.part")
    try:
        file = os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise _no_room(error, path) from error
    try:
        try:
            yield file
            os.fsync(file)
        except OSError as error:
            raise _no_room(error, path) from error
        finally:
            os.close(file)
        os.rename(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _no_room(error: OSError, path: Path) -> Exception:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Unavailable(f"There is no room for {path.name} in {path.parent}; free some and try again.")
    return error


def _write(file: int, chunk: bytes, at: int) -> None:
    view = memoryview(chunk)
    while view:
        count = os.pwrite(file, view, at)
        view, at = view[count:], at + count


def _await(fetched: Future[None], cancel: Cancel | None) -> None:
    while not wait([fetched], timeout=0.2).done:
        if cancel is not None and cancel():
            raise Cancelled
    fetched.result()


def _verify(found: ObjectInfo, info: ObjectInfo, witness: Witness | None, *expected: str | None) -> None:
    claims = [("was expected", found.sha256, each) for each in expected]
    claims.append(("is in its metadata", found.sha256, info.sha256))
    if info.sha256 is None:
        claims.append(("is the server's checksum", found.md5, info.md5))
    if witness is not None:
        claims.append(("is the server's checksum", witness.digest.hexdigest(), witness.expected))
    for what, actual, claimed in claims:
        if claimed is not None and actual != claimed:
            raise Corrupt(f"The content of {found.uri} arrived with the checksum {actual}, where {claimed} {what}.")
