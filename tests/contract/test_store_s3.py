"""S3 against SeaweedFS, and against Swift's S3 interface as a second opinion."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import urllib3
from botocore.config import Config

from tests.contract.cloud_contract import LARGE, MB, CloudContract, Service, patient
from tests.contract.store_contract import StoreContract
from tests.parts.authority import Authority
from tests.parts.faults import Faults, faults_before
from tests.parts.seaweedfs import SeaweedFS
from tests.parts.swift import PASSWORD, USER, Swift, swift
from valo_jupyter.stores.base import Store
from valo_jupyter.stores.cloud import CloudStore
from valo_jupyter.stores.errors import Corrupt, Denied, Misconfigured, NotFound
from valo_jupyter.stores.retrying import Patience


class S3Service:
    """A bucket, with boto3 beside the store."""

    client: Any
    bucket: str

    def put(self, key: str, content: bytes) -> None:
        self.client.put_object(Bucket=self.bucket, Key=key, Body=content)

    def clear(self) -> None:
        for upload in self._uploads():
            self.client.abort_multipart_upload(Bucket=self.bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket):
            if keys := [{"Key": each["Key"]} for each in page.get("Contents", ())]:
                self.client.delete_objects(Bucket=self.bucket, Delete={"Objects": keys, "Quiet": True})

    def unfinished(self) -> list[str]:
        return [each["UploadId"] for each in self._uploads()]

    def _uploads(self) -> list[dict[str, Any]]:
        return self.client.list_multipart_uploads(Bucket=self.bucket).get("Uploads", [])


class WeedService(S3Service):
    def __init__(self, weed: SeaweedFS) -> None:
        self.weed, self.url, self.bucket = weed, weed.url, weed.bucket()
        self.client = weed.client()
        self.secrets = [weed.keys.secret_access_key, weed.reader.secret_access_key, "Signature="]

    def config(self, *, url: str | None = None, reader: bool = False, **options: Any) -> dict[str, Any]:
        return self.weed.config(self.bucket, url=url, keys=self.weed.reader if reader else None, **options)


class TestSeaweedFS(CloudContract):
    # its lists have folders, in which `a//b` is `a/b`
    listed_otherwise = frozenset({"a//b"})

    @pytest.fixture(scope="class")
    def service(self, weed: SeaweedFS) -> WeedService:
        return WeedService(weed)

    def revoke(self, service: Service, faults: Faults) -> Callable[[], object]:
        # SeaweedFS learns of its identities only when it starts: these are the words of AWS
        body = b"<Error><Code>InvalidAccessKeyId</Code><Message>It does not exist in our records.</Message></Error>"
        faults.answer(403, body, times=1000)
        return faults.clear

    def test_awscrt_beside_a_custom_endpoint_changes_nothing(self, store: Store, faults: Faults, tmp_path: Path):
        # with it, boto3's own transfers go to AWS; it is among what the tests install
        import awscrt

        assert awscrt.__version__
        content = os.urandom(LARGE)
        self.put(store, tmp_path, content)
        assert self.get(store, tmp_path, "key") == content
        assert sum(each.sent for each in faults.of("PUT")) == LARGE

    def test_the_environment_does_not_lead_elsewhere(
        self, service: WeedService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
        self.put(patient(service.config()), tmp_path, b"content")
        assert service.client.get_object(Bucket=service.bucket, Key="key")["Body"].read() == b"content"
        service.clear()

    def test_credentials_of_a_profile(self, service: WeedService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        keys = service.weed.keys
        file = tmp_path / "credentials"
        file.write_text(
            f"[science]\naws_access_key_id={keys.access_key_id}\naws_secret_access_key={keys.secret_access_key}\n"
        )
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
        config = service.config(profile="science") | {"credentials": {}}
        self.put(patient(config), tmp_path, b"content")
        for name, missing in (("no-one", "no-one"), (None, "no credentials")):
            monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
            report = patient(service.config(profile=name) | {"credentials": {}}).check()
            assert not report.ok
            assert missing in report.problems[0]
        service.clear()

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"bucket": "no-such-bucket"}, "make it, or correct its name"),
            ({"endpoint_url": "http://127.0.0.1:9"}, "does not answer"),
        ],
    )
    def test_settings_that_cannot_work(self, service: WeedService, change: dict[str, str], says: str):
        config = service.config()
        config["options"] |= change
        report = patient(config, Patience(tries=1)).check()
        assert [step.name for step in report.steps] == ["auth"]
        assert says in report.problems[0]

    def test_an_authority_of_ones_own(self, service: WeedService, tmp_path: Path):
        authority = Authority(tmp_path)
        with faults_before(service.url, authority) as faults:
            store = patient(service.config(url=faults.url, ca=authority.file.read_text()))
            assert store.check().ok
            content = os.urandom(LARGE)
            self.put(store, tmp_path, content)
            assert self.get(store, tmp_path, "key") == content
            stranger = patient(service.config(url=faults.url))
            assert "(`ca`)" in stranger.check().problems[0]
            with pytest.raises(Misconfigured, match="ca"):
                stranger.head("key")
        service.clear()

    def test_a_wrong_secret(self, service: WeedService):
        config = service.config()
        config["credentials"]["secret_access_key"] = "wrong"
        assert "secret key" in patient(config).check().problems[0]

    def test_a_token_that_expired_is_followed_by_the_machines_next(
        self, service: WeedService, faults: Faults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "outdated")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "outdated")
        faults.clear()
        store = patient(service.config(url=faults.url) | {"credentials": {}})
        with pytest.raises(Denied):
            self.put(store, tmp_path, b"content")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", service.weed.keys.access_key_id)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", service.weed.keys.secret_access_key)
        self.put(store, tmp_path, b"content")
        service.clear()


class SwiftS3Service(S3Service):
    def __init__(self, server: Swift) -> None:
        self.server, self.bucket = server, server.container()
        self.url = f"http://127.0.0.1:{server.port}"
        self.secrets = [PASSWORD, "Signature="]
        self.client = boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=USER,
            aws_secret_access_key=PASSWORD,
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def config(self, *, url: str | None = None, reader: bool = False, **options: Any) -> dict[str, Any]:
        return self.server.s3_config(self.bucket, url=url, **options)


class TestSwiftsS3(StoreContract):
    """The first contract; of the other, what a second opinion is wanted of."""

    @pytest.fixture(scope="class")
    def service(self) -> Iterator[SwiftS3Service]:
        with swift() as server:
            yield SwiftS3Service(server)

    @pytest.fixture
    def store(self, service: SwiftS3Service) -> Iterator[CloudStore]:
        yield patient(service.config())
        service.clear()

    @pytest.mark.parametrize("key", ["a//b", "/a", "a/../b", "./x", "%41", "k?x#y", "q\\"])
    def test_odd_keys(self, store: CloudStore, tmp_path: Path, key: str):
        self.put(store, tmp_path, b"odd", key)
        assert self.get(store, tmp_path, key) == b"odd"
        assert [info.key for info in store.list()] == [key]
        # urllib3, like any browser, takes dots in an address for a path
        if "." not in key:
            assert urllib3.request("GET", store.signed_url(key, ttl=60) or "", retries=False).data == b"odd"

    @pytest.mark.parametrize("size", [3 * MB, LARGE])
    def test_damage_is_refused(self, service: SwiftS3Service, tmp_path: Path, size: int):
        with faults_before(service.url) as faults:
            store = patient(service.config(url=faults.url))
            faults.flip(MB, of="request", least=2 * MB)
            with pytest.raises(Corrupt):
                self.put(store, tmp_path, os.urandom(size))
            assert faults.left == 0
        assert service.unfinished() == []
        with pytest.raises(NotFound):
            store.head("key")
