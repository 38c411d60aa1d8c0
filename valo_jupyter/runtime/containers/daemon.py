"""The container engine's socket: where it is, and the few questions that need no SDK, which costs a process 20 MB."""

from __future__ import annotations

import http.client
import json
import os
import socket
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from valo_jupyter.runtime.containers.errors import NoContainerEngine

_UNIX = "unix://"
#: of the API; engines from Docker 20.10 and Podman 4 on understand it
_VERSION = "v1.40"
_SECONDS = 10.0
#: for what only informs
_SOON = 2.0
_DESCRIBED = 60.0
_PAUSE = 0.02
_LOOK_AGAIN = 0.1


def find_host() -> str:
    """The address of this machine's container engine: `DOCKER_HOST`, else the first of the usual sockets.

    Raises
    ------
    NoContainerEngine
        With what to do.
    """
    given = os.environ.get("DOCKER_HOST")
    if given:
        if not given.startswith(_UNIX):
            raise NoContainerEngine(
                f"DOCKER_HOST is {given}, an engine that may be on another computer and cannot see this machine's "
                "files. Set it to a socket of this machine (unix://…), or remove it."
            )
        return given
    refused = None
    for path in _usual_sockets():
        if os.access(path, os.R_OK | os.W_OK):
            return f"{_UNIX}{path}"
        refused = refused or (path if path.exists() else None)
    if refused is not None:
        raise NoContainerEngine(
            f"This machine's account may not use the container engine at {refused}. Add it to the group of that file "
            "(usually docker), or set up rootless Docker or Podman, and start the machine again."
        )
    raise NoContainerEngine(
        "There is no container engine on this machine. Install Docker, or Podman with its socket "
        "(systemctl --user enable --now podman.socket); set DOCKER_HOST if it is at an unusual place."
    )


def describe() -> dict[str, Any] | None:
    """`{"engine": "Docker 20.10.24", "rootless": bool}`, or None where there is no engine that answers."""
    try:
        # asked again now and then: engines are installed, started and updated
        return _described(find_host(), int(time.monotonic() // _DESCRIBED))
    except NoContainerEngine:
        return None


def remove_containers(
    host: str,
    labels: Mapping[str, str],
    *,
    but: Callable[[Mapping[str, str]], bool] | None = None,
    calm: float = 0.0,
) -> int:
    """Kill and remove every container with all of these labels, but those whose labels `but` is true for; how many.

    On return they are gone, and there has been none for `calm` seconds. Raises OSError when the engine does not answer,
    or they do not go.
    """
    begun = last = time.monotonic()
    seen = set()
    while True:
        found = [one["Id"] for one in containers(host, labels) if but is None or not but(one["Labels"])]
        now = time.monotonic()
        if not found:
            if now - last >= calm:
                return len(seen)
            time.sleep(_LOOK_AGAIN)
            continue
        last = now
        if now - begun > _SECONDS:
            raise TimeoutError(f"{host} does not remove {len(found)} containers.")
        for identifier in found:
            seen.add(identifier)
            # one that somebody else is removing is waited for
            ask(host, "DELETE", f"/containers/{quote(identifier)}?force=1&v=1")
        time.sleep(_PAUSE)


def containers(host: str, labels: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The engine's list of containers with all of these labels, running or not."""
    wanted = json.dumps({"label": [f"{name}={value}" for name, value in labels.items()]})
    yield from ask(host, "GET", "/containers/json?" + urlencode({"all": "1", "filters": wanted})) or ()


def ask(host: str, method: str, path: str, *, seconds: float = _SECONDS) -> Any:
    """One request; None for what is not there, or in the middle of being removed. Raises OSError or ValueError."""
    with closing(_Connection(host, seconds)) as connection:
        try:
            connection.request(method, f"/{_VERSION}{path}")
            answer = connection.getresponse()
            body = answer.read()
        except http.client.HTTPException as error:
            raise ConnectionError(f"{host} does not speak Docker's API: {error!r}") from error
    if answer.status in (404, 409):
        return None
    if answer.status >= 300:
        raise ConnectionError(f"{host} answered {answer.status}: {body[:200].decode(errors='replace')}")
    return json.loads(body) if body else None


def sees_our_mounts(host: str) -> bool:
    """Whether what we mount is there for the engine, too; False when that is not known."""
    try:
        with closing(_Connection(host, _SOON)) as connection:
            connection.connect()
            peer = connection.sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        (pid, _, _) = struct.unpack("3i", peer)
        return os.readlink(f"/proc/{pid}/ns/mnt") == os.readlink("/proc/self/ns/mnt")
    except (OSError, AttributeError):
        return False


class _Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, host: str, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path = host.removeprefix(_UNIX)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


@lru_cache(maxsize=1)
def _described(host: str, _: int) -> dict[str, Any] | None:
    try:
        version, info = ask(host, "GET", "/version", seconds=_SOON), ask(host, "GET", "/info", seconds=_SOON)
    except (OSError, ValueError):
        return None
    if not isinstance(version, dict) or not isinstance(info, dict):
        # something else listens there
        return None
    components = [component.get("Name", "") for component in version.get("Components") or ()]
    name = "Podman" if any("Podman" in component for component in components) else "Docker"
    return {"engine": f"{name} {version.get('Version', '')}".strip(), "rootless": is_rootless(info)}


def is_rootless(info: Mapping[str, Any]) -> bool:
    """Whether root inside of containers is the account that the engine runs under; `info` is the engine's own."""
    return any("rootless" in option for option in info.get("SecurityOptions") or ())


def _usual_sockets() -> list[Path]:
    own = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")
    return [
        Path("/var/run/docker.sock"),
        own / "docker.sock",
        own / "podman" / "podman.sock",
        Path.home() / ".docker" / "run" / "docker.sock",
        *([Path("/run/podman/podman.sock")] if os.getuid() == 0 else []),
    ]
