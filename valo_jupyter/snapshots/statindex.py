"""Lets git compare the signatures of many files, in threads of its own, while Python looks at the folders only."""

from __future__ import annotations

import hashlib
import os
import struct
import subprocess
import time
from dataclasses import replace
from pathlib import Path

from valo_jupyter.snapshots import git
from valo_jupyter.snapshots.memory import Directory, Memory, Signature, is_trusted
from valo_jupyter.snapshots.objects import storing
from valo_jupyter.snapshots.trees import git_mode

#: Below this, starting a process takes longer than asking for each file.
AT_LEAST = 2_000
#: Only files left alone for so long: git compares whole seconds, and a file server's clock may differ from ours.
_SETTLED_NS = 10_000_000_000
#: Written anew when so large a share of the files is no longer answered for.
_SHARE = 0.1
_ENTRY = struct.Struct(">10I20sH")
_LOW = 0xFFFFFFFF


class StatIndex:
    """A git index that holds the files of those remembered folders that are marked `indexed`, as they are remembered.

    It is never updated file by file: a folder that changes loses its mark, and Python looks at it until the next index.
    """

    def __init__(self, git_dir: Path, folder: Path, path: Path) -> None:
        self._git_dir = git_dir
        self._folder = folder
        self._path = path
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, name: bytes) -> None:
        """Start comparing, if the index is the one of this name; the memory speaks of no other."""
        if not name or self._name() != name:
            return
        self._process = git.start(
            ["diff-files", "--name-only", "-z"],
            git_dir=self._git_dir,
            work_tree=self._folder,
            variables={"GIT_INDEX_FILE": str(self._path)},
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def touched(self) -> set[bytes] | None:
        """The folders in which a file is not as in the index; None if there is no answer."""
        if self._process is None:
            return None
        listed = self._process.communicate()[0]
        if self._process.returncode != 0:
            return None
        return {os.path.dirname(path) for path in listed.split(b"\0")[:-1]}

    def close(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            self._process.communicate()

    def renew(self, memory: Memory) -> Memory:
        """Write the index anew if it has become worth it; the memory with its name and marks."""
        latest = time.time_ns() - _SETTLED_NS
        total = sum(len(one.files) for one in memory.directories.values())
        gain = sum(
            len(one.files) for one in memory.directories.values() if not one.indexed and _is_settled(one, latest)
        )
        if total < AT_LEAST or gain <= total * _SHARE:
            return memory
        root = os.fsencode(self._folder)
        entries: list[tuple[bytes, bytes]] = []
        directories = dict(memory.directories)
        for folder, directory in memory.directories.items():
            found = _entries(root, folder, directory) if _is_settled(directory, latest) else None
            directories[folder] = (
                directory if directory.indexed == (found is not None) else replace(directory, indexed=found is not None)
            )
            entries += found or []
        entries.sort()
        body = b"DIRC" + struct.pack(">II", 2, len(entries)) + b"".join(entry for _, entry in entries)
        name = hashlib.sha1(body, usedforsecurity=False).digest()
        temporary = self._path.with_suffix(".index.new")
        with storing(self._git_dir):
            temporary.write_bytes(body + name)
            os.replace(temporary, self._path)
        return Memory(directories, memory.state._replace(compared=name))

    def _name(self) -> bytes:
        try:
            with self._path.open("rb") as file:
                file.seek(-20, os.SEEK_END)
                return file.read()
        except OSError:
            return b""


def _is_settled(directory: Directory, latest: int) -> bool:
    """Whether all that can change the folder's part of the snapshot shows in signatures, and has not of late."""
    if directory.excluded is not None or directory.own is None:
        return False
    if directory.ignore is not None and b".gitignore" not in directory.files:
        return False
    if any(out[1] is not None for out in directory.left.values()):
        return False
    signatures = [directory.own, *(seen for seen, _ in directory.files.values())]
    return all(is_trusted(one) and one[0] < latest and one[1] < latest for one in signatures)


def _entries(root: bytes, folder: bytes, directory: Directory) -> list[tuple[bytes, bytes]] | None:
    """`(path, entry)` for each file, if they are still as they are remembered."""
    entries = []
    for name, (seen, sha) in directory.files.items():
        path = folder + b"/" + name if folder else name
        try:
            status = os.lstat(root + b"/" + path)
        except OSError:
            return None
        now = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, status.st_mode)
        if now != seen:
            return None
        entries.append((path, _entry(path, seen, status, sha)))
    return entries


def _entry(path: bytes, seen: Signature, status: os.stat_result, sha: bytes) -> bytes:
    """One file in version 2 of git's index format, which has 32 bits for each number."""
    mtime, ctime, size, inode, mode = seen
    fields = (ctime // 10**9, ctime % 10**9, mtime // 10**9, mtime % 10**9, status.st_dev, inode)
    fields += (int(git_mode(mode), 8), status.st_uid, status.st_gid, size)
    entry = _ENTRY.pack(*(field & _LOW for field in fields), sha, min(len(path), 0xFFF)) + path
    return entry + b"\0" * (8 - len(entry) % 8)
