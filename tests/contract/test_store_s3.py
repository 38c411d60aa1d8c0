"""S3 against SeaweedFS, and against Swift's S3 interface as a second opinion."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.contract.cloud_contract import CloudContract, Service
from tests.parts.faults import Faults
from tests.parts.seaweedfs import SeaweedFS, seaweedfs


@pytest.fixture(scope="module")
def weed() -> Iterator[SeaweedFS]:
    with seaweedfs() as server:
        yield server


class WeedService:
    def __init__(self, weed: SeaweedFS) -> None:
        self.weed, self.url, self.bucket = weed, weed.url, weed.bucket()
        self.client = weed.client()
        self.secrets = [weed.keys.secret_access_key, weed.reader.secret_access_key, "Signature="]

    def config(self, *, url: str | None = None, reader: bool = False, **options: Any) -> dict[str, Any]:
        return self.weed.config(self.bucket, url=url, keys=self.weed.reader if reader else None, **options)

    def put(self, key: str, content: bytes) -> None:
        self.client.put_object(Bucket=self.bucket, Key=key, Body=content)

    def clear(self) -> None:
        for upload in self._uploads():
            self.client.abort_multipart_upload(Bucket=self.bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        for page in pages:
            if keys := [{"Key": each["Key"]} for each in page.get("Contents", ())]:
                self.client.delete_objects(Bucket=self.bucket, Delete={"Objects": keys, "Quiet": True})

    def unfinished(self) -> list[str]:
        return [each["UploadId"] for each in self._uploads()]

    def _uploads(self) -> list[dict[str, Any]]:
        return self.client.list_multipart_uploads(Bucket=self.bucket).get("Uploads", [])


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
