"""Writes the files of a commit into a new folder, byte for byte."""

from __future__ import annotations

import os
from pathlib import Path

from valo_jupyter.domain.errors import Conflict, SnapshotFailed
from valo_jupyter.snapshots import git
from valo_jupyter.snapshots.objectfeed import ObjectFeed, listed
from valo_jupyter.snapshots.objects import CHUNK
from valo_jupyter.snapshots.records import CheckoutReport


def checkout(git_dir: Path, commit: str, destination: Path) -> CheckoutReport:
    """Write the commit into `destination`, which is made, or must be empty; empty folders included.

    git's own checkout needs an index and knows no empty folders; asking one `git cat-file` for every object does not.
    """
    with ObjectFeed(git_dir) as objects:
        files, folders, empty = listed(objects, git.checked_sha(commit))
        try:
            destination.mkdir(parents=True, exist_ok=True)
            if any(destination.iterdir()):
                raise Conflict(f"The folder {destination} is not empty. Check out into a new folder.")
            root = os.fsencode(destination) + b"/"
            for path in folders:
                os.mkdir(root + path)
            size = 0
            for entry, length in zip(files, objects.ask([one.sha for one in files]), strict=True):
                _write(objects, entry.mode, root + entry.path, length)
                size += length
        except OSError as error:
            raise SnapshotFailed(f"The code could not be written to {destination}: {error.strerror}.") from error
    return CheckoutReport(len(files), size, empty)


def _write(objects: ObjectFeed, mode: bytes, path: bytes, length: int) -> None:
    if mode == b"120000":
        os.symlink(objects.read(length), path)
        return
    permissions = 0o777 if mode == b"100755" else 0o666
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, permissions)
    try:
        while length > CHUNK:
            length -= _write_all(descriptor, objects.read_part(CHUNK))
        _write_all(descriptor, objects.read(length))
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, data: bytes) -> int:
    written = os.write(descriptor, data)
    while written < len(data):
        written += os.write(descriptor, data[written:])
    return written
