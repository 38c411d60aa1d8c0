"""Reads one file of the project folder into the repository, whatever happens to it meanwhile."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from typing import NamedTuple

from valo_jupyter.snapshots.batch import Batch
from valo_jupyter.snapshots.memory import Signature
from valo_jupyter.snapshots.objects import CHUNK, Changed, Objects, name_of
from valo_jupyter.snapshots.scan import signature

#: Files up to this size are read whole; larger ones go through in pieces.
_WHOLE = 8 * CHUNK
_TRIES = 3


class Stored(NamedTuple):
    """A file that is in the repository now; `steady` unless it was being written to while it was read."""

    sha: bytes
    signature: Signature
    steady: bool = True


class Gone(Exception):
    """The file is no longer there, or is no longer a file."""


class Reader:
    """Stores blobs; `known` spares writing what the previous snapshot has stored."""

    def __init__(self, root: bytes, objects: Objects, batch: Batch | None = None) -> None:
        self._root = root
        self._objects = objects
        self._batch = batch

    def link(self, path: bytes, now: Signature) -> Stored:
        try:
            return Stored(self._objects.write(b"blob", os.readlink(self._full(path))), now)
        except OSError:
            raise Gone from None

    def file(self, path: bytes, known: bytes | None, clean: Callable[[bytes], bytes] | None = None) -> Stored:
        """`Gone` if it vanished, OSError if it cannot be read. `clean` makes of the content what is to be stored."""
        attempt = 0
        while True:
            attempt += 1
            last = attempt == _TRIES
            descriptor = self._open(path, follow=clean is not None)
            try:
                before = signature(os.fstat(descriptor))
                if not stat.S_ISREG(before[4]):
                    raise Gone
                stored = self._store(descriptor, before, known, clean, last)
                if stored is not None:
                    return stored
            except Changed:
                if last:
                    raise OSError(0, "it kept changing while it was read") from None
            finally:
                os.close(descriptor)

    def _store(
        self,
        descriptor: int,
        before: Signature,
        known: bytes | None,
        clean: Callable[[bytes], bytes] | None,
        last: bool,
    ) -> Stored | None:
        size = before[2]
        if size > _WHOLE and clean is None:
            sha = self._objects.write_blob_from(descriptor, size)
            steady = signature(os.fstat(descriptor)) == before
            return Stored(sha, before, steady) if steady or last else None
        data = _read(descriptor, size)
        steady = signature(os.fstat(descriptor)) == before and len(data) == size
        if not steady:
            if len(data) < size:
                raise Changed
            if not last:
                return None
        if clean is not None:
            data = clean(data)
        if known is not None and name_of(b"blob", data) == known:
            return Stored(known, before, steady)
        sha = self._batch.write(data) if self._batch is not None else self._objects.write(b"blob", data)
        return Stored(sha, before, steady)

    def _open(self, path: bytes, follow: bool) -> int:
        # O_NONBLOCK: a fifo put in the file's place must not make us wait for its writer
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
        try:
            return os.open(self._full(path), flags)
        except (FileNotFoundError, NotADirectoryError):
            raise Gone from None

    def _full(self, path: bytes) -> bytes:
        return self._root + b"/" + path


def _read(descriptor: int, size: int) -> bytes:
    """At most `size` bytes: what is appended meanwhile belongs to the next snapshot."""
    parts = []
    while size > 0:
        part = os.read(descriptor, size)
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
