"""One digest of all that decides what a snapshot leaves out, but for the ignore files inside the folder."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from valo_jupyter.snapshots.places import common_directory, git_directory
from valo_jupyter.snapshots.records import Choice

#: Raised whenever the built-in lists change.
_LISTS = 1
_EXCLUDES_FILE = re.compile(rb"^\s*excludesfile\s*=\s*\"?([^\"\n]+)", re.I | re.M)


def fingerprint(folder: Path, choice: Choice, repositories: tuple[bytes, ...]) -> bytes:
    """Changes whenever a remembered answer may no longer hold.

    `repositories` are the nested ones: what they track is taken even if it is ignored, so their indexes count.
    """
    parts: list[object] = [
        _LISTS,
        choice.name_secrets,
        choice.max_file_bytes,
        choice.ignore,
        _content(folder / ".vhignore"),
    ]
    own = git_directory(folder)
    configurations = _user_configurations()
    if own is not None:
        common = common_directory(own)
        configurations = [common / "config", own / "config.worktree", *configurations]
        parts += [_signature(own / "index"), _content(common / "info" / "exclude")]
    for path in configurations:
        content = _content(path)
        parts.append(content)
        for named in _EXCLUDES_FILE.findall(content or b""):
            parts.append(_content(Path(os.fsdecode(named.strip())).expanduser()))
    parts.append(_content(_user_folder() / "ignore"))
    for path in repositories:
        nested = git_directory(folder / os.fsdecode(path))
        parts.append((path, _signature(nested / "index") if nested is not None else None))
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogateescape")).digest()


def _user_configurations() -> list[Path]:
    return [Path("~/.gitconfig").expanduser(), _user_folder() / "config"]


def _user_folder() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser() / "git"


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _signature(path: Path) -> tuple[int, ...] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
