"""Azure Blob Storage, through azure-storage-blob.

What Azure is peculiar in: names of metadata are identifiers (`valo_sha256`); an object of several blocks has the md5
that it is told; blocks that were sent and never committed are seen by nobody, cannot be removed, and vanish by
themselves within a week.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar, cast
from urllib.parse import quote

import requests
from azure.core import MatchConditions
from azure.core.exceptions import AzureError, HttpResponseError
from azure.core.paging import PageIterator
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import BlobBlock, BlobClient, BlobProperties, BlobServiceClient, ContentSettings

from valo_jupyter.stores import kinds
from valo_jupyter.stores.azure_access import access
from valo_jupyter.stores.azure_errors import NEEDS, refusal, translated
from valo_jupyter.stores.base import ObjectInfo
from valo_jupyter.stores.cloud import CloudStore, content_type, disposition, metadata_of, no_cors, sums_in
from valo_jupyter.stores.digests import CHUNK, Checksums
from valo_jupyter.stores.errors import Denied, Exists, Misconfigured, NotFound, StoreError
from valo_jupyter.stores.receiving import PART, Piece
from valo_jupyter.stores.retrying import persist
from valo_jupyter.stores.sessions import prepare, reaching, timeouts

#: of the protocol, where we speak it ourselves
_VERSION = "2021-12-02"


class AzureStore(CloudStore):
    kind = kinds.AZURE
    permissions: ClassVar[Mapping[str, str]] = {step: action for step, (action, _) in NEEDS.items()}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        account, self._name = self.options["account"], self.options["container"]
        self._url = (self.options["endpoint_url"] or f"https://{account}.blob.core.windows.net").rstrip("/")
        self._public = (self.options["public_endpoint_url"] or self._url).rstrip("/")
        self._session = requests.Session()
        prepare(self._session, self.options["ca"])
        self._access = access(account, self._name, self.credentials, self._service)
        try:
            self._container = self._service(self._access.credential).get_container_client(self._name)
        except ValueError as error:
            # the SDK sends tokens over https alone
            raise Misconfigured("An identity is proved over https only; correct the service's address.") from error

    def _service(self, credential: Any) -> BlobServiceClient:
        connect, silence = timeouts(self.patience)
        return BlobServiceClient(
            self._url,
            credential=credential,
            transport=RequestsTransport(
                session=self._session, session_owner=False, connection_timeout=connect, read_timeout=silence
            ),
            retry_total=0,
            # what is sent whole is one request
            max_single_put_size=2 * PART,
        )

    def blob(self, key: str) -> BlobClient:
        """The SDK's client of one object."""
        if not key or "\\" in key or {".", ".."} & set(key.split("/")):
            raise Misconfigured(f"Azure has no object {key!r}: names have no “\\” and no part that is “.” or “..”.")
        return self._container.get_blob_client(key)

    @contextmanager
    def asking(self, step: str, key: str = "") -> Iterator[None]:
        """The SDK's errors become ours; `step` as in the check."""
        try:
            yield
        except AzureError as error:
            raise translated(error, step, self.root + key, self._url) from None

    def _head(self, key: str) -> ObjectInfo:
        with self.asking("read", key):
            return self._info(self.blob(key).get_blob_properties())

    def _info(self, found: BlobProperties) -> ObjectInfo:
        md5 = found.content_settings.content_md5
        sums = _sums(found.metadata or {}, bytes(md5) if md5 else None)
        return ObjectInfo(
            key=found.name,
            uri=self.root + found.name,
            size=found.size,
            etag=found.etag,
            version=found.version_id,
            content_type=found.content_settings.content_type,
            modified=found.last_modified,
            **sums,
        )

    @contextmanager
    def _open(self, key: str, start: int, stop: int, pinned: ObjectInfo | None) -> Iterator[Piece]:
        # the SDK reads a range to its end before it gives any of it, and begins it anew when it is cut
        self.blob(key)
        with self.asking("auth"):
            query, headers = self._access.reading()
        headers |= {"x-ms-version": _VERSION, "Range": f"bytes={start}-{stop - 1}", "Accept-Encoding": "identity"}
        if pinned is not None and pinned.etag:
            headers["If-Match"] = pinned.etag
        url = f"{self._address(self._url, key)}?{query}"
        with (
            reaching(self._url),
            self._session.get(url, headers=headers, stream=True, timeout=timeouts(self.patience)) as answer,
        ):
            if answer.status_code == 416 and not start:
                # an object without content has no range
                yield Piece(self._head(key), iter(()))
            elif answer.status_code != 206:
                raise refusal(answer.status_code, answer.headers.get("x-ms-error-code", ""), "read", self.root + key)
            else:
                yield Piece(self._told(key, answer.headers), answer.raw.stream(CHUNK, decode_content=False))

    def _told(self, key: str, headers: Mapping[str, str]) -> ObjectInfo:
        metadata = {name.lower().removeprefix("x-ms-meta-"): value for name, value in headers.items()}
        md5 = headers.get("x-ms-blob-content-md5")
        return ObjectInfo(
            key=key,
            uri=self.root + key,
            size=int(headers["Content-Range"].rpartition("/")[2]),
            etag=headers.get("ETag"),
            version=headers.get("x-ms-version-id"),
            content_type=headers.get("Content-Type"),
            modified=parsedate_to_datetime(headers["Last-Modified"]),
            **_sums(metadata, base64.b64decode(md5) if md5 else None),
        )

    def _sink(self, key: str) -> _Sink:
        return _Sink(self, key)

    def _list(self, prefix: str, after: str | None) -> Iterator[ObjectInfo]:
        token: str | None = ""
        while token is not None:
            listing = self._container.list_blobs(prefix or None, include=["metadata"])
            pages = cast(PageIterator[BlobProperties], listing.by_page(token or None))

            def page(pages: PageIterator[BlobProperties] = pages) -> list[BlobProperties]:
                with self.asking("list"):
                    return list(next(pages, ()))

            for found in persist(page, self.patience):
                if after is None or found.name > after:
                    yield self._info(found)
            token = pages.continuation_token or None

    def _delete(self, key: str) -> None:
        with suppress(NotFound), self.asking("delete", key):
            self.blob(key).delete_blob()

    def signed_url(self, key: str, *, ttl: float, filename: str | None = None, inline: bool = False) -> str | None:
        self.head(key)
        signature = self._access.signature(key, ttl, disposition(filename, inline))
        return f"{self._address(self._public, key)}?{signature}" if signature else None

    def _address(self, endpoint: str, key: str) -> str:
        return f"{endpoint}/{self._name}/{quote(key, safe='/~')}"

    def _login(self) -> datetime | None:
        with self.asking("auth"):
            try:
                told: list[Any] = []
                listing = self._container.list_blobs(results_per_page=1, raw_response_hook=told.append)
                next(listing.by_page(), None)
                date = told[0].http_response.headers["Date"]
            except HttpResponseError as error:
                # whoever is known and may not list is known
                if getattr(error, "error_code", None) != "AuthorizationPermissionMismatch" or error.response is None:
                    raise
                date = cast(Any, error.response).headers["Date"]
        return parsedate_to_datetime(date)

    def _cors(self) -> str | None:
        try:
            with self._service(self._access.credential) as service:
                rules = service.get_service_properties()["cors"]
        except AzureError as error:
            raise Denied("The rules are the account's, which few may look at.") from error
        return None if rules else no_cors("account", "add one (Resource sharing of the blob service)")


class _Sink:
    """One object that is to be."""

    early: ClassVar[bool] = False

    def __init__(self, store: AzureStore, key: str) -> None:
        self._store, self._key, self._blob = store, key, store.blob(key)

    def head(self) -> ObjectInfo:
        return self._store._head(self._key)

    def put(self, data: bytes, sums: Checksums) -> ObjectInfo:
        try:
            with self._store.asking("write", self._key):
                # the SDK does not overwrite unless it is told to
                told = self._blob.upload_blob(data, length=len(data), validate_content=True, **_about(self._key, sums))
        except Exists:
            with suppress(NotFound):
                self.head()
                raise
            # blocks that an upload left here are in the way of an object in one piece, and not of one of blocks
            return self._in_a_block(data, sums)
        return self.stored(sums, told)

    def _in_a_block(self, data: bytes, sums: Checksums) -> ObjectInfo:
        blocks = self.begin(sums.size, len(data) or 1, {})
        if data:
            blocks.put(1, data)
        return blocks.finish(sums)

    def begin(self, size: int, part: int, known: Mapping[str, str]) -> _Blocks:
        return _Blocks(self, -(-size // part))

    def stored(self, sums: Checksums, told: Mapping[str, Any]) -> ObjectInfo:
        """What is known after the answer of a write."""
        return ObjectInfo(
            key=self._key,
            uri=self._store.uri_of(self._key),
            size=sums.size,
            etag=told.get("etag"),
            version=told.get("version_id"),
            content_type=content_type(self._key),
            modified=told.get("last_modified"),
        )


class _Blocks:
    """An object of several blocks; their ids are of this upload alone, and of one length, as Azure wants them."""

    def __init__(self, sink: _Sink, count: int) -> None:
        self._sink = sink
        upload = uuid.uuid4().hex
        self._ids = [f"{upload}-{number:05}" for number in range(count)]

    def put(self, number: int, data: bytes) -> None:
        with self._sink._store.asking("write", self._sink._key):
            self._sink._blob.stage_block(self._ids[number - 1], data, len(data), validate_content=True)

    def finish(self, sums: Checksums) -> ObjectInfo:
        sink, blocks = self._sink, [BlobBlock(each) for each in self._ids]
        try:
            with sink._store.asking("write", sink._key):
                about = _about(sink._key, sums)
                told = sink._blob.commit_block_list(blocks, match_condition=MatchConditions.IfMissing, **about)
        except StoreError as error:
            if "InvalidBlockList" not in error.message:
                raise
            # somebody else finished under this name, which took our blocks away
            raise Exists(f"There is already an object {sink._store.uri_of(sink._key)}; take another name.") from None
        return sink.stored(sums, told)

    def abort(self) -> None:
        """Azure removes blocks by itself that are not committed."""


def _about(key: str, sums: Checksums) -> dict[str, Any]:
    md5 = bytearray(bytes.fromhex(sums.md5))
    settings = ContentSettings(content_type=content_type(key), content_md5=md5)
    metadata = {name.replace("-", "_"): value for name, value in metadata_of(sums.digests).items()}
    return {"content_settings": settings, "metadata": metadata}


def _sums(metadata: Mapping[str, str], md5: bytes | None) -> dict[str, str | None]:
    sums = sums_in({name.replace("_", "-"): value for name, value in metadata.items()})
    return sums | {"md5": sums["md5"] or (md5.hex() if md5 else None)}
