"""Where outputs are written to: below one folder, and never over a file of the user's."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from valo_jupyter.client import human
from valo_jupyter.domain.errors import Conflict, Invalid, ValoError

CHUNK = 1 << 20
#: names of files in the way that a message has room for
NAMED = 5


class WouldOverwrite(Conflict):
    """A different file of this name exists."""

    code = "would_overwrite"


class NotWritable(ValoError):
    """The file cannot be written there."""

    code = "not_writable"

    @classmethod
    def of(cls, target: Path, reason: str) -> NotWritable:
        return cls(f"{_shown(target)} cannot be written: {reason}. Choose another folder.")


def target_of(folder: str | Path, name: str) -> Path:
    """The path of the output called `name`, which may have folders, below `folder`."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise Invalid(f"The output's name “{name}” leads out of the folder; download it under another name.")
    return Path(folder).expanduser() / path


def check_targets(files: Iterable[tuple[Path, dict[str, Any]]], *, overwrite: bool) -> None:
    """Refuse before anything is written.

    Parameters
    ----------
    files
        Target and record (`size`, `sha256`) of each output.

    Raises
    ------
    NotWritable
        A target is a folder, or what ought to be a folder around it is not one.
    WouldOverwrite
        A target exists with other content, and `overwrite` is false.
    """
    in_the_way = []
    for target, record in files:
        _check_place(target)
        if not overwrite and os.path.lexists(target) and not holds(target, record):
            in_the_way.append(target)
    if in_the_way:
        more = f" and {len(in_the_way) - NAMED} more" if len(in_the_way) > NAMED else ""
        raise WouldOverwrite(
            f"Nothing was downloaded: {', '.join(map(_shown, in_the_way[:NAMED]))}{more} would be overwritten, with "
            "different content. Choose another folder, or replace what is there with --force (in Python: "
            "overwrite=True).",
            paths=[str(target) for target in in_the_way],
        )


def holds(target: Path, record: dict[str, Any]) -> bool:
    """Whether the file at `target` is the recorded one already; without a recorded sha256 nobody can say so."""
    try:
        if not record.get("sha256") or target.stat().st_size != record["size"]:
            return False
        digest = hashlib.sha256()
        with target.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
    except OSError:
        return False
    return digest.hexdigest() == record["sha256"]


def _check_place(target: Path) -> None:
    if target.is_dir():
        raise NotWritable.of(target, "there is a folder of this name")
    nearest = next((folder for folder in target.parents if os.path.lexists(folder)), None)
    if nearest is not None and not nearest.is_dir():
        raise NotWritable.of(target, f"{_shown(nearest)} is not a folder")


def _shown(path: Path) -> str:
    return human.plain(str(path), 1000)
