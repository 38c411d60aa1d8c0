"""Azure Blob Storage, against Azurite."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from azure.core.credentials import AccessToken
from azure.storage.blob import AccessPolicy, ContainerSasPermissions, generate_container_sas

from tests.contract.cloud_contract import LARGE, CloudContract, patient
from tests.parts.authority import Authority
from tests.parts.azurite import ACCOUNT, Azurite, azurite
from tests.parts.faults import Faults
from valo_jupyter.stores import azure_access, open_store
from valo_jupyter.stores.base import Store
from valo_jupyter.stores.errors import Denied, Exists, Misconfigured


@pytest.fixture(scope="module")
def server() -> Iterator[Azurite]:
    with azurite() as made:
        yield made


class Service:
    def __init__(self, server: Azurite) -> None:
        self.server, self.url, self.container = server, server.url, server.container()
        self.secrets = [server.key, self.sas("rl").partition("sig=")[2]]

    def config(self, *, url: str | None = None, reader: bool = False, **options: Any) -> dict[str, Any]:
        if reader:
            options["credentials"] = {"sas_token": self.sas("rl")}
        return self.server.config(self.container.container_name, url=url, **options)

    def sas(self, permission: str, policy: str | None = None) -> str:
        """For the container; what a policy says is not said twice."""
        how: dict[str, Any] = {"policy_id": policy} if policy else {"permission": permission, "expiry": _soon()}
        return generate_container_sas(ACCOUNT, self.container.container_name, account_key=self.server.key, **how)

    def put(self, key: str, content: bytes) -> None:
        self.container.upload_blob(key, content, overwrite=True)

    def clear(self) -> None:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(self.container.delete_blob, self.container.list_blob_names()))

    def unfinished(self) -> list[str]:
        # blocks go by themselves
        return []

    def allow(self) -> None:
        """SAS tokens that go by the policy."""
        policy = AccessPolicy(ContainerSasPermissions.from_string("rclwd"), _soon(), datetime.now(timezone.utc))
        self.container.set_container_access_policy({"team": policy})


def _soon() -> datetime:
    return datetime.now(timezone.utc) + timedelta(hours=1)


class TestAzurite(CloudContract):
    # Azure takes “\” for “/”
    refused = frozenset({"q\"'<>\\"})

    @pytest.fixture(scope="class")
    def service(self, server: Azurite) -> Service:
        return Service(server)

    def revoke(self, service: Service, faults: Faults) -> Callable[[], object]:
        service.container.set_container_access_policy({})
        return service.allow

    def test_credentials_revoked_in_the_middle(self, service: Service, faults: Faults, tmp_path: Path):
        # an account's key stays; a SAS token may go with the policy that it names
        service.allow()
        faults.clear()
        store = patient(service.config(url=faults.url, credentials={"sas_token": service.sas("", "team")}))
        super().test_credentials_revoked_in_the_middle(store, service, faults, tmp_path)
        faults.clear()
        service.clear()

    def test_blocks_that_were_left_are_not_in_the_way(self, store: Store, service: Service, tmp_path: Path):
        for size in (0, 10, LARGE):
            service.container.get_blob_client("key").stage_block("x" * 38, b"of an upload that was killed")
            content = os.urandom(size)
            self.put(store, tmp_path, content)
            assert self.get(store, tmp_path, "key") == content
            assert store.head("key").md5 == hashlib.md5(content).hexdigest()
            store.delete("key")

    def test_blocks_of_other_programs_are_told(self, store: Store, service: Service, tmp_path: Path):
        service.container.get_blob_client("foreign").stage_block("x", b"their ids have another length")
        with pytest.raises(Denied, match="take another name"):
            self.put(store, tmp_path, os.urandom(LARGE), "foreign")

    def test_who_is_later_with_many_blocks_is_told(
        self, store: Store, service: Service, faults: Faults, tmp_path: Path
    ):
        # another writer finishes while our blocks are under way, and takes them away
        faults.call(lambda: service.put("key", b"first"), method="PUT", words="comp=blocklist")
        with pytest.raises(Exists):
            self.put(store, tmp_path, os.urandom(LARGE))
        assert self.get(store, tmp_path, "key") == b"first"

    def test_a_sas_token_is_given_to_nobody(self, service: Service, tmp_path: Path):
        store = patient(service.config(credentials={"sas_token": "?" + service.sas("rcdl")}))
        self.put(store, tmp_path, b"content")
        assert self.get(store, tmp_path, "key") == b"content"
        assert store.signed_url("key", ttl=60) is None
        assert store.check().ok
        service.clear()

    @pytest.mark.parametrize(
        ("permission", "failed", "letter"),
        [("r", ["list", "write"], "l"), ("rcl", ["delete"], "d"), ("cl", ["read"], "r")],
    )
    def test_the_check_names_what_lacks(self, service: Service, permission: str, failed: list[str], letter: str):
        report = patient(service.config(credentials={"sas_token": service.sas(permission)})).check()
        steps = [step for step in report.steps if not step.ok]
        assert [step.name for step in steps if step.name != "delete"] or failed == ["delete"]
        assert [step.name for step in steps][: len(failed)] == failed
        assert f"“{letter}” in the SAS token" in steps[0].message
        service.clear()


def test_settings_that_cannot_work_say_why(server: Azurite):
    service = Service(server)
    name = service.container.container_name
    other = patient(server.config(name, credentials={"account_key": "d3Jvbmc="}))
    assert "enter it anew" in other.check().problems[0]
    assert "no container" in patient(server.config("c-nowhere")).check().problems[0]
    with pytest.raises(Misconfigured, match="base64"):
        open_store(server.config(name, credentials={"account_key": "no key"}))
    # tokens of an identity do not go over http
    with pytest.raises(Misconfigured, match="https"):
        open_store(server.config(name, credentials={"tenant_id": "t", "client_id": "c", "client_secret": "s"}))


def test_a_machine_without_an_identity_is_told_what_to_give(server: Azurite):
    store = patient(server.config("any", url="https://127.0.0.1:1/acct1", credentials={}))
    with pytest.raises(Denied, match="no Azure identity"):
        store.head("key")


class _Token:
    """What an identity of Microsoft Entra gets; Azurite looks at all of it but the signature."""

    def __init__(self) -> None:
        self.scopes: list[str] = []
        self.identity = str(uuid.uuid4())

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        self.scopes += scopes
        now, tenant = int(time.time()), str(uuid.uuid4())
        claims = {"aud": "https://storage.azure.com", "iss": f"https://sts.windows.net/{tenant}/", "tid": tenant}
        claims |= {"iat": now - 60, "nbf": now - 60, "exp": now + 3600, "oid": self.identity, "ver": "1.0"}
        parts = ({"typ": "JWT", "alg": "RS256", "kid": "1"}, claims, {"signature": "none"})
        encoded = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
        return AccessToken(".".join(encoded), now + 3600)


def test_an_identity_over_https_with_an_authority_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    token, authority = _Token(), Authority(tmp_path)
    # what azure-identity does to get one needs Microsoft
    monkeypatch.setattr(azure_access, "_identity", lambda credentials: token)
    with azurite(authority) as server:
        name = server.container(connection_verify=str(authority.file)).container_name
        stranger = patient(server.config(name, credentials={}))
        with pytest.raises(Misconfigured, match="not trusted"):
            stranger.head("key")
        store = patient(server.config(name, credentials={}, ca=authority.file.read_text()))
        assert store.check().ok
        (tmp_path / "source").write_bytes(content := os.urandom(LARGE))
        store.put_file(tmp_path / "source", "key")
        store.get_file("key", tmp_path / "copy")
        assert (tmp_path / "copy").read_bytes() == content
        assert set(token.scopes) == {"https://storage.azure.com/.default"}
        # signed with a key that the identity was given, as Azurite does not know to read it yet
        url = store.signed_url("key", ttl=60, filename="x.bin")
        query = dict(parse_qsl(urlsplit(url or "").query))
        assert (query["sp"], query["sr"], query["sks"]) == ("r", "b", "b")
        assert query["skoid"] == token.identity
        assert "x.bin" in query["rscd"]
