"""Google Cloud Storage, through google-cloud-storage.

A version is a generation. Uploads of several parts are sessions that take one part after the other; one that is never
finished is seen by nobody, costs nothing, and is forgotten after a week.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar
from urllib.parse import quote

import google.auth
import google_crc32c
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import AuthorizedSession
from google.cloud.storage import Blob, Client
from google.oauth2 import service_account

from valo_jupyter.stores import kinds
from valo_jupyter.stores.base import ObjectInfo
from valo_jupyter.stores.cloud import CloudStore, disposition, no_cors, sums_in
from valo_jupyter.stores.digests import CHUNK
from valo_jupyter.stores.errors import Changed, Denied, Misconfigured, NotFound
from valo_jupyter.stores.gcs_errors import NEEDS, asking, refused
from valo_jupyter.stores.gcs_uploads import GcsSink
from valo_jupyter.stores.receiving import Piece, Witness
from valo_jupyter.stores.retrying import persist
from valo_jupyter.stores.sessions import prepare, timeouts

_ENDPOINT = "https://storage.googleapis.com"
_SCOPES = ("https://www.googleapis.com/auth/devstorage.read_write",)
#: as Google has it
_LONGEST = timedelta(days=7)


class GcsStore(CloudStore):
    kind = kinds.GCS
    permissions: ClassVar[Mapping[str, str]] = {step: permission for step, (permission, _) in NEEDS.items()}
    streams: ClassVar[int] = 1

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._name = self.options["bucket"]
        self._url = (self.options["endpoint_url"] or _ENDPOINT).rstrip("/")
        self._public = (self.options["public_endpoint_url"] or self._url).rstrip("/")
        self.timeout = timeouts(self.patience)
        #: of the SDK's calls: what is tried again is decided by who calls
        self.once: dict[str, Any] = {"timeout": self.timeout, "retry": None}
        text = self.credentials.get("service_account")
        self._account = _service_account(text) if text else None
        self._made: Client | None = None
        self._lock = threading.Lock()

    @property
    def _client(self) -> Client:
        # not at once: what the machine has is looked for in the network
        with self._lock:
            if self._made is None:
                credentials: Any = self._account or google.auth.default(scopes=_SCOPES)[0]
                session = AuthorizedSession(credentials, refresh_timeout=self.patience.silence)
                prepare(session, self.options["ca"])
                self._made = Client(
                    # of interest where buckets are made and listed, which is not here
                    self.options["project"] or getattr(credentials, "project_id", None) or "none",
                    credentials,
                    _http=session,
                    # said explicitly, lest the environment leads elsewhere
                    client_options={"api_endpoint": self._url},
                )
                self._session = session
            return self._made

    @property
    def session(self) -> AuthorizedSession:
        """For requests that the SDK has no words for."""
        return self._client and self._session

    def blob(self, key: str) -> Blob:
        """The SDK's idea of one object."""
        if key in ("", ".", ".."):
            raise Misconfigured(f"Google has no object {key!r}; take another name.")
        return self._client.bucket(self._name).blob(key)

    def asking(self, step: str, key: str = "") -> AbstractContextManager[None]:
        """The errors of Google's libraries become ours; `step` as in the check."""
        return asking(step, self.root + key, self._url)

    def _head(self, key: str) -> ObjectInfo:
        with self.asking("read", key):
            blob = self.blob(key)
            blob.reload(**self.once)
        return self.info(blob)

    def info(self, blob: Blob) -> ObjectInfo:
        """What the SDK knows of an object."""
        key = str(blob.name)
        sums = sums_in(blob.metadata or {})
        if sums["md5"] is None and blob.md5_hash:
            sums["md5"] = base64.b64decode(blob.md5_hash).hex()
        return ObjectInfo(
            key=key,
            uri=self.root + key,
            size=int(blob.size or 0),
            etag=blob.etag,
            version=str(blob.generation),
            content_type=blob.content_type,
            modified=blob.updated,
            **sums,
        )

    @contextmanager
    def _open(self, key: str, start: int, stop: int, pinned: ObjectInfo | None) -> Iterator[Piece]:
        # what is stored in gzip would come unpacked, and without its middle, to who does not take gzip
        headers = {"Range": f"bytes={start}-{stop - 1}", "Accept-Encoding": "gzip"}
        url = f"{self._url}/download/storage/v1/b/{self._name}/o/{quote(key, safe='')}?alt=media"
        if pinned is not None:
            url += f"&generation={pinned.version}"
        self.blob(key)
        with (
            self.asking("read", key),
            self.session.get(url, headers=headers, stream=True, timeout=self.timeout) as answer,
        ):
            if answer.status_code == 416 and not start:
                # an object without content has no range
                yield Piece(self._head(key), iter(()))
            elif answer.status_code == 404 and pinned is not None:
                raise Changed(f"{self.root}{key} was replaced while it was being read; try again.")
            elif answer.status_code != 206:
                raise refused(answer, "read", self.root + key)
            else:
                hashes = dict(re.findall(r"(crc32c|md5)=([^,\s]+)", answer.headers.get("x-goog-hash", "")))
                content = answer.raw.stream(CHUNK, decode_content=False)
                yield Piece(self._told(key, answer.headers, hashes), content, _witness(hashes.get("crc32c")))

    def _told(self, key: str, headers: Mapping[str, str], hashes: Mapping[str, str]) -> ObjectInfo:
        sums = sums_in({name.lower().removeprefix("x-goog-meta-"): value for name, value in headers.items()})
        if sums["md5"] is None and "md5" in hashes:
            sums["md5"] = base64.b64decode(hashes["md5"]).hex()
        return ObjectInfo(
            key=key,
            uri=self.root + key,
            size=int(headers["Content-Range"].rpartition("/")[2]),
            etag=headers.get("ETag"),
            version=headers["x-goog-generation"],
            content_type=headers.get("Content-Type"),
            modified=parsedate_to_datetime(headers["Last-Modified"]) if "Last-Modified" in headers else None,
            **sums,
        )

    def _sink(self, key: str) -> GcsSink:
        return GcsSink(self, key)

    def _list(self, prefix: str, after: str | None) -> Iterator[ObjectInfo]:
        token: str | None = ""
        while token is not None:

            def page(token: str = token) -> tuple[list[Blob], str | None]:
                with self.asking("list"):
                    listing = self._client.list_blobs(
                        self._name,
                        prefix=prefix or None,
                        start_offset=after,
                        page_token=token or None,
                        **self.once,
                    )
                    return list(next(listing.pages, ())), listing.next_page_token

            blobs, token = persist(page, self.patience)
            for blob in blobs:
                if blob.name != after:
                    yield self.info(blob)

    def _delete(self, key: str) -> None:
        with suppress(NotFound), self.asking("delete", key):
            self.blob(key).delete(**self.once)

    def signed_url(self, key: str, *, ttl: float, filename: str | None = None, inline: bool = False) -> str | None:
        self.head(key)
        # credentials of the machine have no key to sign with; `..` in a path goes astray in browsers
        if self._account is None or {".", ".."} & set(key.split("/")):
            return None
        with self.asking("read", key):
            return self.blob(key).generate_signed_url(
                version="v4",
                expiration=min(timedelta(seconds=ttl), _LONGEST),
                api_access_endpoint=self._public,
                response_disposition=disposition(filename, inline),
            )

    def _login(self) -> datetime | None:
        with self.asking("auth"):
            url = f"{self._url}/storage/v1/b/{self._name}/o"
            answer = self.session.get(url, params={"maxResults": "1"}, timeout=self.timeout)
        # whoever is known and may not list is known
        if answer.status_code not in (200, 403):
            raise refused(answer, "auth", self.root)
        return parsedate_to_datetime(answer.headers["Date"])

    def _cors(self) -> str | None:
        with self.asking("auth"):
            url = f"{self._url}/storage/v1/b/{self._name}"
            answer = self.session.get(url, params={"fields": "cors"}, timeout=self.timeout)
        if answer.status_code != 200:
            raise Denied("It needs storage.buckets.get, which few have.")
        if answer.json().get("cors"):
            return None
        return no_cors("bucket", "add one (gcloud storage buckets update --cors-file)")


def _service_account(text: str) -> service_account.Credentials:
    try:
        return service_account.Credentials.from_service_account_info(json.loads(text), scopes=_SCOPES)
    except (ValueError, GoogleAuthError):
        # the error may show a part of it
        raise Misconfigured(
            "The key of a service account is a JSON text with client_email, private_key and token_uri, as Google's"
            " console makes it; enter it anew."
        ) from None


def _witness(crc32c: str | None) -> Witness | None:
    return Witness(_Crc32c(), base64.b64decode(crc32c).hex()) if crc32c else None


class _Crc32c:
    """Its library gives bytes where `hashlib` gives text."""

    def __init__(self) -> None:
        self._checksum = google_crc32c.Checksum()

    def update(self, data: bytes, /) -> None:
        self._checksum.update(data)

    def hexdigest(self) -> str:
        return self._checksum.digest().hex()
