"""The git configuration that decides how the user's repository is read."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path

from valo_jupyter.snapshots import git
from valo_jupyter.snapshots.places import common_directory

_EXCLUDES_FILE = re.compile(rb"^\s*excludesfile\s*=\s*\"?([^\"\n]+)", re.I | re.M)
_FILTER = re.compile(r"filter\.(.*)\.(?:clean|smudge|process|required)", re.S)
_SECONDS = 30


def configuration_bytes(git_dir: Path | None) -> bytes:
    """The configuration files as they are: the user's, and the repository's if there is one."""
    files = [Path("/etc/gitconfig"), Path("~/.gitconfig").expanduser(), _user_folder() / "config"]
    if git_dir is not None:
        files += [common_directory(git_dir) / "config", git_dir / "config.worktree"]
    return b"\0".join(content(path) or b"" for path in files)


def exclude_bytes(git_dir: Path | None, configuration: bytes) -> bytes:
    """The ignore files that lie outside the folder."""
    files = [_user_folder() / "ignore"]
    files += [Path(os.fsdecode(named.strip())).expanduser() for named in _EXCLUDES_FILE.findall(configuration)]
    if git_dir is not None:
        files.append(common_directory(git_dir) / "info" / "exclude")
    return b"\0".join(content(path) or b"" for path in files)


def settings(folder: Path, git_dir: Path, configuration: bytes) -> dict[str, str]:
    """Every setting that holds in the repository; `configuration` tells whether an earlier answer still does."""
    ask = _settings.__wrapped__ if b"[include" in configuration else _settings
    return ask(folder, git_dir, configuration)


@lru_cache(8)
def _settings(folder: Path, git_dir: Path, _configuration: bytes) -> dict[str, str]:
    listed = git.run(
        ["config", "--list", "-z"], git_dir=git_dir, work_tree=folder, user_config=True, timeout=_SECONDS
    )  # fmt: skip
    pairs = (item.partition(b"\n") for item in listed.split(b"\0") if item)
    return {_text(key): _text(value) for key, _, value in pairs}


def silenced(config: dict[str, str]) -> dict[str, str]:
    """Overrides under which git runs no filter that the configuration names."""
    names = {match[1] for key in config if (match := _FILTER.fullmatch(key))}
    overrides = {"diff.autoRefreshIndex": "false"}
    for name in names:
        overrides.update({f"filter.{name}.{key}": "" for key in ("clean", "smudge", "process")})
        overrides[f"filter.{name}.required"] = "false"
    return overrides


def content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _user_folder() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser() / "git"


def _text(value: bytes) -> str:
    return value.decode("utf-8", "backslashreplace")
