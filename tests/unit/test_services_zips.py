"""Zips beyond what the format had room for at first: 4 GB, and 65,535 files."""

from __future__ import annotations

import itertools
import zipfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from valo_jupyter.services.zips import Entry, zipped

NOW = datetime(2026, 1, 2, 3, 4, 6)
ZEROS = bytes(4_000_000)


def _written(pieces: Iterable[bytes], path: Path) -> Path:
    """The stream as a file, with holes where nothing is."""
    with path.open("wb") as file:
        for piece in pieces:
            if piece == ZEROS[: len(piece)]:
                file.seek(len(piece), 1)
            else:
                file.write(piece)
    return path


def test_files_beyond_4_gb(tmp_path: Path):
    size = 1100 * len(ZEROS)
    large = Entry("large.bin", size, NOW, itertools.repeat(ZEROS, 1100))
    behind = Entry("behind/ü.txt", 6, NOW, [b"behi", b"nd"])
    path = _written(zipped([large, behind]), tmp_path / "zip")
    with zipfile.ZipFile(path) as archive:
        first, second = archive.infolist()
        assert (first.filename, first.file_size, first.date_time[:3]) == ("large.bin", size, (2026, 1, 2))
        assert second.header_offset > size > 2**32
        assert archive.read("behind/ü.txt") == b"behind"
        with archive.open("large.bin") as file:
            assert file.read(10) == bytes(10)


def test_more_files_than_65_535(tmp_path: Path):
    count = 65_540
    path = _written(zipped(Entry(f"{number}", 1, NOW, [b"x"]) for number in range(count)), tmp_path / "zip")
    with zipfile.ZipFile(path) as archive:
        assert len(archive.namelist()) == count
        assert archive.read(str(count - 1)) == b"x"
