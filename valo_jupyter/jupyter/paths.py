"""From a path as the Jupyter interface knows it to the file on this machine, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyter_server.services.contents.fileio import FileManagerMixin
from jupyter_server.services.contents.manager import ContentsManager
from jupyter_server.utils import ApiPath, to_os_path

from valo_jupyter.domain.errors import Invalid, NotFound


def local_root(contents_manager: Any) -> Path | None:
    """The folder that the interface shows as its root, or None when its files are not files of this machine."""
    if isinstance(contents_manager, FileManagerMixin) and isinstance(contents_manager, ContentsManager):
        return Path(contents_manager.root_dir).absolute()
    return None


def local_file(contents_manager: Any, path: str) -> Path:
    """
    The file behind a contents path.

    Raises
    ------
    Invalid
        The Jupyter server keeps its notebooks elsewhere than in files, or `path` is no notebook.
    NotFound
        There is no such file below the root.
    """
    root = local_root(contents_manager)
    if root is None:
        raise Invalid(
            f"This Jupyter server keeps its notebooks in {type(contents_manager).__name__}, not in files of this "
            "machine, so there is no folder to send. Download the notebook and run it with `jupyter valo run`."
        )
    # real-time collaboration puts the name of its drive in front
    plain = path.split(":", 1)[1] if path.startswith("RTC:") else path
    file = Path(to_os_path(ApiPath(plain.strip("/")), str(root))).absolute()
    if ".." in plain.split("/") or not file.is_relative_to(root) or not file.is_file():
        raise NotFound(f"There is no notebook {plain} on this Jupyter server. Save it first, or check its path.")
    if file.suffix != ".ipynb":
        raise Invalid(f"{plain} is not an .ipynb notebook, and only those can be run. Save it as one first.")
    return file
