"""Uploads to S3: in one request, or in parts that nobody sees before the last."""

from __future__ import annotations

import base64
import hashlib
import threading
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from valo_jupyter.stores.abandoned import ABANDONED
from valo_jupyter.stores.base import ObjectInfo
from valo_jupyter.stores.cloud import content_type, metadata_of
from valo_jupyter.stores.digests import Checksums
from valo_jupyter.stores.errors import Exists, NotFound
from valo_jupyter.stores.s3_requests import UNSIGNED

if TYPE_CHECKING:
    from valo_jupyter.stores.s3 import S3Store

#: for so long the address is good by which an abandoned upload is ended
_WEEK = 7 * 24 * 3600


@dataclass(frozen=True)
class S3Sink:
    """Where one object is to be."""

    store: S3Store
    key: str
    early: ClassVar[bool] = True

    def head(self) -> ObjectInfo:
        return self.store._head(self.key)

    def put(self, data: bytes, sums: Checksums) -> ObjectInfo:
        headers = {f"x-amz-meta-{name}": value for name, value in metadata_of(sums.digests).items()}
        headers["Content-Type"] = content_type(self.key)
        headers["Content-MD5"] = base64.b64encode(bytes.fromhex(sums.md5)).decode()
        try:
            return self._put(data, sums, {**headers, "If-None-Match": "*"})
        except Exists:
            if self._is_there():
                raise
        # SeaweedFS takes `k` for there when there is a `k/x`
        return self._put(data, sums, headers)

    def _put(self, data: bytes, sums: Checksums, headers: Mapping[str, str]) -> ObjectInfo:
        with self.store._send("PUT", self.key, headers=headers, body=data, sha256=sums.sha256) as answer:
            return _made(self.store, self.key, sums.size, answer.headers.get("ETag"), answer.headers)

    def _is_there(self) -> bool:
        try:
            self.head()
        except NotFound:
            return False
        return True

    def begin(self, size: int, part: int, known: Mapping[str, str]) -> _Parts:
        with self.store._asking("PUT", self.key) as access:
            made = access.client.create_multipart_upload(
                Bucket=self.store.bucket,
                Key=self.key,
                Metadata=metadata_of(known),
                ContentType=content_type(self.key),
            )
            named = {"Bucket": self.store.bucket, "Key": self.key, "UploadId": made["UploadId"]}
            abort = access.client.generate_presigned_url("abort_multipart_upload", Params=named, ExpiresIn=_WEEK)
        return _Parts(self.store, self.key, size, made["UploadId"], {}, ABANDONED.add(abort, self.store.options["ca"]))


@dataclass(frozen=True)
class _Parts:
    """A multipart upload; `etags` are those of the parts that have arrived, `abandoned` is who ends it if we do not."""

    store: S3Store
    key: str
    size: int
    id: str
    etags: dict[int, str]
    abandoned: str
    verifies: threading.Event = field(default_factory=threading.Event)

    def put(self, number: int, data: bytes) -> None:
        query = f"partNumber={number}&uploadId={quote(self.id, safe='')}"
        # SeaweedFS takes the signed sha256 as it comes, and verifies this; others do not know it
        headers = {"x-amz-checksum-crc32": base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()}
        digest = UNSIGNED if self.verifies.is_set() else hashlib.sha256(data).hexdigest()
        with self.store._send("PUT", self.key, query=query, headers=headers, body=data, sha256=digest) as answer:
            self.etags[number] = answer.headers["ETag"]
            if answer.headers.get("x-amz-checksum-crc32"):
                # who repeats the checksum has verified it: one is enough for the other parts
                self.verifies.set()

    def finish(self, sums: Checksums) -> ObjectInfo:
        parts = [{"PartNumber": number, "ETag": self.etags[number]} for number in sorted(self.etags)]
        try:
            with self.store._asking("PUT", self.key) as access:
                made = access.client.complete_multipart_upload(
                    **self._named, MultipartUpload={"Parts": parts}, IfNoneMatch="*"
                )
        except NotFound as error:
            # it has been finished: the answer to that was lost
            raise Exists(f"{self.store.uri_of(self.key)} is there already.") from error
        ABANDONED.remove(self.abandoned)
        return _made(self.store, self.key, self.size, made.get("ETag"), {"x-amz-version-id": made.get("VersionId")})

    def abort(self) -> None:
        with suppress(NotFound), self.store._asking("DELETE", self.key) as access:
            access.client.abort_multipart_upload(**self._named)
        ABANDONED.remove(self.abandoned)

    @property
    def _named(self) -> dict[str, str]:
        return {"Bucket": self.store.bucket, "Key": self.key, "UploadId": self.id}


def _made(store: S3Store, key: str, size: int, etag: str | None, headers: Mapping[str, Any]) -> ObjectInfo:
    version = headers.get("x-amz-version-id")
    return ObjectInfo(
        key,
        store.uri_of(key),
        size,
        etag=etag,
        version=None if version == "null" else version,
        content_type=content_type(key),
    )
