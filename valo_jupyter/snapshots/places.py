"""Finds the folder a notebook belongs to, and the git directory of a working folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from valo_jupyter.domain.errors import SnapshotFailed


def project_folder(notebook: Path) -> Path:
    """The git root, else the nearest folder with `valohai.yaml` or `.valo`, else the notebook's own."""
    own = located(notebook).parent
    if not own.is_dir():
        raise SnapshotFailed(f"The folder {own} does not exist. Check the notebook's path and run again.")
    return enclosing_project(own)


def enclosing_project(own: Path, now: Callable[[Path], Path | None] = lambda folder: folder) -> Path:
    """The same of a folder that may be gone; `now` says where a folder's content is to be looked for, if anywhere."""
    above = [(folder, there) for folder in (own, *own.parents) if (there := now(folder)) is not None]
    for folder, there in above:
        if git_directory(there) is not None:
            return folder
    for folder, there in above:
        if (there / "valohai.yaml").is_file() or (there / ".valo").exists():
            return folder
    return own


def git_directory(folder: Path) -> Path | None:
    """Where git keeps this working folder's state: `.git`, or what a worktree's or submodule's `.git` file names."""
    entry = folder / ".git"
    try:
        if entry.is_dir():
            return entry if (entry / "HEAD").is_file() or (entry / "HEAD").is_symlink() else None
        text = entry.read_text(errors="surrogateescape")
    except OSError:
        return None
    if not text.startswith("gitdir: "):
        return None
    target = folder / text[len("gitdir: ") :].rstrip("\n")
    return target if (target / "HEAD").is_file() else None


def common_directory(git_dir: Path) -> Path:
    """Where the configuration is: a worktree shares it with the repository it belongs to."""
    try:
        return git_dir / (git_dir / "commondir").read_text(errors="surrogateescape").strip()
    except OSError:
        return git_dir


def located(path: Path) -> Path:
    """The path with its folder resolved but its own name kept: a notebook may itself be a link."""
    path = path.expanduser().absolute()
    return path.parent.resolve() / path.name
