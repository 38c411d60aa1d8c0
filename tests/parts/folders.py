"""Folders for snapshots: what is in them, byte for byte, and git repositories in every state."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

IDENTITY = {
    "GIT_AUTHOR_NAME": "Ana",
    "GIT_AUTHOR_EMAIL": "ana@example.org",
    "GIT_COMMITTER_NAME": "Ana",
    "GIT_COMMITTER_EMAIL": "ana@example.org",
}


def git(folder: Path, *arguments: str, check: bool = True) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=folder, check=check, capture_output=True, text=True, env={**os.environ, **IDENTITY}
    ).stdout


def write(folder: Path, files: dict[str, str | bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def state(folder: Path) -> dict[bytes, tuple]:
    """Everything that `lstat` tells of each path, but for the time of reading, and its content."""
    found: dict[bytes, tuple] = {}
    for parent, folders, files in os.walk(os.fsencode(folder)):
        for name in [*folders, *files, b"."]:
            path = os.path.join(parent, name)
            status = os.lstat(path)
            kind = stat.S_IFMT(status.st_mode)
            content: bytes | None = None
            if kind == stat.S_IFLNK:
                content = os.readlink(path)
            elif kind == stat.S_IFREG:
                content = Path(os.fsdecode(path)).read_bytes()
            times = (status.st_mtime_ns, status.st_ctime_ns)
            found[path] = (status.st_mode, times, status.st_ino, status.st_size, content)
    return found


def tree(folder: Path) -> dict[str, tuple[str, bytes]]:
    """What a commit can hold of a folder: kind and content by path; `.git` is not part of it."""
    found: dict[str, tuple[str, bytes]] = {}
    for parent, folders, files in os.walk(os.fsencode(folder)):
        folders[:] = [name for name in folders if name != b".git"]
        for name in [*folders, *files]:
            path = os.path.join(parent, name)
            shown = os.fsdecode(os.path.relpath(path, os.fsencode(folder)))
            mode = os.lstat(path).st_mode
            if stat.S_ISLNK(mode):
                found[shown] = ("link", os.readlink(path))
            elif stat.S_ISDIR(mode):
                found[shown] = ("folder", b"")
            elif stat.S_ISREG(mode) and name != b".git":
                kind = "program" if mode & stat.S_IXUSR else "file"
                found[shown] = (kind, Path(os.fsdecode(path)).read_bytes())
    return found
