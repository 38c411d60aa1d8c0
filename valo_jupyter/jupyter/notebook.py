"""What a notebook takes and which project it belongs to, for the form beside the run button."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from valo_jupyter.client.client import Client
from valo_jupyter.domain.errors import Invalid
from valo_jupyter.domain.parameters import notebook_parameters
from valo_jupyter.jupyter.base import ValoHandler
from valo_jupyter.jupyter.moves import Moves, Place
from valo_jupyter.jupyter.paths import local_file, local_root


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
    from valo_jupyter.snapshots import project_folder
    from valo_jupyter.submit.kernelspec import kernel_name
    from valo_jupyter.submit.submission import read_notebook

    content = read_notebook(file)
    folder = project_folder(file)
    project = _project(client, folder)
    origin = Moves().origin(file)
    return {
        "project": project,
        "folder": str(folder),
        "path": file.relative_to(folder).as_posix(),
        "kernel": kernel_name(content),
        **notebook_parameters(content).to_json(),
        "places": [_place(client, place, folder, project) for place in origin.places],
        "copy_of": origin.copy_of.relative_to(root).as_posix()
        if root and origin.copy_of and origin.copy_of.is_relative_to(root)
        else None,
    }


def _place(client: Client, place: Place, folder: Path, project: dict[str, str]) -> dict[str, Any]:
    """Which executions were this notebook's while it stood there, perhaps in another project."""
    from valo_jupyter.snapshots import project_folder

    if not place.file.is_relative_to(folder):
        # a folder that is no longer there was the project's own, as far as anybody can tell
        folder = project_folder(place.file) if place.file.parent.is_dir() else place.file.parent
        project = _project(client, folder)
    path = place.file.relative_to(folder).as_posix()
    return {"project": project, "path": path, "since": place.since, "until": place.until}


def _project(client: Client, folder: Path) -> dict[str, str]:
    """The same question that a run asks, so that the form and the run agree on the project."""
    project = client.http.post(
        "projects/resolve/",
        {"folder": str(folder), "host": socket.gethostname(), "name": folder.name or "root"},
        repeatable=True,
    )
    return {"id": project["id"], "name": project["name"]}
