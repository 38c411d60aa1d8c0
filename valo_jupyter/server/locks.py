"""Locks of the operating system on the state folder: held for a process's life, free the moment it dies."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import socket
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psutil

from valo_jupyter.domain.errors import StateFolder as StateFolderError

#: file systems that other computers write to as well: neither locks nor SQLite's WAL can be relied on there
_NETWORK = ["nfs", "cifs", "smb", "afs", "lustre", "gpfs", "beegfs", "ceph", "gluster", "pvfs", "ocfs", "gfs", "sshfs"]
_POLL_SECONDS = 0.02
_LOOK_SECONDS = 2.0


class Lock:
    """An exclusive lock on a file that also says who holds it."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor: int | None = descriptor

    @classmethod
    def take(cls, path: Path, patience: float = 0.0, **info: Any) -> Lock | None:
        """Take the lock, waiting up to `patience` seconds; None: another process holds it.

        `info` is written into the file next to this process's `pid`, `host` and `started`, and stays there after its
        death, until the next holder.
        """
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    os.close(descriptor)
                    return None
                time.sleep(_POLL_SECONDS)
            except OSError as error:
                os.close(descriptor)
                raise StateFolderError(
                    f"{path} cannot be locked ({error.strerror}). Set VALO_HOME to a folder on a local disk."
                ) from error
        lock = cls(path, descriptor)
        lock.write(**info)
        return lock

    def write(self, **info: Any) -> None:
        """Replace what the file says."""
        assert self._descriptor is not None, "the lock is held"
        own = psutil.Process()
        content = {"pid": own.pid, "host": socket.gethostname(), "started": own.create_time(), **info}
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, json.dumps(content).encode(), 0)

    def gone(self) -> bool:
        """True when the file was removed or replaced: the lock keeps nobody out any more."""
        if self._descriptor is None:
            return False
        try:
            return not os.path.samestat(os.fstat(self._descriptor), os.stat(self.path))
        except FileNotFoundError:
            return True

    async def until_gone(self) -> None:
        while not self.gone():
            await asyncio.sleep(_LOOK_SECONDS)

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_held(path: Path) -> bool:
    """True while a process holds the lock."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def last_holder(path: Path) -> dict[str, Any]:
    """What the file says of its holder, or of its last one; empty when there was none."""
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def holder(path: Path) -> dict[str, Any] | None:
    """Who holds the lock now."""
    for _ in range(20):
        if not is_held(path):
            return None
        if found := last_holder(path):
            return found
        time.sleep(_POLL_SECONDS / 2)  # it is writing this moment
    return {}


def refuse_network(folder: Path, mounts: Iterable[tuple[str, str]] | None = None) -> None:
    """Raise `StateFolder` when the folder is on a network file system.

    `mounts`: mount points and their file systems' kinds in the order of mounting; this computer's if not given.
    """
    if mounts is None:
        mounts = [(part.mountpoint, part.fstype) for part in psutil.disk_partitions(all=True)]
    kind = _file_system(folder, mounts)
    if any(name in kind for name in _NETWORK):
        raise StateFolderError(
            f"{folder} is on a network file system ({kind}), where a database and locks are not safe. "
            "Set VALO_HOME to a folder on a local disk of this computer, for example /var/tmp/valo-$USER.",
            folder=str(folder),
            file_system=kind,
        )


def _file_system(folder: Path, mounts: Iterable[tuple[str, str]]) -> str:
    real = f"{os.path.realpath(folder)}/"
    place, kind = "", ""
    for mountpoint, found in mounts:
        mount = mountpoint.rstrip("/") + "/"
        # a later mount hides an earlier one at the same place
        if real.startswith(mount) and len(mount) >= len(place):
            place, kind = mount, found.lower()
    return kind
