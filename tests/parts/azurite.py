"""Azurite: Microsoft's own server of Azure Blob Storage for tests, which verifies keys, signatures and conditions."""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azure.storage.blob import ContainerClient

from tests.parts.authority import Authority
from tests.parts.ports import free_port

_PROGRAM = Path(__file__).parents[2] / ".ci/azurite/node_modules/.bin/azurite-blob"
_SECONDS = 120
ACCOUNT = "acct1"


@dataclass(frozen=True)
class Azurite:
    """
    Attributes
    ----------
    port
        Where it listens on loopback; the account is the first part of the path there.
    key
        Of the only account, `ACCOUNT`.
    """

    port: int
    key: str
    secure: bool = False

    @property
    def url(self) -> str:
        return f"http{'s' if self.secure else ''}://127.0.0.1:{self.port}/{ACCOUNT}"

    def container(self, **options: Any) -> ContainerClient:
        """A new one, with the account's key."""
        client = ContainerClient(self.url, f"c-{uuid.uuid4().hex[:12]}", credential=self.key, **options)
        client.create_container()
        return client

    def config(self, container: str, *, url: str | None = None, **options: Any) -> dict[str, Any]:
        """Settings of a store; `credentials` among the options replaces the account's key."""
        credentials = options.pop("credentials", {"account_key": self.key})
        settings = {"account": ACCOUNT, "container": container, "endpoint_url": url or self.url, "prefix": ""}
        return {"type": "azure", "options": settings | options, "credentials": credentials}


@contextlib.contextmanager
def azurite(authority: Authority | None = None) -> Iterator[Azurite]:
    """The server, until the end of the block; with an authority over https, where it takes tokens, too."""
    key = base64.b64encode(secrets.token_bytes(64)).decode()
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="valo-azurite-", dir="/tmp"))
    command = [_PROGRAM, "--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", folder]
    command += ["--silent", "--disableTelemetry", "--skipApiVersionCheck"]
    if authority is not None:
        certificate, own = authority.issue("127.0.0.1")
        command += ["--oauth", "basic", "--cert", certificate, "--key", own]
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            command, env={**os.environ, "AZURITE_ACCOUNTS": f"{ACCOUNT}:{key}"}, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        _wait(process, port, folder / "log")
        yield Azurite(port, key, authority is not None)
    finally:
        process.kill()
        process.wait(_SECONDS)
        shutil.rmtree(folder)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"Azurite does not start (npm ci in .ci/azurite?): {log.read_text()[-2000:]}")
