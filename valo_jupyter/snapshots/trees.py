"""Makes git trees of the folders that were walked, writing those that are not as they were."""

from __future__ import annotations

import os
import stat
from dataclasses import replace

from valo_jupyter.snapshots.memory import Directory, Memory
from valo_jupyter.snapshots.objects import EMPTY_TREE, Objects
from valo_jupyter.snapshots.scan import Scan


def build(scan: Scan, memory: Memory, objects: Objects) -> tuple[bytes, int]:
    """The root's tree, and how many folders are empty. A folder that is as it was becomes the remembered one again."""
    moved: set[bytes] = set()
    empty = 0
    for path in reversed(scan.directories):
        directory, old = scan.directories[path], memory.directories.get(path)
        if directory is not old or path in moved:
            if old is not None and path not in moved and replace(directory, tree=old.tree) == old:
                directory = old
            elif directory.excluded is None:
                tree = objects.write_tree(_entries(path, directory, scan.directories))
                directory = replace(directory, tree=tree)
            scan.directories[path] = directory
            if old is None or directory.tree != old.tree:
                moved.add(os.path.dirname(path))
        # an empty folder is a tree of its own, which git's index could not hold but its trees can
        empty += directory.tree == EMPTY_TREE and path != b""
    root = scan.directories[b""].tree
    assert root is not None
    return root, empty


def git_mode(mode: int) -> bytes:
    """git knows files, executable files and links."""
    if stat.S_ISLNK(mode):
        return b"120000"
    return b"100755" if mode & stat.S_IXUSR else b"100644"


def _entries(
    path: bytes, directory: Directory, directories: dict[bytes, Directory]
) -> list[tuple[bytes, bytes, bytes]]:
    prefix = path + b"/" if path else b""
    entries = [(git_mode(seen[4]), name, sha) for name, (seen, sha) in directory.files.items()]
    for name in directory.folders:
        tree = directories[prefix + name].tree
        if tree is not None:
            entries.append((b"40000", name, tree))
    return entries
