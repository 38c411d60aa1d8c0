"""Writes git objects into a bare repository, straight from memory or from an open file."""

from __future__ import annotations

import errno
import hashlib
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from valo_jupyter.domain.errors import SnapshotFailed

CHUNK = 1 << 20
EMPTY_TREE = bytes.fromhex("4b825dc642cb6eb9a060e54bf8d69288fbee4904")

#: A snapshot's commit says nothing of who and when, so that the same tree is the same commit; its execution knows both.
_NOBODY = "Valo <valo@localhost> 946684800 +0000"
_COMMIT = f"tree {{}}\nauthor {_NOBODY}\ncommitter {_NOBODY}\n\nSnapshot\n"


class Changed(Exception):
    """The file is not what it was when reading it began."""


@contextmanager
def storing(git_dir: Path) -> Iterator[None]:
    """Say what a failing disk means for the snapshot."""
    try:
        yield
    except OSError as error:
        advice = {
            errno.ENOSPC: "The disk is full: free some space and run again.",
            errno.EDQUOT: "Your disk quota is used up: free some space and run again.",
            errno.EROFS: "The disk is read-only: set VALO_HOME to a folder that can be written.",
            errno.EACCES: "You may not write there: fix the permissions, or set VALO_HOME to a folder of your own.",
        }.get(error.errno or 0, f"{error.strerror}: check the disk, or set VALO_HOME to another one.")
        raise SnapshotFailed(f"The snapshot could not be stored in {git_dir}. {advice}") from error


def name_of(kind: bytes, data: bytes) -> bytes:
    """The 20-byte name git gives this object."""
    return hashlib.sha1(b"%s %d\0" % (kind, len(data)) + data, usedforsecurity=False).digest()


class Objects:
    """The loose objects of a bare repository. Safe to use from several threads and processes."""

    def __init__(self, git_dir: Path) -> None:
        self._git_dir = git_dir
        self._root = os.fsencode(git_dir / "objects")

    def write(self, kind: bytes, data: bytes) -> bytes:
        """Store one object, unless it is there; its name."""
        sha = name_of(kind, data)
        target = self._path(sha)
        if not os.path.exists(target):
            with _Temporary(self._git_dir) as temporary:
                temporary.write(zlib.compress(b"%s %d\0" % (kind, len(data)) + data, 1))
                temporary.move(target)
        return sha

    def write_blob_from(self, source: int, size: int) -> bytes:
        """Store the first `size` bytes of an open file as a blob, in bounded memory; `Changed` if it has fewer."""
        digest = hashlib.sha1(usedforsecurity=False)
        with _Temporary(self._git_dir) as temporary:
            deflate = zlib.compressobj(1)
            chunk = b"blob %d\0" % size
            while True:
                digest.update(chunk)
                temporary.write(deflate.compress(chunk))
                if not size:
                    break
                chunk = os.read(source, min(CHUNK, size))
                if not chunk:
                    raise Changed
                size -= len(chunk)
            temporary.write(deflate.flush())
            temporary.move(self._path(digest.digest()))
        return digest.digest()

    def write_tree(self, entries: list[tuple[bytes, bytes, bytes]]) -> bytes:
        """A tree of `(mode, name, sha)`, sorted here as git wants it."""
        entries.sort(key=lambda entry: entry[1] + b"/" if entry[0] == b"40000" else entry[1])
        return self.write(b"tree", b"".join(b"%s %s\0%s" % entry for entry in entries))

    def write_commit(self, tree: bytes) -> str:
        """A commit of this tree, without a parent."""
        return self.write(b"commit", _COMMIT.format(tree.hex()).encode()).hex()

    def _path(self, sha: bytes) -> bytes:
        name = sha.hex().encode()
        return b"%s/%s/%s" % (self._root, name[:2], name[2:])


class _Temporary:
    """A file that gets its name only when it is complete; git's own tidying knows `tmp_obj_` remains."""

    def __init__(self, git_dir: Path) -> None:
        self._git_dir = git_dir
        self._path = os.fsencode(git_dir / "objects" / f"tmp_obj_{os.urandom(8).hex()}")

    def __enter__(self) -> _Temporary:
        with storing(self._git_dir):
            self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444)
        return self

    def write(self, data: bytes) -> None:
        with storing(self._git_dir):
            while data:
                data = data[os.write(self._descriptor, data) :]

    def move(self, target: bytes) -> None:
        with storing(self._git_dir):
            try:
                os.rename(self._path, target)
            except FileNotFoundError:
                os.makedirs(os.path.dirname(target), exist_ok=True)
                os.rename(self._path, target)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        os.close(self._descriptor)
        if kind is not None:
            with suppress(OSError):
                os.unlink(self._path)
