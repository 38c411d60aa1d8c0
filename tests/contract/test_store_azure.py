"""Azure Blob Storage, against Azurite."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import AccessPolicy, ContainerSasPermissions, generate_container_sas

from tests.contract.cloud_contract import LARGE, CloudContract, patient
from tests.parts.azurite import ACCOUNT, Azurite, azurite
from tests.parts.faults import Faults
from valo_jupyter.stores import open_store
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
        for name in self.container.list_blob_names():
            self.container.delete_blob(name)

    def unfinished(self) -> list[str]:
        # blocks go by themselves
        return []

    def revoke(self) -> Callable[[], object]:
        """Of the SAS token that goes by the policy; an account's key stays."""
        self.container.set_container_access_policy({})
        return self.allow

    def allow(self) -> None:
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

    def test_credentials_revoked_in_the_middle(self, service: Service, faults: Faults, tmp_path: Path):
        service.allow()
        faults.clear()
        store = patient(service.config(url=faults.url, credentials={"sas_token": service.sas("", "team")}))
        super().test_credentials_revoked_in_the_middle(store, service, faults, tmp_path)
        faults.clear()
        service.clear()
