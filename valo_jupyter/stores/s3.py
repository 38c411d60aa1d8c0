"""AWS S3, and whatever speaks as it does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar, NoReturn
from urllib.parse import quote, urlsplit

import urllib3
from botocore.exceptions import BotoCoreError, ClientError

from valo_jupyter.stores import kinds
from valo_jupyter.stores.base import ObjectInfo
from valo_jupyter.stores.cloud import CloudStore, disposition, no_cors, sums_in
from valo_jupyter.stores.digests import CHUNK
from valo_jupyter.stores.errors import Denied, Misconfigured, NotFound, StoreError, Unavailable
from valo_jupyter.stores.receiving import Piece
from valo_jupyter.stores.retrying import PATIENCE, Patience, persist
from valo_jupyter.stores.s3_access import Access, Renewable
from valo_jupyter.stores.s3_errors import OUTDATED, NotAllowed, failure, refusal
from valo_jupyter.stores.s3_requests import Refuse, Requests, as_unavailable
from valo_jupyter.stores.s3_uploads import S3Sink

_MD5 = re.compile(r'"[0-9a-f]{32}"')
_WEEK = 7 * 24 * 3600


class S3Store(CloudStore):
    """The content of objects goes over `s3_requests`, all else by boto3, whose own transfers are not used: with awscrt
    installed they forget the endpoint. Nobody else's retries, either.

    Integrity: an upload carries its md5 or crc32 and the signed sha256, one of which every service verifies; downloads
    are held against the sha256 in the object's metadata, or an ETag that is an md5.
    """

    kind = kinds.S3
    permissions: ClassVar = {
        "list": "s3:ListBucket",
        "write": "s3:PutObject",
        "read": "s3:GetObject",
        "delete": "s3:DeleteObject",
    }
    #: services take longer for a part than it takes to send it
    streams = 8

    def __init__(
        self, options: Mapping[str, Any], credentials: Mapping[str, Any], *, patience: Patience = PATIENCE
    ) -> None:
        super().__init__(options, credentials, patience=patience)
        self.bucket: str = self.options["bucket"]
        where = urlsplit(self.options["endpoint_url"] or "").netloc or "AWS"
        self._place = f"bucket “{self.bucket}” at {where}"
        self._renewable = Renewable(self.options, self.credentials, patience)
        self._opened: tuple[Access, Requests] | None = None

    def signed_url(self, key: str, *, ttl: float, filename: str | None = None, inline: bool = False) -> str:
        self.head(key)
        asked = {
            "Bucket": self.bucket,
            "Key": key,
            "ResponseContentDisposition": disposition(filename, inline),
        }
        with self._asking("GET", key) as access:
            return access.signer.generate_presigned_url("get_object", Params=asked, ExpiresIn=min(int(ttl), _WEEK))

    def _head(self, key: str) -> ObjectInfo:
        try:
            with self._send("HEAD", key) as answer:
                return self._info(key, answer)
        except (Denied, StoreError) as error:
            if isinstance(error, (NotFound, Unavailable, Misconfigured)):
                raise
            # such an answer has no words; that to a GET has
            with self._send("GET", key, headers={"Range": "bytes=0-0"}):
                raise error from None

    @contextmanager
    def _open(self, key: str, start: int, stop: int, pinned: ObjectInfo | None) -> Iterator[Piece]:
        headers = {"Range": f"bytes={start}-{stop - 1}"}
        if pinned is not None and pinned.etag:
            headers["If-Match"] = pinned.etag
        query = f"versionId={quote(pinned.version, safe='')}" if pinned and pinned.version else ""
        try:
            with self._send("GET", key, query=query, headers=headers) as answer:
                came = answer.headers.get("Content-Range", "bytes 0-")
                if not came.startswith(f"bytes {start}-"):
                    raise Unavailable(f"The {self._place} sent another part of {self.uri_of(key)} than was asked for.")
                yield Piece(self._info(key, answer), self._content(answer))
        except _Empty:
            # there is no first byte
            yield Piece(persist(lambda: self._head(key), self.patience), iter(()))

    def _content(self, answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
        with as_unavailable(self._place):
            yield from answer.stream(CHUNK, decode_content=False)

    def _sink(self, key: str) -> S3Sink:
        return S3Sink(self, key)

    def _list(self, prefix: str, after: str | None) -> Iterator[ObjectInfo]:
        asked = {"Bucket": self.bucket, "Prefix": prefix}
        more = {"StartAfter": after} if after else {}

        def ask() -> dict[str, Any]:
            with self._asking("GET", "") as access:
                return access.client.list_objects_v2(**asked, **more)

        while True:
            page = persist(ask, self.patience)
            for each in page.get("Contents", ()):
                key = each["Key"]
                yield ObjectInfo(
                    key, self.uri_of(key), each["Size"], etag=each.get("ETag"), modified=each["LastModified"]
                )
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def _delete(self, key: str) -> None:
        with self._asking("DELETE", key) as access:
            access.client.delete_object(Bucket=self.bucket, Key=key)

    def _login(self) -> datetime | None:
        try:
            with self._asking("GET", "") as access:
                # not HEAD, which would not say why
                answer = access.client.list_objects_v2(Bucket=self.bucket, Prefix=self.options["prefix"], MaxKeys=1)
        except NotAllowed:
            # it knows us
            return None
        return _time(answer["ResponseMetadata"]["HTTPHeaders"].get("date"))

    def _cors(self) -> str | None:
        try:
            with self._asking("GET", "") as access:
                rules = access.client.get_bucket_cors(Bucket=self.bucket).get("CORSRules", [])
        except NotFound:
            rules = []
        except StoreError as error:
            raise Denied("It needs s3:GetBucketCORS, and a service that has such rules.") from error
        if any("GET" in rule.get("AllowedMethods", ()) for rule in rules):
            return None
        return no_cors("bucket", "add one (aws s3api put-bucket-cors)")

    def _info(self, key: str, answer: urllib3.BaseHTTPResponse) -> ObjectInfo:
        headers = answer.headers
        known = sums_in({name[11:]: value for name, value in headers.items() if name.lower().startswith("x-amz-meta-")})
        etag = headers.get("ETag")
        # of several parts, or encrypted by other keys, it is none
        plain = headers.get("x-amz-server-side-encryption", "AES256") == "AES256"
        if known["md5"] is None and etag and plain and _MD5.fullmatch(etag):
            known["md5"] = etag.strip('"')
        size = headers.get("Content-Range", "").rpartition("/")[2] or headers.get("Content-Length") or "0"
        version = headers.get("x-amz-version-id")
        return ObjectInfo(
            key,
            self.uri_of(key),
            int(size),
            etag=etag,
            version=None if version == "null" else version,
            content_type=headers.get("Content-Type"),
            modified=_time(headers.get("Last-Modified")),
            **known,
        )

    # asking

    def _ready(self) -> tuple[Access, Requests]:
        access = self._renewable.get()
        if self._opened is None or self._opened[0] is not access:
            requests = Requests(access.root, access.region, access.credentials, self.patience, self.options["ca"])
            self._opened = (access, requests)
        return self._opened

    @contextmanager
    def _send(self, method: str, key: str, **what: Any) -> Iterator[urllib3.BaseHTTPResponse]:
        with self._asking(method, key):
            access, requests = self._ready()
            with requests.send(method, key, self._refuse(method, key, access), **what) as answer:
                yield answer

    @contextmanager
    def _asking(self, method: str, key: str) -> Iterator[Access]:
        """The account; what goes wrong with it in the block becomes an error of stores."""
        try:
            access = self._renewable.get()
            try:
                yield access
            except ClientError as error:
                said = error.response.get("Error", {})
                answer = error.response.get("ResponseMetadata", {})
                refuse = self._refuse(method, key, access)
                refuse(
                    answer.get("HTTPStatusCode", 0),
                    answer.get("HTTPHeaders", {}),
                    said.get("Code", ""),
                    said.get("Message", ""),
                )
        except BotoCoreError as error:
            raise failure(error, self._place) from error

    def _refuse(self, method: str, key: str, access: Access) -> Refuse:
        def refuse(status: int, headers: Mapping[str, str], code: str, message: str) -> NoReturn:
            if status == 416:
                raise _Empty
            if code in OUTDATED and self._renewable.renew(access.credentials()):
                raise Unavailable(f"The credentials for {self._place} have expired, and there are new ones.")
            region = headers.get("x-amz-bucket-region")
            uri = self.uri_of(key) if key else self._place
            raise refusal(method, uri, self._place, status, code, message, region)

        return refuse


class _Empty(Exception):
    """A range was asked for of an object that has no bytes."""


def _time(text: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
