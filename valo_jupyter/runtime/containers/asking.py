"""How code in a container asks its driver for inputs: over its own loopback, whatever network it has, or none."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

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
_NAMES = ("python3", "python")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#: in the shell that starts the container's program, before that; what an image says of proxies counts there
_BEFORE = f"""\
no_proxy="${{no_proxy:-$NO_PROXY}}"
export no_proxy="${{no_proxy:+$no_proxy,}}{LOOPBACK}"
export NO_PROXY="$no_proxy"
"$(command -v {_NAMES[0]} || command -v {_NAMES[1]})" -IS {INSIDE}/{_PROGRAM} {_PORT} {INSIDE}/{_SOCKET} \\
  </dev/null >/dev/null 2>&1
"""


def lead(on_demand: OnDemand, folder: RunFolder, owner: tuple[int, int]) -> str:
    """Make `on_demand` known in a container's folder; what the container's shell is to run before all else."""
    on_demand.listen_at(folder.shared / _SOCKET, owner)
    folder.write(_PROGRAM, Path(__file__).with_name(_PROGRAM).read_text(encoding="utf-8"))
    return _BEFORE


def has_python(engine: ContainerEngine, image: str, labels: Mapping[str, str]) -> bool:
    """Whether the image has a Python on its PATH; looked for in a container that is never started."""
    client = engine.client
    config = {"Image": image, "Entrypoint": ["sh"], "NetworkDisabled": True, "Labels": dict(labels)}
    variables = client.inspect_image(image)["Config"].get("Env") or []
    path = next((each[5:] for each in variables if each.startswith("PATH=")), _PATH)
    made = client.create_container_from_config(config)["Id"]
    try:
        for folder in filter(None, path.split(":")):
            for name in _NAMES:
                with suppress(NotFound):
                    client.get_archive(made, posixpath.join(folder, name))[0].close()
                    return True
    finally:
        with suppress(DockerException, requests.RequestException):
            client.remove_container(made, v=True, force=True)
    return False
