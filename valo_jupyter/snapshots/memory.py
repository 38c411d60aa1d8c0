"""What the previous snapshot of a folder saw, so that the next one reads only what changed."""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgpack

from valo_jupyter.domain.errors import SnapshotFailed
from valo_jupyter.snapshots.objects import storing

#: `(mtime_ns, ctime_ns, size, inode, mode)`
Signature = tuple[int, int, int, int, int]
#: a file as it was, and its blob
Seen = tuple[Signature, bytes]
#: a name left out: the rule; its size if it must be looked at again next time, since its name is not the reason;
#: whether it is a folder
Out = tuple[str, "int | None", bool]

#: Raised whenever the meaning of what is remembered changes.
_FORMAT = 1
_WAIT_SECONDS = 120


def untrusted(seen: Signature) -> Signature:
    """For a file so fresh that it could change without its times showing it: equal to no file's signature."""
    return (-1, *seen[1:])


def is_trusted(seen: Signature | None) -> bool:
    return seen is None or seen[0] != -1


@dataclass
class Directory:
    """One folder of the previous snapshot."""

    files: dict[bytes, Seen] = field(default_factory=dict)
    left: dict[bytes, Out] = field(default_factory=dict)
    folders: tuple[bytes, ...] = ()
    #: signature of its `.gitignore`
    ignore: Signature | None = None
    #: why nothing of it is taken
    excluded: str | None = None
    tree: bytes | None = None


@dataclass
class Memory:
    """Every folder by its path, and the state of the rules under which they were looked at."""

    directories: dict[bytes, Directory] = field(default_factory=dict)
    #: a digest of all that decides what is left out, but for nested ignore files
    rules: bytes = b""
    #: the notebook that was stored cleaned
    notebook: bytes | None = None
    #: nested repositories
    repositories: tuple[bytes, ...] = ()
    #: whether a snapshot of this folder was completed before
    completed: bool = False

    def forget(self, path: bytes | None) -> None:
        """Have this file judged and read again, and the folders around it judged again."""
        while path:
            path, name = os.path.split(path)
            directory = self.directories.get(path)
            if directory is not None:
                directory.files.pop(name, None)
                directory.left.pop(name, None)
                directory.folders = tuple(one for one in directory.folders if one != name)


class MemoryFile:
    """Where the memory of one folder is kept, beside the repository's objects that it speaks of."""

    def __init__(self, git_dir: Path, folder: Path) -> None:
        self._git_dir = git_dir
        self._path = git_dir / "valo" / hashlib.sha256(os.fsencode(folder)).hexdigest()[:20]
        self._folder = folder

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One snapshot of a folder at a time. The system ends the lock of a process that died."""
        with storing(self._git_dir):
            self._path.parent.mkdir(exist_ok=True, mode=0o700)
            descriptor = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _acquire(descriptor, self._folder)
            yield
        finally:
            os.close(descriptor)

    def load(self) -> Memory:
        """The memory; an empty one if there is none, or it is damaged or of another version."""
        try:
            content = self._path.read_bytes()
            if content[:20] != hashlib.sha1(content[20:], usedforsecurity=False).digest():
                return Memory()
            version, rules, notebook, repositories, completed, folders = msgpack.unpackb(
                content[20:], use_list=False, strict_map_key=False
            )
            if version != _FORMAT:
                return Memory()
        except (OSError, ValueError, TypeError):
            return Memory()
        directories = {path: Directory(*values) for path, values in folders.items()}
        return Memory(directories, rules, notebook, repositories, completed)

    def save(self, memory: Memory) -> None:
        folders = {
            path: (one.files, one.left, one.folders, one.ignore, one.excluded, one.tree)
            for path, one in memory.directories.items()
        }
        body = msgpack.Packer().pack(
            (_FORMAT, memory.rules, memory.notebook, memory.repositories, memory.completed, folders)
        )
        temporary = self._path.with_suffix(".new")
        with storing(self._git_dir):
            temporary.write_bytes(hashlib.sha1(body, usedforsecurity=False).digest() + body)
            os.replace(temporary, self._path)


def _acquire(descriptor: int, folder: Path) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise SnapshotFailed(
                    f"Another snapshot of {folder} has been running for {_WAIT_SECONDS} seconds. "
                    "Wait for it to end, then run again."
                ) from None
            time.sleep(0.02)
