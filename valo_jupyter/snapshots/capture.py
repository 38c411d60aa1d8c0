"""Turns a working folder into a commit of the project's bare repository."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from valo_jupyter.domain.errors import SnapshotFailed
from valo_jupyter.snapshots.history import History
from valo_jupyter.snapshots.keeping import MemoryFile
from valo_jupyter.snapshots.objects import Objects
from valo_jupyter.snapshots.places import located
from valo_jupyter.snapshots.reading import Reader
from valo_jupyter.snapshots.records import Choice, Progress, Snapshot
from valo_jupyter.snapshots.report import all_but
from valo_jupyter.snapshots.repository import ensure_repository
from valo_jupyter.snapshots.taking import Taking, read_notebook
from valo_jupyter.snapshots.trees import git_mode


def snapshot(
    folder: Path,
    git_dir: Path,
    *,
    notebook: Path | None = None,
    choice: Choice = Choice(),  # noqa: B008 - frozen
    progress: Callable[[Progress], None] | None = None,
) -> Snapshot:
    """Record the folder as it is now; its own git repository, if it has one, is only read.

    Parameters
    ----------
    folder
        The project folder, see `project_folder`.
    git_dir
        The project's bare repository; made if it does not exist.
    notebook
        The notebook to be run, in the folder; it enters without outputs and counters.
    progress
        Called from this thread, at most 20 times a second.

    Raises
    ------
    ConfirmSnapshot
        The folder is personal, or large and new, and `choice.accept` does not say that this is meant.
    SnapshotFailed
        With the reason and what to do.
    """
    folder = folder.expanduser().resolve()
    if not folder.is_dir():
        raise SnapshotFailed(f"The folder {folder} does not exist. Check the path and run again.")
    name = _relative(notebook, folder) if notebook is not None else None
    ensure_repository(git_dir)
    if choice.include == "notebook":
        if name is None:
            raise SnapshotFailed("To send the notebook alone, say which one it is.")
        return _notebook_alone(folder, git_dir, name)
    kept = MemoryFile(git_dir, folder)
    with kept.locked():
        return Taking(folder, git_dir, name, choice, progress).run(kept)


def _notebook_alone(folder: Path, git_dir: Path, notebook: bytes) -> Snapshot:
    """The notebook, cleaned, at its place in the project, and nothing else."""
    objects = Objects(git_dir)
    warnings: list[str] = []
    history = History(folder, None)
    try:
        history.begin(notebook)
        stored = read_notebook(Reader(os.fsencode(folder), objects), notebook, None)
        path, mode, sha = notebook, git_mode(stored.signature[4]), stored.sha
        while path:
            path, name = os.path.split(path)
            sha, mode = objects.write_tree([(mode, name, sha)]), b"40000"
        described, _ = history.result(warnings)
    finally:
        history.close()
    left_out, size = all_but(folder, notebook), stored.signature[2]
    return Snapshot(objects.write_commit(sha), sha.hex(), 1, size, 1, left_out, 0, warnings, described)


def _relative(notebook: Path, folder: Path) -> bytes:
    path = located(notebook if notebook.is_absolute() else folder / notebook)
    try:
        relative = path.relative_to(folder)
    except ValueError:
        raise SnapshotFailed(f"The notebook {path} is not in the project folder {folder}.") from None
    if not path.is_file():
        raise SnapshotFailed(f"The notebook {path} does not exist. Save it and run again.")
    return os.fsencode(relative)
