"""Google Cloud Storage, against fake-gcs-server behind a gate that verifies."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.contract.cloud_contract import LARGE, MB, CloudContract, patient
from tests.parts.faults import Faults
from tests.parts.gcs import Gcs, gcs
from valo_jupyter.stores import open_store
from valo_jupyter.stores.base import Store
from valo_jupyter.stores.errors import Exists, Misconfigured, Unavailable


@pytest.fixture(scope="module")
def server() -> Iterator[Gcs]:
    with gcs() as made:
        yield made


class Service:
    def __init__(self, server: Gcs) -> None:
        self.server, self.url, self.bucket = server, server.url, server.bucket()
        self.account = server.account()
        self.reader = server.account(frozenset({"storage.objects.get", "storage.objects.list"}))
        self.secrets = [json.loads(self.account.key_file)["private_key"][100:200], "ya29."]

    def config(self, *, url: str | None = None, reader: bool = False, **options: Any) -> dict[str, Any]:
        return self.server.config(self.bucket, self.reader if reader else self.account, url=url, **options)

    def put(self, key: str, content: bytes) -> None:
        where = f"/upload/storage/v1/b/{self.bucket}/o?uploadType=media&name={quote(key, safe='')}"
        self.server.gate.forward("POST", where, content)

    def clear(self) -> None:
        self.server.gate.uploads.clear()
        for key in self.keys():
            self.server.gate.forward("DELETE", f"/storage/v1/b/{self.bucket}/o/{quote(key, safe='')}")

    def keys(self) -> list[str]:
        _, _, content = self.server.gate.forward("GET", f"/storage/v1/b/{self.bucket}/o")
        return [each["name"] for each in json.loads(content).get("items", ())]

    def unfinished(self) -> list[str]:
        # sessions go by themselves
        return []


class TestGcs(CloudContract):
    @pytest.fixture(scope="class")
    def service(self, server: Gcs) -> Service:
        return Service(server)

    def revoke(self, service: Service, faults: Faults) -> Callable[[], object]:
        accounts, account = service.server.gate.accounts, service.account
        del accounts[account.email]
        account.tokens.clear()
        return lambda: accounts.update({account.email: account})

    def test_a_token_that_ends_in_the_middle_is_replaced(
        self, store: Store, service: Service, faults: Faults, tmp_path: Path
    ):
        tokens = service.account.tokens
        faults.call(tokens.clear, times=2, least=4 * MB)
        self.put(store, tmp_path, content := os.urandom(LARGE))
        assert faults.left == 0
        faults.call(tokens.clear, method="GET")
        assert self.get(store, tmp_path, "key") == content

    def test_an_upload_that_was_cut_goes_on(self, store: Store, service: Service, faults: Faults, tmp_path: Path):
        faults.cut(5 * MB, of="request", least=6 * MB, times=2)
        self.put(store, tmp_path, os.urandom(LARGE))
        assert faults.left == 0
        # what had arrived is not sent again
        assert sum(each.sent for each in faults.of("PUT")) < LARGE + 2 * MB
        faults.answer(503, times=50, method="PUT", least=MB)
        with pytest.raises(Unavailable):
            self.put(store, tmp_path, os.urandom(LARGE), "other")
        assert not [each for each in service.server.gate.uploads.values() if each.answer is None]

    def test_the_answer_of_a_finished_upload_that_was_lost(self, store: Store, faults: Faults, tmp_path: Path):
        # the last request is small, and its answer is the only one with a body
        faults.cut(0, method="PUT", least=100)
        _, info = self.put(store, tmp_path, os.urandom(LARGE))
        assert faults.left == 0
        assert store.head("key").version == info.version

    def test_who_is_later_with_many_parts_is_told(self, store: Store, service: Service, faults: Faults, tmp_path: Path):
        faults.call(lambda: service.put("key", b"first"), method="PUT")
        with pytest.raises(Exists):
            self.put(store, tmp_path, os.urandom(LARGE))
        assert self.get(store, tmp_path, "key") == b"first"

    @pytest.mark.parametrize("key", ["a/../b", "./b"])
    def test_what_browsers_take_for_a_path_passes_through_the_server(self, store: Store, tmp_path: Path, key: str):
        self.put(store, tmp_path, b"odd", key)
        assert store.signed_url(key, ttl=60) is None

    def test_the_check_names_what_lacks(self, service: Service):
        for verbs, failed in (
            ("", ["list", "write"]),
            ("create list", ["read", "delete"]),
            ("get create list", ["delete"]),
        ):
            account = service.server.account(frozenset(f"storage.objects.{verb}" for verb in verbs.split()))
            store = patient(service.server.config(service.bucket, account))
            steps = [step for step in store.check().steps if not step.ok]
            assert [step.name for step in steps] == failed
            assert all(store.permissions[step.name] in step.message for step in steps)
        service.clear()


def test_settings_that_cannot_work_say_why(server: Gcs):
    stranger = server.account()
    del server.gate.accounts[stranger.email]
    refused = patient(server.config(server.bucket(), stranger))
    assert "does not accept the key" in refused.check().problems[0]
    assert "no bucket" in patient(server.config("b-nowhere", server.account())).check().problems[0]
    for text in ("no JSON", "{}", json.dumps({"type": "service_account", "private_key": "my secret"})):
        config = server.config("b", stranger)
        config["credentials"] = {"service_account": text}
        with pytest.raises(Misconfigured, match="JSON text") as caught:
            open_store(config)
        assert "my secret" not in str(caught.value)


def test_the_credentials_of_the_machine(server: Gcs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    bucket, account = server.bucket(), server.account()
    config = server.config(bucket, account) | {"credentials": {}}
    # an address in the environment leads nowhere else
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:1")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    assert "no Google credentials" in patient(config).check().problems[0]
    (tmp_path / "key.json").write_text(account.key_file)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    store = patient(config)
    assert store.check().ok
    (tmp_path / "source").write_bytes(b"content")
    store.put_file(tmp_path / "source", "key")
    assert store.signed_url("key", ttl=60) is None
