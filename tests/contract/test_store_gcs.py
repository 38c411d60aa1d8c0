"""Google Cloud Storage, against fake-gcs-server behind a gate that verifies."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.contract.cloud_contract import LARGE, CloudContract, patient
from tests.parts.faults import Faults
from tests.parts.gcs import Gcs, gcs
from valo_jupyter.stores import open_store
from valo_jupyter.stores.base import Store
from valo_jupyter.stores.errors import Misconfigured


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

    def revoke(self) -> Callable[[], object]:
        accounts, account = self.server.gate.accounts, self.account
        del accounts[account.email]
        account.tokens.clear()
        return lambda: accounts.update({account.email: account})


class TestGcs(CloudContract):
    @pytest.fixture(scope="class")
    def service(self, server: Gcs) -> Service:
        return Service(server)
