"""What the files of an input are called, and where they go."""

from __future__ import annotations

import os
import posixpath
import threading
from pathlib import Path

from valo_jupyter.domain.errors import InputUnavailable
from valo_jupyter.domain.globs import fixed_part


def kept(name: str, pattern: str, keep: str) -> str:
    """A matched file's name in its input's folder, with as much of its path as `keep` (none, suffix, full) says."""
    if keep == "full":
        return name
    if keep != "suffix":
        return posixpath.basename(name)
    root = posixpath.dirname(fixed_part(pattern))
    return name[len(root) :].lstrip("/") if root and name.startswith(root + "/") else name


class Places:
    """Where files go, each to a place of its own below its input's folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._taken: set[Path] = set()
        self._lock = threading.Lock()

    def take(self, input: str, name: str) -> Path:
        folder = self._folder / input
        target = Path(os.path.normpath(folder / name))
        for inner, outer in ((folder, self._folder), (target, folder)):
            if inner == outer or not inner.is_relative_to(outer):
                raise InputUnavailable(f"input {input}: “{name}” is no name for a file below {outer.name}/")
        with self._lock:
            if target in self._taken:
                raise InputUnavailable(
                    f"input {input}: two files would both be {name}; keep their folders apart "
                    "with `keep-directories: full`, or name fewer"
                )
            self._taken.add(target)
        return target
