"""Which paths git has to be asked about, because they are not as they were at the previous snapshot."""

from __future__ import annotations

import os

from valo_jupyter.snapshots.memory import Directory, Memory
from valo_jupyter.snapshots.scan import Scan

#: With more paths than this, asking about all of them is as good.
_AT_MOST = 300
_BYTES_AT_MOST = 60_000
#: A change in one of these can change what git says of other files.
_TELLING = frozenset({b".gitignore", b".gitattributes"})


def paths_to_ask_about(scan: Scan, memory: Memory, before: tuple[tuple[bytes, str], ...]) -> list[bytes] | None:
    """Paths that were dirty `before` or have changed; None if git had better look at everything."""
    untracked = tuple(path for path, status in before if status == "?" and path.endswith(b"/"))
    within = tuple(path + b"/" for path in memory.state.repositories)
    paths = {path for path, _ in before} | set(memory.state.repositories)
    for folder, directory in scan.directories.items():
        prefix = folder + b"/" if folder else b""
        # left out for a reason of ours, so that the walk says nothing of it, while git may track it
        paths.update(prefix + name for name, out in directory.left.items() if out[3])
        old = memory.directories.get(folder)
        if directory is not old and old is not None:
            names = _changed(directory, old)
            if not names.isdisjoint(_TELLING):
                return None
            if names and (bare := _bare(memory, folder)):
                paths.add(bare)  # nothing of it was tracked: git names an untracked folder, not what is in it
            else:
                paths.update(prefix + name for name in names if not (prefix + name).startswith((*untracked, *within)))
        if len(paths) > _AT_MOST:
            return None
    return sorted(paths) if sum(map(len, paths)) <= _BYTES_AT_MOST else None


def _changed(directory: Directory, old: Directory) -> set[bytes]:
    """Names of the folder that are new, gone or different. A new folder is one name, whatever is in it."""
    names = {name for name, seen in directory.files.items() if seen != old.files.get(name)}
    names |= old.files.keys() - directory.files.keys()
    names |= directory.left.keys() ^ old.left.keys()
    names |= set(directory.folders) ^ set(old.folders)
    return names


def _bare(memory: Memory, folder: bytes) -> bytes:
    """The outermost folder around this one, or itself, that held no file at all; empty if there is none."""
    found = b""
    while folder and not any(
        one.files for path, one in memory.directories.items() if path == folder or path.startswith(folder + b"/")
    ):
        found, folder = folder, os.path.dirname(folder)
    return found
