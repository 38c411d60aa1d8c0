"""OpenStack Swift, through python-swiftclient.

What Swift is peculiar in: large objects are a manifest and segments, which lie in a container beside (`…_segments`);
segments go by themselves after two days unless their upload was finished. Of several writers of one new key at the
same moment, two may be told that they made it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote, urlsplit

import swiftclient.client as sdk
from swiftclient.exceptions import ClientException
from swiftclient.utils import generate_temp_url

from valo_jupyter.stores import kinds
from valo_jupyter.stores.base import ObjectInfo
from valo_jupyter.stores.cloud import CloudStore, no_cors, sums_in
from valo_jupyter.stores.digests import CHUNK
from valo_jupyter.stores.errors import (
    Changed,
    Misconfigured,
    NotFound,
)
from valo_jupyter.stores.receiving import PART, Piece
from valo_jupyter.stores.retrying import persist
from valo_jupyter.stores.sessions import prepare, reaching, timeouts
from valo_jupyter.stores.swift_access import Access, Login
from valo_jupyter.stores.swift_errors import NoRange, translated
from valo_jupyter.stores.swift_uploads import SwiftSink

_Result = TypeVar("_Result")
#: of a manifest, where nobody has raised it
_MOST_SEGMENTS = 1000
_META = "x-object-meta-"
#: one request lists so many at the most
_PAGE = 1000


class SwiftStore(CloudStore):
    kind = kinds.SWIFT
    permissions: ClassVar[Mapping[str, str]] = {
        "auth": "a role in the project that may use object storage, such as member",
        "list": "read access to the container (`.rlistings`, or a role of the project)",
        "read": "read access to the container",
        "write": "write access to the container",
        "delete": "write access to the container",
    }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._name = self.options["container"]
        self._access = Access(self.options, self.credentials, self.patience)
        self._own = threading.local()

    def _part(self, path: Path) -> int:
        return max(PART, -(-path.stat().st_size // _MOST_SEGMENTS))

    def ask(self, step: str, what: Callable[[Login, Any], _Result], uri: str | None = None) -> _Result:
        """Call the SDK with a login and a connection of this thread; once more with a new login if that was refused."""
        login = self._access.login()
        for again in (True, False):
            try:
                with reaching(login.url):
                    return what(login, self._connection(login))
            except ClientException as error:
                if error.http_status != 401 or not again:
                    raise translated(error, step, uri or self.root) from None
            login = self._access.login(refused=login)
        raise AssertionError

    def _connection(self, login: Login) -> Any:
        known = getattr(self._own, "connection", None)
        if known is None or known[0] != login.url:
            parsed, connection = sdk.http_connection(login.url, timeout=timeouts(self.patience))
            prepare(connection.request_session, self.options["ca"])
            self._own.connection = known = (login.url, (parsed, connection))
        return known[1]

    def path_of(self, key: str) -> str:
        """The key, if a path can have it."""
        if not key or {".", ".."} & set(key.split("/")) or len(key.encode()) > 1024:
            raise Misconfigured(
                f"Swift cannot be asked for {key!r}: names have up to 1,024 bytes, and no part “.” or “..”."
            )
        return key

    def _head(self, key: str) -> ObjectInfo:
        name = self.path_of(key)
        found = self.ask(
            "read",
            lambda at, http: sdk.head_object(at.url, at.token, self._name, name, http_conn=http),
            self.root + key,
        )
        return self._info(key, found)

    def _info(self, key: str, headers: Mapping[str, str], size: int | None = None) -> ObjectInfo:
        sums = sums_in({name[len(_META) :]: value for name, value in headers.items() if name.startswith(_META)})
        etag = headers.get("etag", "").strip('"') or None
        # of a manifest it is the digest of digests
        if sums["md5"] is None and headers.get("x-static-large-object", "").lower() != "true":
            sums["md5"] = etag
        return ObjectInfo(
            key=key,
            uri=self.root + key,
            size=int(headers.get("content-length") or 0) if size is None else size,
            etag=etag,
            version=headers.get("x-timestamp"),
            content_type=headers.get("content-type"),
            modified=parsedate_to_datetime(headers["last-modified"]) if "last-modified" in headers else None,
            **sums,
        )

    @contextmanager
    def _open(self, key: str, start: int, stop: int, pinned: ObjectInfo | None) -> Iterator[Piece]:
        name = self.path_of(key)
        wanted = {"Range": f"bytes={start}-{stop - 1}"}
        if pinned is not None and pinned.etag:
            wanted["If-Match"] = pinned.etag
        try:
            headers, body = self.ask(
                "read",
                lambda at, http: sdk.get_object(
                    at.url, at.token, self._name, name, http_conn=http, resp_chunk_size=CHUNK, headers=wanted
                ),
                self.root + key,
            )
        except NoRange:
            # an object without content has no range
            if start:
                raise Changed(f"{self.root}{key} was replaced while it was being read; try again.") from None
            yield Piece(self._head(key), iter(()))
            return
        except NotFound:
            if pinned is None:
                raise
            raise Changed(f"{self.root}{key} was replaced while it was being read; try again.") from None
        size = int(headers["content-range"].rpartition("/")[2])
        try:
            with reaching(self.root):
                yield Piece(self._info(key, headers, size), iter(body))
        finally:
            # what was not read is not waited for
            body.close()

    def _sink(self, key: str) -> SwiftSink:
        return SwiftSink(self, key)

    def _list(self, prefix: str, after: str | None) -> Iterator[ObjectInfo]:
        marker = after
        while True:

            def page(marker: str | None = marker) -> list[dict[str, Any]]:
                def asked(at: Login, http: Any) -> list[dict[str, Any]]:
                    return sdk.get_container(
                        at.url, at.token, self._name, marker=marker, limit=_PAGE, prefix=prefix or None, http_conn=http
                    )[1]

                return self.ask("list", asked)

            entries = persist(page, self.patience)
            for entry in entries:
                yield self._entry(entry)
            if not entries:
                return
            marker = entries[-1]["name"]

    def _entry(self, entry: Mapping[str, Any]) -> ObjectInfo:
        large = "slo_etag" in entry
        return ObjectInfo(
            key=entry["name"],
            uri=self.root + entry["name"],
            size=int(entry["bytes"]),
            etag=(entry["slo_etag"] if large else entry["hash"]).strip('"'),
            md5=None if large else entry["hash"],
            content_type=entry.get("content_type"),
            modified=datetime.fromisoformat(entry["last_modified"]).replace(tzinfo=timezone.utc),
        )

    def _delete(self, key: str) -> None:
        name = self.path_of(key)
        with suppress(NotFound):
            found = self.ask(
                "read", lambda at, http: sdk.head_object(at.url, at.token, self._name, name, http_conn=http)
            )
            large = found.get("x-static-large-object", "").lower() == "true"
            self.remove(self._name, name, query="multipart-manifest=delete" if large else None)

    def remove(self, container: str, name: str, *, query: str | None = None) -> None:
        """Remove an object of any container; one that is not there is no problem."""
        with suppress(NotFound):
            self.ask(
                "delete",
                lambda at, http: sdk.delete_object(
                    at.url, at.token, container, name, http_conn=http, query_string=query
                ),
            )

    def signed_url(self, key: str, *, ttl: float, filename: str | None = None, inline: bool = False) -> str | None:
        self.head(key)
        secret = self.credentials.get("temp_url_key")
        if not secret:
            return None
        account = self._access.login().url
        path = f"{urlsplit(account).path}/{self._name}/{self.path_of(key)}"
        # what is signed is the plain path, what is asked for the encoded one
        query = generate_temp_url(path, int(ttl), secret, "GET")[len(path) :]
        told = f"&filename={quote(filename, safe='')}" if filename else ""
        shown = "&inline" if inline else ""
        public = urlsplit(self._access.public(account))
        return f"{public.scheme}://{public.netloc}{quote(path, safe='/~')}{query}{told}{shown}"

    def _login(self) -> datetime | None:
        try:
            told = self.ask("auth", lambda at, http: sdk.head_container(at.url, at.token, self._name, http_conn=http))
        except NotFound:
            raise Misconfigured(
                f"There is no container {self._name} in the project; make it, or correct the store's options."
            ) from None
        return parsedate_to_datetime(told["date"])

    def _cors(self) -> str | None:
        told = self.ask("auth", lambda at, http: sdk.head_container(at.url, at.token, self._name, http_conn=http))
        if told.get("x-container-meta-access-control-allow-origin"):
            return None
        return no_cors("container", "set its metadata Access-Control-Allow-Origin (swift post -m)")
