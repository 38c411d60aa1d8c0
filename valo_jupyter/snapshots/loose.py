"""Reads small loose objects, of which snapshots of few changes are made: starting git would take longer."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

#: Larger ones are git's to read, which does so in pieces.
_LARGEST = 1 << 20
_HEADER = 32


class Loose(NamedTuple):
    kind: bytes
    data: bytes


def read(git_dir: Path, name: bytes) -> Loose | None:
    """The object of that name (40 digits); None unless it is there, loose, small and whole: then git is to be asked."""
    try:
        with open(git_dir / "objects" / os.fsdecode(name[:2]) / os.fsdecode(name[2:]), "rb") as file:
            packed = file.read(_LARGEST)
        inflate = zlib.decompressobj()
        content = inflate.decompress(packed, _LARGEST + _HEADER)
    except (OSError, zlib.error):
        return None
    if not inflate.eof or hashlib.sha1(content, usedforsecurity=False).hexdigest().encode() != name:
        return None
    header, _, data = content.partition(b"\0")
    return Loose(header.partition(b" ")[0], data)


def read_tree(git_dir: Path, commit: bytes) -> Loose | None:
    """The tree of a commit."""
    found = read(git_dir, commit)
    if found is None or found.kind != b"commit" or not found.data.startswith(b"tree "):
        return None
    return read(git_dir, found.data[5:45])


def read_file(git_dir: Path, commit: bytes, path: bytes) -> bytes | None:
    """A file's bytes in a commit; None also when git is to be asked."""
    found = read_tree(git_dir, commit)
    for step in path.split(b"/"):
        if found is None or found.kind != b"tree":
            return None
        named = (sha for _, name, sha in entries(found.data) if name == step)
        found = read(git_dir, next(named, b""))
    return found.data if found is not None and found.kind == b"blob" else None


def entries(tree: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Mode, name and the object's name, of each entry of a tree."""
    position = 0
    while position < len(tree):
        space = tree.index(b" ", position)
        end = tree.index(b"\0", space)
        yield tree[position:space], tree[space + 1 : end], tree[end + 1 : end + 21].hex().encode()
        position = end + 21
