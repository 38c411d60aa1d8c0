"""Asks before a personal or unusually large folder is sent for the first time."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path
from typing import Any

from valo_jupyter.domain.errors import ConfirmSnapshot
from valo_jupyter.snapshots.records import MB, Choice
from valo_jupyter.snapshots.scan import Scan

#: Enough to show what is large; a home folder can hold millions of files.
COUNT_AT_MOST = 50_000
_SHOWN = 10
_DEPTH = 3


def is_home(folder: Path) -> bool:
    """Whether this is `/`, the home folder, or a folder around it."""
    home = Path(os.path.expanduser("~")).resolve()
    return folder == Path(folder.anchor) or folder == home or folder in home.parents


def question(scan: Scan, folder: Path, choice: Choice, complete: bool) -> ConfirmSnapshot | None:
    """What to ask the user, if anything."""
    home = is_home(folder)
    if home and "home" in choice.accept:
        return None
    if not home and ("large" in choice.accept or (scan.files <= choice.ask_files and scan.bytes <= choice.ask_bytes)):
        return None
    count = f"{'' if complete else 'more than '}{scan.files:,} files, {scan.bytes / MB:,.1f} MB"
    reason = "home" if home else "large"
    what = f"The project folder of this notebook is {folder}, " + (
        f"a personal folder ({count})." if home else f"which is large for code ({count})."
    )
    return ConfirmSnapshot(
        f"{what} Send the notebook alone, or the folder if it is meant (accept {reason!r}); "
        "a .gitignore or .vhignore file leaves parts of it out.",
        reason=reason, folder=str(folder), files=scan.files, bytes=scan.bytes, at_least=not complete,
        largest=_largest(scan), options=["notebook", "folder"],
    )  # fmt: skip


def _largest(scan: Scan) -> list[dict[str, Any]]:
    files: dict[bytes, int] = defaultdict(int)
    sizes: dict[bytes, int] = defaultdict(int)
    for path, directory in scan.directories.items():
        size = sum(seen[2] for seen, _ in directory.files.values())
        parts = path.split(b"/") if path else []
        for depth in range(1, min(len(parts), _DEPTH) + 1):
            folder = b"/".join(parts[:depth])
            files[folder] += len(directory.files)
            sizes[folder] += size
        if not path:
            for name, (seen, _) in directory.files.items():
                if seen[2] > MB:
                    files[name], sizes[name] = 1, seen[2]
    # a folder that is large only because of one folder in it says less than that folder
    telling = [
        path for path in sizes
        if not any(os.path.dirname(other) == path and sizes[other] > 0.8 * sizes[path] for other in sizes)
    ]  # fmt: skip
    telling.sort(key=lambda path: (-sizes[path], -files[path], path))
    return [
        {"path": path.decode("utf-8", "backslashreplace"), "files": files[path], "bytes": sizes[path]}
        for path in telling[:_SHOWN]
    ]
