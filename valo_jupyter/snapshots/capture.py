"""Turns a working folder into a commit of the project's bare repository."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from valo_jupyter.domain.errors import SnapshotFailed
from valo_jupyter.snapshots import history
from valo_jupyter.snapshots.places import located
from valo_jupyter.snapshots.records import Choice, Progress, Snapshot
from valo_jupyter.snapshots.repository import ensure_repository
from valo_jupyter.snapshots.taking import notebook_alone, whole_folder


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
    with ThreadPoolExecutor(1, "valo-history") as beside:
        described = beside.submit(history.describe, folder)
        if choice.include == "notebook":
            if name is None:
                raise SnapshotFailed("To send the notebook alone, say which one it is.")
            made = notebook_alone(folder, git_dir, name)
        else:
            made = whole_folder(folder, git_dir, name, choice, progress)
        try:
            git = described.result()
        except SnapshotFailed as error:  # the code is safe; only what git says of it is missing
            git = None
            made.warnings.append(f"The state of the folder's own git repository is not recorded: {error.message}")
    return Snapshot(**vars(made), git=git)


def _relative(notebook: Path, folder: Path) -> bytes:
    path = located(notebook if notebook.is_absolute() else folder / notebook)
    try:
        relative = path.relative_to(folder)
    except ValueError:
        raise SnapshotFailed(f"The notebook {path} is not in the project folder {folder}.") from None
    if not path.is_file():
        raise SnapshotFailed(f"The notebook {path} does not exist. Save it and run again.")
    return os.fsencode(relative)
