"""Which server to talk to: the one named, the one of the Jupyter server around this kernel, else the local one."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from urllib.parse import urlsplit

from valo_jupyter.domain.errors import Invalid, ServerUnreachable
from valo_jupyter.domain.state import StateFolder

START_SECONDS = 60.0


@dataclass(frozen=True)
class Server:
    """Where a server listens, and how it is followed when it comes back elsewhere."""

    url: str
    token: str | None
    moved: Callable[[], tuple[str, str] | None] | None = None
    #: where the token was found, for the message when the server does not accept it
    token_from: str = ""


def find_server(url: str | None = None, token: str | None = None, *, start: bool = True) -> Server:
    """The server for this process.

    In this order: `url` and `token`; `VALO_URL` and `VALO_TOKEN`; inside a kernel, the server its Jupyter server uses;
    the local server, which is started when `start` allows it.

    Raises
    ------
    Invalid
        The address given is none.
    ServerUnreachable
        There is none; the message says what to start or set.
    """
    token_from = "the call" if token else "VALO_TOKEN"
    token = token or os.environ.get("VALO_TOKEN")
    if url or os.environ.get("VALO_URL"):
        address = _checked("The server's address", url) if url else _checked("VALO_URL", os.environ["VALO_URL"])
        if token:
            return Server(address, token, token_from=token_from)
        return Server(address, _token_of_local(address), token_from=_token_file())
    if inside_execution():
        raise ServerUnreachable(
            "This code runs inside an execution, which has no server of its own. "
            "Give one with VALO_URL and VALO_TOKEN, or Client(url, token)."
        )
    from valo_jupyter.client.jupyter import kernel_context

    context = kernel_context()
    if context is not None and context.url:
        token_from = token_from if token else "the Jupyter server"
        return Server(context.url, token or context.token, moved=_moved_with_jupyter, token_from=token_from)
    return local_server(token, start=start, token_from=token_from)


def inside_execution() -> bool:
    """Whether this process belongs to an execution, which is not to start others by chance."""
    return bool(os.environ.get("VALO_EXECUTION") or os.environ.get("VH_JOB_ID")) and not os.environ.get("VALO_URL")


def local_server(token: str | None = None, *, start: bool = True, token_from: str = "the call") -> Server:
    """The server of this user on this machine, started as a process of its own if need be."""
    state = StateFolder.default()
    found = _listening(state)
    if start and (found is None or _of_another_version(state)):
        start_local()
        found = _listening(state)
    if found is None:
        raise ServerUnreachable(
            f"No local Valo server is running (state folder {state.root}). Start it with `jupyter valo start`."
        )
    token_from = token_from if token else _token_file()
    return Server(found[0], token or found[1], moved=lambda: _recorded(state), token_from=token_from)


def start_local() -> None:
    """Run `jupyter valo start`, which waits until the server answers; the server outlives this process."""
    command = [sys.executable, "-m", "valo_jupyter.server.cli", "start"]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=START_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        log = StateFolder.default().log
        raise ServerUnreachable(
            f"The local Valo server did not start within {START_SECONDS:.0f} s; its log is in {log}."
        ) from None
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise ServerUnreachable(f"The local Valo server could not be started: {said or 'no reason was given'}")


def _checked(what: str, url: str) -> str:
    """`url`, which may be another thing that somebody typed."""
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, half an IPv6 address
        fine = False
    if not fine:
        raise Invalid(f"{what} is “{url}”, which is no address of a server. Write it as https://valo.example.org:8000.")
    return url


def _token_file() -> str:
    return f"the file {StateFolder.default().token_file}"


def _recorded(state: StateFolder) -> tuple[str, str] | None:
    recorded, token = state.read_server(), state.read_token()
    return (recorded["url"], token) if recorded and recorded.get("url") and token else None


def _listening(state: StateFolder) -> tuple[str, str] | None:
    found = _recorded(state)
    if found is None:
        return None
    address = urlsplit(found[0])
    try:
        # a server that was killed leaves its file behind
        socket.create_connection((address.hostname or "127.0.0.1", address.port or 80), timeout=2.0).close()
    except OSError:
        return None
    return found


def _of_another_version(state: StateFolder) -> bool:
    """Whether `start` has to decide: it replaces an older server, and leaves a newer one alone."""
    try:
        own = metadata.version("valo-jupyter")
    except metadata.PackageNotFoundError:  # run from a source folder, without an installation
        return False
    return (state.read_server() or {}).get("version") != own


def _token_of_local(url: str) -> str | None:
    found = _recorded(StateFolder.default())
    return found[1] if found and found[0].rstrip("/") == url.rstrip("/") else None


def _moved_with_jupyter() -> tuple[str, str] | None:
    from valo_jupyter.client.jupyter import kernel_context

    context = kernel_context()
    return (context.url, context.token) if context and context.url and context.token else None
