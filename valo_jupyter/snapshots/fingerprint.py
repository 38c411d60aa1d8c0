"""Digests that tell whether what is remembered of a folder still holds."""

from __future__ import annotations

import hashlib
from pathlib import Path

from valo_jupyter.snapshots.configuration import configuration_bytes, content, exclude_bytes
from valo_jupyter.snapshots.places import common_directory, git_directory
from valo_jupyter.snapshots.records import Choice

#: Raised whenever the built-in lists change.
_LISTS = 1


def of_rules(folder: Path, choice: Choice) -> bytes:
    """All that decides what a snapshot leaves out, but for the ignore files inside the folder and what git tracks."""
    own = git_directory(folder)
    configuration = configuration_bytes(own)
    return _digest(
        _LISTS,
        choice.name_secrets,
        choice.max_file_bytes,
        choice.ignore,
        content(folder / ".vhignore"),
        configuration,
        exclude_bytes(own, configuration),
    )


def of_indexes(git_directories: list[Path]) -> bytes:
    """The indexes of these repositories; git replaces the file whenever it changes one."""
    return _digest(*(_signature(path / "index") for path in git_directories))


def of_repository(git_dir: Path) -> bytes:
    """All but the files themselves that decides what git says of the folder: HEAD, index, configuration, attributes."""
    common = common_directory(git_dir)
    configuration = configuration_bytes(git_dir)
    head = content(git_dir / "HEAD") or b""
    branch = head.removeprefix(b"ref: ").strip().decode("utf-8", "surrogateescape")
    return _digest(
        _signature(git_dir / "index"),
        head,
        content(common / branch) if head.startswith(b"ref: ") else None,
        _signature(common / "packed-refs"),
        content(common / "reftable" / "tables.list"),
        content(git_dir / "reftable" / "tables.list"),
        content(common / "info" / "attributes"),
        configuration,
        exclude_bytes(git_dir, configuration),
    )


def _digest(*parts: object) -> bytes:
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogateescape")).digest()


def _signature(path: Path) -> tuple[int, ...] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
