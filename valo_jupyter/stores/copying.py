"""Copies of files that share no writable block with the original, made by the operating system where it can."""

from __future__ import annotations

import os
from pathlib import Path

from valo_jupyter.stores.base import Cancel
from valo_jupyter.stores.errors import Cancelled

_STEP = 64 * 1024 * 1024
_CHUNK = 1024 * 1024


def copy_file(source: Path, destination: Path, *, cancel: Cancel | None = None) -> int:
    """Copy the content of `source` to the new file `destination` (0644 less the umask); its size.

    `copy_file_range` costs nothing where the file system can share blocks until one side writes (btrfs, xfs).
    """
    with open(source, "rb", buffering=0) as read, open(destination, "xb", buffering=0) as write:
        try:
            _copy_range(read.fileno(), write.fileno(), cancel)
            # what the system could not copy goes through memory: all of it where there is no such call
            while chunk := read.read(_CHUNK):
                _check(cancel)
                view = memoryview(chunk)
                while view:
                    view = view[write.write(view) :]
        except BaseException:
            destination.unlink(missing_ok=True)
            raise
        return os.fstat(write.fileno()).st_size


def _copy_range(source: int, destination: int, cancel: Cancel | None) -> None:
    if not hasattr(os, "copy_file_range"):
        return
    try:
        while os.copy_file_range(source, destination, _STEP):
            _check(cancel)
    except OSError:
        # not between these two file systems: both offsets are where the copy stopped, and reading goes on from there
        return


def _check(cancel: Cancel | None) -> None:
    if cancel is not None and cancel():
        raise Cancelled
