"""Keeps the memory of each folder in a file beside the repository, and holds the lock of whoever uses it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgpack

from valo_jupyter.domain.errors import SnapshotFailed
from valo_jupyter.snapshots.memory import Directory, Memory, State
from valo_jupyter.snapshots.objects import storing

#: Raised whenever the meaning of what is remembered changes.
_FORMAT = 3
_WAIT_SECONDS = 120
_FRAME = 28
#: Additions after which the file is written anew.
_ADDITIONS = 100

#: The last memories of this process, by file, with the file's signature: a server takes many snapshots of few folders.
_recent: dict[Path, tuple[tuple[int, ...], Memory, int]] = {}
_RECENT = 4
_recent_lock = threading.Lock()


class MemoryFile:
    """One folder's memory: a complete frame and then additions, each with its length and digest.

    A frame that was not written to its end is as if it had not been written at all.
    """

    def __init__(self, git_dir: Path, folder: Path) -> None:
        self._git_dir = git_dir
        self._path = git_dir / "valo" / hashlib.sha256(os.fsencode(folder)).hexdigest()[:20]
        self._folder = folder
        self._end = 0
        self._additions = _ADDITIONS

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
        held = _recent.get(self._path)
        if held is not None and held[0] == self._signature():
            self._end, self._additions = held[0][0], held[2]
            return _copy(held[1])
        try:
            memory = self._read(self._path.read_bytes())
        except (OSError, ValueError, TypeError):
            memory = Memory()
            self._additions = _ADDITIONS
        return memory

    def _read(self, content: bytes) -> Memory:
        memory = Memory()
        position = 0
        while len(content) - position >= _FRAME:
            length = int.from_bytes(content[position : position + 8], "big")
            body = content[position + _FRAME : position + _FRAME + length]
            if content[position + 8 : position + _FRAME] != hashlib.sha1(body, usedforsecurity=False).digest():
                break
            version, header, gone, folders = msgpack.unpackb(body, use_list=False, strict_map_key=False)
            if version != _FORMAT:
                raise ValueError(version)
            for path in gone:
                memory.directories.pop(path, None)
            for path, values in folders.items():
                memory.directories[path] = Directory(*values)
            memory.state = State(*header)
            position += _FRAME + length
            self._additions = 0 if self._end == 0 else self._additions + 1
            self._end = position
        return memory

    def save(self, memory: Memory, before: Memory) -> None:
        """Write what is not as it was in `before`, which was loaded here."""
        folders = {path: one for path, one in memory.directories.items() if before.directories.get(path) is not one}
        gone = [path for path in before.directories if path not in memory.directories]
        anew = self._additions >= _ADDITIONS or len(folders) > len(memory.directories) // 4
        if anew:
            folders, gone = memory.directories, []
        content = _frame(_FORMAT, memory.state, gone, {path: _values(one) for path, one in folders.items()})
        with storing(self._git_dir):
            if anew:
                temporary = self._path.with_suffix(".new")
                temporary.write_bytes(content)
                os.replace(temporary, self._path)
            else:
                with self._path.open("r+b") as file:
                    file.truncate(self._end)
                    file.seek(self._end)
                    file.write(content)
        self._additions = 0 if anew else self._additions + 1
        self._hold(memory)

    @property
    def index(self) -> Path:
        """Where the index for git's comparison is kept."""
        return self._path.with_suffix(".index")

    def _hold(self, memory: Memory) -> None:
        signature = self._signature()
        with _recent_lock:
            _recent.pop(self._path, None)
            if signature is not None:
                _recent[self._path] = (signature, memory, self._additions)
            if len(_recent) > _RECENT:
                del _recent[next(iter(_recent))]

    def _signature(self) -> tuple[int, ...] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return (status.st_size, status.st_mtime_ns, status.st_ino)


def _values(one: Directory) -> tuple[Any, ...]:
    return (
        one.files,
        one.left,
        one.folders,
        one.ignore,
        one.excluded,
        one.tree,
        one.size,
        one.astray,
        one.own,
        one.indexed,
    )


def _copy(memory: Memory) -> Memory:
    return Memory(dict(memory.directories), memory.state)


def _frame(*values: object) -> bytes:
    body: bytes = msgpack.Packer().pack(values)
    return len(body).to_bytes(8, "big") + hashlib.sha1(body, usedforsecurity=False).digest() + body


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
