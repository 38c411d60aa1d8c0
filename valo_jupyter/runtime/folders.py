"""An attempt's folders on the machine: made private and empty, removed whatever code left in them."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from valo_jupyter.runtime.contract import Folders


def make_folders(folders: Folders) -> None:
    """Make the attempt's folders; remains of one of the same name, whose machine died, are removed first."""
    remove_folders(folders)
    folders.root.parent.mkdir(parents=True, exist_ok=True)
    folders.root.mkdir(mode=0o700)
    for folder in (folders.inputs, folders.outputs):
        folder.mkdir()


def remove_folders(folders: Folders) -> None:
    shutil.rmtree(folders.root, onerror=_make_writable)


def _make_writable(function: Callable[..., Any], path: str, _: object) -> None:
    # read-only folders are the usual obstacle; what cannot be removed even so stays
    with suppress(OSError):
        for each in (Path(path).parent, Path(path)):
            os.chmod(each, stat.S_IRWXU)
        function(path)
