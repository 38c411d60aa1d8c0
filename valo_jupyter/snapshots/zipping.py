"""Writes the files of a commit as a zip."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path
from typing import IO

from valo_jupyter.snapshots import git
from valo_jupyter.snapshots.objectfeed import Entry, ObjectFeed, listed
from valo_jupyter.snapshots.objects import CHUNK

_MODES = {
    b"120000": stat.S_IFLNK | 0o777,
    b"100755": stat.S_IFREG | 0o755,
    b"40000": stat.S_IFDIR | 0o755,
    b"160000": stat.S_IFDIR | 0o755,
}


def write_zip(git_dir: Path, commit: str, fileobj: IO[bytes]) -> None:
    """The commit as a zip, byte for byte, folders too; the same commit is always the same zip.

    `git archive` would leave out empty folders and obey the attributes that the commit itself brings.
    """
    with ObjectFeed(git_dir) as objects:
        files, folders, _ = listed(objects, git.checked_sha(commit))
        with zipfile.ZipFile(fileobj, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in folders:
                archive.writestr(_info(Entry(b"40000", path + b"/", b"")), b"")
            for entry, length in zip(files, objects.ask([one.sha for one in files]), strict=True):
                with archive.open(_info(entry), "w", force_zip64=length > zipfile.ZIP64_LIMIT // 2) as target:
                    while length > CHUNK:
                        target.write(objects.read_part(CHUNK))
                        length -= CHUNK
                    target.write(objects.read(length))


def _info(entry: Entry) -> zipfile.ZipInfo:
    # a zip's names are Unicode
    info = zipfile.ZipInfo(entry.path.decode("utf-8", "backslashreplace"))
    info.compress_type = zipfile.ZIP_DEFLATED
    info.create_system = 3  # the modes are those of Unix
    info.external_attr = _MODES.get(entry.mode, stat.S_IFREG | 0o644) << 16
    return info
