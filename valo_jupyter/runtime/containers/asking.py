"""How code in a container asks its driver for inputs: over its own loopback, whatever network it has, or none."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
from docker.errors import DockerException, NotFound

from valo_jupyter.runtime.containers.engine import ContainerEngine
from valo_jupyter.runtime.containers.folder import INSIDE, RunFolder
from valo_jupyter.runtime.environment import LOOPBACK

if TYPE_CHECKING:
    from valo_jupyter.runtime.inputs.demand import OnDemand

_PORT = 46179
ADDRESS = f"http://{LOOPBACK}:{_PORT}"
_PROGRAM, _SOCKET = "forward.py", "inputs"
_NAME = "python3"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#: in the shell that starts the container's program, before that; what an image says of proxies counts there
_BEFORE = f"""\
no_proxy="${{no_proxy:-$NO_PROXY}}"
export no_proxy="${{no_proxy:+$no_proxy,}}{LOOPBACK}"
export NO_PROXY="$no_proxy"
%s -IS {INSIDE}/{_PROGRAM} {_PORT} {INSIDE}/{_SOCKET} </dev/null >/dev/null 2>&1 ||
  echo "valo: inputs cannot be asked for in this container" >&2
"""


def lead(on_demand: OnDemand, folder: RunFolder, owner: tuple[int, int], python: str) -> str:
    """Make `on_demand` known in a container's folder; what the container's shell is to run before all else.

    `python` is as `find_python` tells it.
    """
    on_demand.listen_at(folder.shared / _SOCKET, owner)
    folder.write(_PROGRAM, Path(__file__).with_name(_PROGRAM).read_text(encoding="utf-8"))
    return _BEFORE % shlex.quote(python)


def find_python(engine: ContainerEngine, image: str, labels: Mapping[str, str]) -> str | None:
    """Where the image has a Python 3, by its own PATH; looked for in a container that is never started."""
    try:
        return _find_python(engine.client, image, labels)
    except (DockerException, requests.RequestException):
        return None  # the run itself has an engine that answers, or says that it has none


def _find_python(client: Any, image: str, labels: Mapping[str, str]) -> str | None:
    config = {"Image": image, "Entrypoint": ["sh"], "NetworkDisabled": True, "Labels": dict(labels)}
    variables = client.inspect_image(image)["Config"].get("Env") or []
    path = next((each[5:] for each in variables if each.startswith("PATH=")), _PATH)
    made = client.create_container_from_config(config)["Id"]
    try:
        for folder in filter(None, path.split(":")):
            with suppress(NotFound):
                found = posixpath.join(folder, _NAME)
                client.get_archive(made, found)[0].close()
                return found
    finally:
        with suppress(DockerException, requests.RequestException):
            client.remove_container(made, v=True, force=True)
    return None
