"""What a notebook takes and which project it belongs to, for the form beside the run button."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from valo_jupyter.client.client import Client
from valo_jupyter.domain.errors import Invalid, NotFound
from valo_jupyter.domain.parameters import notebook_parameters
from valo_jupyter.jupyter.base import ValoHandler
from valo_jupyter.jupyter.moves import Moves, Place
from valo_jupyter.jupyter.paths import local_file, local_root
from valo_jupyter.snapshots.places import enclosing_project, located, project_folder


class NotebookHandler(ValoHandler):
    """`GET valo/notebook?path=`"""

    _track_activity = False

    @web.authenticated
    @authorized
    async def get(self) -> None:
        path = self.get_query_argument("path", "")
        if not path:
            raise Invalid("Say which notebook: valo/notebook?path=….")
        file = local_file(self.contents_manager, path)
        root = local_root(self.contents_manager)
        self.finish(json.dumps(await self.in_thread(_describe, file, root, await self.client())))


def _describe(file: Path, root: Path | None, client: Client) -> dict[str, Any]:
    from valo_jupyter.submit.kernelspec import kernel_name
    from valo_jupyter.submit.submission import read_notebook

    content = read_notebook(file)
    folder = project_folder(file)
    project = _project(client, folder)
    origin = Moves().origin(file)
    return {
        "project": project,
        "folder": str(folder),
        "path": located(file).relative_to(folder).as_posix(),
        "kernel": kernel_name(content),
        **notebook_parameters(content).to_json(),
        "places": _places(client, origin.places, folder, project),
        "copy_of": _jupyter_path(origin.copy_of, file, root),
    }


def _places(client: Client, places: Iterable[Place], folder: Path, project: dict[str, str]) -> list[dict[str, Any]]:
    """Which executions were this notebook's while it stood there, perhaps in another project."""
    known: dict[Path, dict[str, str] | None] = {folder: project}
    told = []
    for place in places:
        # what marks the folder of a project may have moved since
        then = enclosing_project(place.file.parent, place.now)
        if then not in known:
            known[then] = _former_project(client, then)
        if (found := known[then]) is not None:
            path = place.file.relative_to(then).as_posix()
            told.append({"project": found, "path": path, "since": place.since, "until": place.until})
    return told


def _jupyter_path(original: Path | None, file: Path, root: Path | None) -> str | None:
    """Jupyter's path of what `file` is a copy of; None when it is gone or not below Jupyter's root."""
    if original is None or root is None or not original.is_file():
        return None
    # the root, and folders below it, may be links
    for folder in file.parents:
        if folder.is_relative_to(root) and original.is_relative_to(real := folder.resolve()):
            return (folder / original.relative_to(real)).relative_to(root).as_posix()
    return None


def _project(client: Client, folder: Path) -> dict[str, str]:
    """The same question that a run asks, so that the form and the run agree on the project."""
    return _resolved(client, folder, {})


def _former_project(client: Client, folder: Path) -> dict[str, str] | None:
    """None: nothing ever ran there, and looking makes no project of it."""
    try:
        return _resolved(client, folder, {"create": False})
    except NotFound:
        return None


def _resolved(client: Client, folder: Path, options: dict[str, Any]) -> dict[str, str]:
    project = client.http.post(
        "projects/resolve/",
        {"folder": str(folder), "host": socket.gethostname(), "name": folder.name or "root", **options},
        repeatable=True,
    )
    return {"id": project["id"], "name": project["name"]}
