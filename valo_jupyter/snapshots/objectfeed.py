"""Reads commits, trees and blobs of a bare repository: loose objects, and from the first other one on through git."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from valo_jupyter.domain.errors import NotFound, SnapshotFailed
from valo_jupyter.snapshots import git, loose

#: Requests in flight: 41 bytes each, far less than a pipe holds, so that asking never waits for an answer to be taken.
_AHEAD = 256
#: A tree that names itself over and over could hold more files than any disk.
_ENTRIES_AT_MOST = 2_000_000


class Entry(NamedTuple):
    mode: bytes
    path: bytes
    sha: bytes


_TREE_OF = b"^{tree}"


class ObjectFeed:
    """Names go in, objects come out in the same order; `git cat-file --batch` is started when it is needed."""

    def __init__(self, git_dir: Path) -> None:
        self._git_dir = git_dir
        self._process: subprocess.Popen[bytes] | None = None
        #: what is not read yet of a loose object
        self._loose = b""

    def __enter__(self) -> ObjectFeed:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is None:
            return
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe
            try:
                pipe.close()
            except BrokenPipeError:
                pass
        self._process.wait(timeout=10)

    def ask(self, names: Sequence[bytes]) -> Iterator[int]:
        """The size of each object in turn, which must be `read` before the next is asked for."""
        for position, name in enumerate(names):
            found = self._read_loose(name) if self._process is None else None
            if found is None:
                yield from self._ask_git(names[position:])
                return
            self._loose = found.data
            yield len(found.data)

    def _read_loose(self, name: bytes) -> loose.Loose | None:
        if name.endswith(_TREE_OF):
            return loose.read_tree(self._git_dir, name.removesuffix(_TREE_OF))
        return loose.read(self._git_dir, name)

    def _ask_git(self, names: Sequence[bytes]) -> Iterator[int]:
        if self._process is None:
            self._process = git.start(["cat-file", "--batch"], git_dir=self._git_dir)
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
                    raise self._missing(self._process, name, header)
                yield int(header[2])

    def read(self, size: int) -> bytes:
        """The rest of the object."""
        data = self.read_part(size)
        if self._process is not None:
            assert self._process.stdout
            self._process.stdout.read(1)
        return data

    def read_part(self, size: int) -> bytes:
        if self._process is None:
            data, self._loose = self._loose[:size], self._loose[size:]
            return data
        assert self._process.stdout
        data = self._process.stdout.read(size)
        if len(data) != size:
            raise self._missing(self._process, b"an object", [])
        return data

    def _missing(self, process: subprocess.Popen[bytes], name: bytes, header: list[bytes]) -> NotFound:
        text = name.removesuffix(_TREE_OF).decode()
        if header:
            return NotFound(
                f"The code is not in {self._git_dir}: {text} is missing. Submit the notebook again to send it again."
            )
        assert process.stderr
        words = git.said(process.stderr.read())
        return NotFound(f"The repository {self._git_dir} cannot be read: {words or 'git ended early'}.")


def listed(objects: ObjectFeed, commit: str) -> tuple[list[Entry], list[bytes], int]:
    """The files, the folders (outer ones first), and how many of them are empty."""
    files: list[Entry] = []
    folders: list[bytes] = []
    empty = 0
    level = [Entry(b"40000", b"", commit.encode() + _TREE_OF)]
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
    for mode, name, sha in loose.entries(tree):
        # what git itself refuses to check out: a commit may come from another machine
        if not name or b"/" in name or name in (b".", b"..") or name.lower() == b".git":
            raise SnapshotFailed(f"The commit holds a file with the forbidden name {name!r}.")
        yield Entry(mode, prefix + name, sha)
