"""Outputs that are not where they belong yet: what is said of them, and where those are that no store has taken."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from valo_jupyter.runtime.contract import Folders
from valo_jupyter.runtime.outputs.destination import Destination


def waiting_note(count: int, destination: Destination, counter: int) -> str:
    """Files that wait in the built-in store, why, and how to go on."""
    files = "1 output waits" if count == 1 else f"{count} outputs wait"
    why = f": {destination.problem.rstrip('.')}" if destination.problem else ""
    return (
        f"{files} in the built-in store for {destination.store}{why}; `jupyter valo upload-again {counter}` "
        "brings them there, or Bring to store in JupyterLab"
    )


def keep_folder(folders: Folders) -> str:
    """Move the outputs folder to where nobody clears it away, and say where that is."""
    kept = folders.root.parent.parent / "kept" / folders.root.name
    try:
        kept.parent.mkdir(mode=0o700, exist_ok=True)
        os.rename(folders.outputs, _free(kept))
    except OSError as error:
        return f"the outputs folder could not be kept: {error.strerror or error}"
    return f"what is left of the outputs is kept on {platform.node()} in {kept}"


def _free(path: Path) -> Path:
    # an attempt that began anew on its machine may have left some before
    if path.exists():
        os.rename(path, path.with_name(f"{path.name}-{path.stat().st_mtime_ns}"))
    return path
