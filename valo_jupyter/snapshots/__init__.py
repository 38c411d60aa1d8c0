"""Working folder → commit in a bare git repository, and back: the user's own repository is only ever read."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from valo_jupyter.snapshots.capture import snapshot
    from valo_jupyter.snapshots.comparing import changed_files
    from valo_jupyter.snapshots.package import commit_folder, unpack_package
    from valo_jupyter.snapshots.places import project_folder
    from valo_jupyter.snapshots.records import CheckoutReport, Choice, LeftOut, Progress, Snapshot
    from valo_jupyter.snapshots.repository import ensure_repository, has_commit, read_file
    from valo_jupyter.snapshots.restore import checkout
    from valo_jupyter.snapshots.transfer import pack, receive_pack
    from valo_jupyter.snapshots.zipping import write_zip

#: Imported on first use, so that a kernel or a server that only asks for one of them pays for one of them.
_HOME = {
    "CheckoutReport": "records",
    "Choice": "records",
    "LeftOut": "records",
    "Progress": "records",
    "Snapshot": "records",
    "changed_files": "comparing",
    "checkout": "restore",
    "commit_folder": "package",
    "ensure_repository": "repository",
    "has_commit": "repository",
    "pack": "transfer",
    "project_folder": "places",
    "read_file": "repository",
    "receive_pack": "transfer",
    "snapshot": "capture",
    "unpack_package": "package",
    "write_zip": "zipping",
}

__all__ = [
    "CheckoutReport",
    "Choice",
    "LeftOut",
    "Progress",
    "Snapshot",
    "changed_files",
    "checkout",
    "commit_folder",
    "ensure_repository",
    "has_commit",
    "pack",
    "project_folder",
    "read_file",
    "receive_pack",
    "snapshot",
    "unpack_package",
    "write_zip",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value
