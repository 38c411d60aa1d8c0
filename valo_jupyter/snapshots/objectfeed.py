"""Reads commits, trees and blobs of a bare repository through one git process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from valo_jupyter.domain.errors import NotFound, SnapshotFailed
from valo_jupyter.snapshots import git

#: Requests in flight: 41 bytes each, far less than a pipe holds, so that asking never waits for an answer to be taken.
_AHEAD = 256
#: A tree that names itself over and over could hold more files than any disk.
_ENTRIES_AT_MOST = 2_000_000


class Entry(NamedTuple):
    mode: bytes
    path: bytes
    sha: bytes


class ObjectFeed:
    """A `git cat-file --batch` process: names go in, objects come out in the same order."""

    def __init__(self, git_dir: Path) -> None:
        self._git_dir = git_dir

    def __enter__(self) -> ObjectFeed:
        self._process = git.start(["cat-file", "--batch"], git_dir=self._git_dir)
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe
            try:
                pipe.close()
            except BrokenPipeError:
                pass
        self._process.wait(timeout=10)

    def ask(self, names: Sequence[bytes]) -> Iterator[int]:
        """The size of each object in turn, which must be `read` before the next is asked for."""
        assert self._process.stdin
        assert self._process.stdout
        for start in range(0, len(names), _AHEAD):
            some = names[start : start + _AHEAD]
            try:
                self._process.stdin.write(b"\n".join(some) + b"\n")
                self._process.stdin.flush()
            except BrokenPipeError:
                pass  # the answers end, and are then explained
            for name in some:
                header = self._process.stdout.readline().split()
                if len(header) != 3:
                    raise self._missing(name, header)
                yield int(header[2])

    def read(self, size: int) -> bytes:
        """The rest of the object."""
        data = self.read_part(size)
        assert self._process.stdout
        self._process.stdout.read(1)
        return data

    def read_part(self, size: int) -> bytes:
        assert self._process.stdout
        data = self._process.stdout.read(size)
        if len(data) != size:
            raise self._missing(b"an object", [])
        return data

    def _missing(self, name: bytes, header: list[bytes]) -> NotFound:
        text = name.decode().removesuffix("^{tree}")
        if header:
            return NotFound(
                f"The code is not in {self._git_dir}: {text} is missing. Submit the notebook again to send it again."
            )
        assert self._process.stderr
        words = git.said(self._process.stderr.read())
        return NotFound(f"The repository {self._git_dir} cannot be read: {words or 'git ended early'}.")


def listed(objects: ObjectFeed, commit: str) -> tuple[list[Entry], list[bytes], int]:
    """The files, the folders (outer ones first), and how many of them are empty."""
    files: list[Entry] = []
    folders: list[bytes] = []
    empty = 0
    level = [Entry(b"40000", b"", commit.encode() + b"^{tree}")]
    while level:
        below: list[Entry] = []
        for folder, length in zip(level, objects.ask([one.sha for one in level]), strict=True):
            entries = list(_entries(folder.path, objects.read(length)))
            empty += not entries and folder.path != b""
            for entry in entries:
                if entry.mode in (b"40000", b"160000"):
                    folders.append(entry.path)
                if entry.mode == b"40000":
                    below.append(entry)
                elif entry.mode != b"160000":  # a submodule of a fetched commit: its folder alone
                    files.append(entry)
        if len(files) + len(folders) > _ENTRIES_AT_MOST:
            raise SnapshotFailed(f"The commit {commit} holds more than {_ENTRIES_AT_MOST:,} files.")
        level = below
    return files, folders, empty


def _entries(folder: bytes, tree: bytes) -> Iterator[Entry]:
    prefix = folder + b"/" if folder else b""
    position = 0
    while position < len(tree):
        space = tree.index(b" ", position)
        end = tree.index(b"\0", space)
        name = tree[space + 1 : end]
        # what git itself refuses to check out: a commit may come from another machine
        if not name or b"/" in name or name in (b".", b"..") or name.lower() == b".git":
            raise SnapshotFailed(f"The commit holds a file with the forbidden name {name!r}.")
        yield Entry(tree[position:space], prefix + name, tree[end + 1 : end + 21].hex().encode())
        position = end + 21
