"""SeaweedFS: a store that speaks S3 and verifies signatures, digests, conditions and expiry."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3

from tests.parts.ports import free_port

_SECONDS = 120
_PORTS = ("master.port", "volume.port", "filer.port", "s3.port")
_GRPC = ("master.port.grpc", "volume.port.grpc", "filer.port.grpc", "s3.port.grpc")


@dataclass(frozen=True)
class Keys:
    """A key pair of the server."""

    access_key_id: str
    secret_access_key: str

    @property
    def credentials(self) -> dict[str, str]:
        return {"access_key_id": self.access_key_id, "secret_access_key": self.secret_access_key}


@dataclass(frozen=True)
class SeaweedFS:
    """
    Attributes
    ----------
    url
        The endpoint, `http://127.0.0.1:<port>`.
    keys, reader
        Of an account that may do everything, and of one that may read and list.
    role
        Of everything, for whoever asks the server's STS for it.
    """

    url: str
    keys: Keys
    reader: Keys
    role: str = "arn:aws:iam::role/science"

    def client(self, keys: Keys | None = None) -> Any:
        """A client of boto3, for what tests look at beside the store."""
        import boto3
        from botocore.config import Config

        chosen = keys or self.keys
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=chosen.access_key_id,
            aws_secret_access_key=chosen.secret_access_key,
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
        )

    def bucket(self) -> str:
        """The name of a new one."""
        name = f"b-{uuid.uuid4().hex[:12]}"
        self.client().create_bucket(Bucket=name)
        return name

    def config(
        self, bucket: str, *, url: str | None = None, keys: Keys | None = None, **options: Any
    ) -> dict[str, Any]:
        """Settings of a store for the bucket, as `open_store` takes them."""
        settings = {"bucket": bucket, "endpoint_url": url or self.url, "region": "us-east-1"}
        return {"type": "s3", "options": settings | options, "credentials": (keys or self.keys).credentials}


@contextlib.contextmanager
def seaweedfs(place: str = "/tmp") -> Iterator[SeaweedFS]:
    """The server, until the end of the block; its data in a folder below `place` that goes with it."""
    folder = Path(tempfile.mkdtemp(prefix="valo-weed-", dir=place))
    ports = {name: free_port() for name in _PORTS + _GRPC}
    keys, reader = _keys("everything"), _keys("reader")
    config = folder / "s3.json"
    config.write_text(json.dumps({"identities": [_identity(keys, ["Admin"]), _identity(reader, ["Read", "List"])]}))
    roles = folder / "roles.json"
    roles.write_text(json.dumps(_roles(SeaweedFS.role)))
    (folder / "data").mkdir()
    command = [
        str(Path(sys.prefix) / "bin" / "weed"), "-logtostderr=true", "server", f"-dir={folder / 'data'}",
        "-ip=127.0.0.1", "-ip.bind=127.0.0.1", *(f"-{name}={port}" for name, port in ports.items()),
        "-master.volumeSizeLimitMB=512", "-volume.max=2000", "-filer", "-s3", "-s3.port.iceberg=0", "-s3.port.lance=0",
        "-master.telemetry=false", f"-s3.config={config}", f"-s3.iam.config={roles}",
        f"-filer.localSocket={folder / 'f.sock'}", f"-s3.localSocket={folder / 's.sock'}",
    ]  # fmt: skip
    log = folder / "log"
    # each bucket has volumes of its own, seven at once if nobody says otherwise
    environment = {**os.environ, "WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *command], stdout=output, stderr=output, cwd=folder, env=environment
        )
    url = f"http://127.0.0.1:{ports['s3.port']}"
    try:
        _wait(process, url, log)
        yield SeaweedFS(url, keys, reader)
    finally:
        # SIGTERM takes it a quarter of a minute
        process.kill()
        process.wait(_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)


def _keys(name: str) -> Keys:
    return Keys(f"{name}{uuid.uuid4().hex[:8]}", uuid.uuid4().hex)


def _identity(keys: Keys, actions: list[str]) -> dict[str, Any]:
    pair = {"accessKey": keys.access_key_id, "secretKey": keys.secret_access_key}
    return {"name": keys.access_key_id, "credentials": [pair], "actions": actions}


def _roles(arn: str) -> dict[str, Any]:
    """Of its STS, which gives credentials of the role to every account."""

    def document(action: str, **who_or_what: Any) -> dict[str, Any]:
        return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": [action], **who_or_what}]}

    trust = document("sts:AssumeRole", Principal={"AWS": "*"})
    key = base64.b64encode(os.urandom(32)).decode()
    return {
        "sts": {"tokenDuration": "1h", "maxSessionLength": "12h", "issuer": "tests", "signingKey": key},
        "policy": {"defaultEffect": "Deny", "storeType": "memory"},
        "policies": [{"name": "everything", "document": document("s3:*", Resource=["*"])}],
        "roles": [
            {
                "roleName": arn.rpartition("/")[2],
                "roleArn": arn,
                "trustPolicy": trust,
                "attachedPolicies": ["everything"],
            }
        ],
    }


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(urllib3.exceptions.HTTPError):
            if urllib3.request("GET", f"{url}/healthz", retries=False, timeout=2).status == 200:
                return
        time.sleep(0.05)
    raise RuntimeError(f"SeaweedFS does not start: {log.read_text(errors='replace')[-2000:]}")
