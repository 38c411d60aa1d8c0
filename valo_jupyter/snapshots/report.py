"""Says what a snapshot left out, and what to beware of."""

from __future__ import annotations

import os
from pathlib import Path

from valo_jupyter.snapshots.records import LeftOut
from valo_jupyter.snapshots.scan import GONE, Scan

_AT_MOST = 2_000


def left_out(scan: Scan, warnings: list[str]) -> list[LeftOut]:
    """Large files first: those are the ones that somebody may miss."""
    found = []
    for path, directory in scan.directories.items():
        prefix = path + b"/" if path else b""
        if directory.excluded is not None and directory.excluded != GONE:
            found.append(LeftOut(text(prefix), directory.excluded))
        for name, (rule, size, is_folder, _) in directory.left.items():
            found.append(LeftOut(text(prefix + name + (b"/" if is_folder else b"")), rule, size or None))
    found.sort(key=lambda one: (-(one.size or 0), one.path))
    if len(found) > _AT_MOST:
        warnings.append(f"{len(found):,} files and folders were left out; the list names {_AT_MOST:,} of them.")
    return found[:_AT_MOST]


def all_but(folder: Path, notebook: bytes) -> list[LeftOut]:
    """What surrounds a notebook that is sent alone."""
    found: list[LeftOut] = []
    path = notebook
    while path:
        path, taken = os.path.split(path)
        with os.scandir(os.path.join(os.fsencode(folder), path)) as listing:
            for entry in listing:
                if entry.name not in (taken, b".git"):
                    ending = b"/" if entry.is_dir(follow_symlinks=False) else b""
                    found.append(LeftOut(text(os.path.join(path, entry.name) + ending), "only the notebook was sent"))
    found.sort(key=lambda one: one.path)
    return found[:_AT_MOST]


def links_astray(scan: Scan) -> list[str]:
    """A warning for each link that leads out of the folder."""
    paths = [
        folder + b"/" + name if folder else name
        for folder, directory in scan.directories.items()
        for name in directory.astray
    ]
    return [
        f"{text(path)} is a link that leads out of the folder: "
        "it is sent as a link, and will lead nowhere on another machine."
        for path in sorted(paths)
    ]


def text(name: bytes) -> str:
    """A path for people and JSON, whatever its bytes are."""
    return name.decode("utf-8", "backslashreplace")
