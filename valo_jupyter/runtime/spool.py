"""Batches of events that wait for the server: in memory while it keeps up, on disk while it is away."""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Batch:
    """The body of one `POST /run/v1/events`, and the machine's numbers of its first and last line."""

    first: int
    last: int
    body: bytes


class Spool:
    """A queue of batches in a file; what is known of each in memory is where it is."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = None
        self._end = 0
        #: (first number, last number, offset, length) of each batch, oldest first
        self._index: deque[tuple[int, int, int, int]] = deque()

    def __len__(self) -> int:
        return len(self._index)

    def append(self, batch: Batch) -> None:
        """Raises OSError when the disk is full; the queue is then as before."""
        if self._file is None:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
            self._file = os.fdopen(descriptor, "r+b", buffering=0)
        view = memoryview(batch.body)
        offset = self._end
        while view:
            written = os.pwrite(self._file.fileno(), view, offset)
            offset, view = offset + written, view[written:]
        self._index.append((batch.first, batch.last, self._end, len(batch.body)))
        self._end = offset

    def first(self) -> Batch:
        """The oldest batch; it stays until `drop_first`."""
        assert self._file is not None
        first, last, offset, length = self._index[0]
        return Batch(first, last, os.pread(self._file.fileno(), length, offset))

    def drop_first(self) -> None:
        self._index.popleft()
        if not self._index and self._file is not None:
            os.ftruncate(self._file.fileno(), 0)
            self._end = 0

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
            self._path.unlink(missing_ok=True)
        self._index.clear()
