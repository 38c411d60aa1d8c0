"""Zips as streams: files stored as they are, of any size and number, without a temporary file."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from valo_jupyter.services.contents import CHUNK


@dataclass(frozen=True)
class Entry:
    """A file of a zip; `size` is what its content comes to."""

    name: str
    size: int
    time: datetime
    content: Iterable[bytes]


def zipped(entries: Iterable[Entry]) -> Iterator[bytes]:
    """The zip in pieces."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for entry in entries:
            about = zipfile.ZipInfo(entry.name, entry.time.timetuple()[:6])
            about.external_attr = 0o644 << 16
            # the size stands behind the content, in as many bytes as are said before it
            with archive.open(about, "w", force_zip64=entry.size >= zipfile.ZIP64_LIMIT // 2) as file:
                for piece in entry.content:
                    file.write(piece)
                    if sink.size >= CHUNK:
                        yield sink.take()
            if sink.size >= CHUNK:
                yield sink.take()
    yield sink.take()


class _Sink:
    """What the zip's writer has written and nobody has taken yet. It cannot be sought, as a connection cannot."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.size = 0

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        self.size += len(piece)
        return len(piece)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """What was written stays to be taken."""

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        self.size = 0
        return taken
