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
from valo_jupyter.jupyter.paths import local_file


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
        self.finish(json.dumps(await self.in_thread(_describe, file, await self.client())))


def _describe(file: Path, client: Client) -> dict[str, Any]:
    from valo_jupyter.snapshots import project_folder
    from valo_jupyter.submit.kernelspec import kernel_name
    from valo_jupyter.submit.submission import read_notebook

    content = read_notebook(file)
    folder = project_folder(file)
    # the same question that a run asks, so that the form and the run agree on the project
    project = client.http.post(
        "projects/resolve/",
        {"folder": str(folder), "host": socket.gethostname(), "name": folder.name or "root"},
        repeatable=True,
    )
    return {
        "project": {"id": project["id"], "name": project["name"]},
        "folder": str(folder),
        "path": file.relative_to(folder).as_posix(),
        "kernel": kernel_name(content),
        **notebook_parameters(content).to_json(),
    }
