"""Uploads to Swift: whole, or as segments and the manifest that makes one object of them."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, ClassVar

import swiftclient.client as sdk

from valo_jupyter.stores.base import ObjectInfo
from valo_jupyter.stores.cloud import content_type, metadata_of
from valo_jupyter.stores.digests import Checksums
from valo_jupyter.stores.errors import Denied, NotFound

if TYPE_CHECKING:
    from valo_jupyter.stores.swift import SwiftStore

#: how long a segment stays of an upload that is never finished
_FORGOTTEN_SECONDS = 2 * 24 * 3600
#: at a manifest: whose segments it names
_UPLOAD = "X-Object-Meta-Valo-Upload"


class SwiftSink:
    """One object that is to be."""

    early: ClassVar[bool] = False

    def __init__(self, store: SwiftStore, key: str) -> None:
        self.store, self.key, self.name = store, key, store.path_of(key)

    def head(self) -> ObjectInfo:
        return self.store._head(self.key)

    def put(self, data: bytes, sums: Checksums) -> ObjectInfo:
        return self.stored(sums, data, etag=sums.md5)

    def stored(
        self, sums: Checksums, content: bytes, *, etag: str | None = None, upload: str | None = None
    ) -> ObjectInfo:
        """Write the object, or the manifest of an `upload`, unless there is one."""
        headers = {f"X-Object-Meta-{name}": value for name, value in metadata_of(sums.digests).items()}
        if upload is not None:
            headers[_UPLOAD] = upload
        told: dict[str, Any] = {}
        self.store.ask(
            "write",
            lambda at, http: sdk.put_object(
                at.url,
                at.token,
                self.store._name,
                self.name,
                content,
                etag=etag,
                content_type=content_type(self.key),
                headers={**headers, "If-None-Match": "*"},
                http_conn=http,
                query_string=None if upload is None else "multipart-manifest=put",
                response_dict=told,
            ),
            self.store.uri_of(self.key),
        )
        found = told["headers"]
        return ObjectInfo(
            key=self.key,
            uri=self.store.uri_of(self.key),
            size=sums.size,
            etag=found.get("etag", "").strip('"') or None,
            content_type=content_type(self.key),
            modified=parsedate_to_datetime(found["last-modified"]) if "last-modified" in found else None,
        )

    def begin(self, size: int, part: int, known: Mapping[str, str]) -> _Segments:
        return _Segments(self, -(-size // part))


class _Segments:
    """An object of several segments, which forget themselves until they are all there."""

    def __init__(self, sink: SwiftSink, count: int) -> None:
        self._sink, self._store, self._count = sink, sink.store, count
        self._container = f"{self._store._name}_segments"
        self._upload = f"valo/{uuid.uuid4().hex}"
        self._put: dict[int, tuple[str, int]] = {}
        try:
            self._store.ask(
                "write", lambda at, http: sdk.put_container(at.url, at.token, self._container, http_conn=http)
            )
        except Denied as error:
            raise Denied(
                f"Large files need the container {self._container} beside the store's own, and the user may not make "
                "it: have it made, with the same access."
            ) from error

    def put(self, number: int, data: bytes) -> None:
        etag = self._store.ask(
            "write",
            lambda at, http: sdk.put_object(
                at.url,
                at.token,
                self._container,
                self._name(number),
                data,
                etag=hashlib.md5(data, usedforsecurity=False).hexdigest(),
                headers={"X-Delete-After": str(_FORGOTTEN_SECONDS)},
                http_conn=http,
            ),
            f"{self._store.uri_of(self._sink.key)} (part {number})",
        )
        self._put[number] = (etag, len(data))

    def finish(self, sums: Checksums) -> ObjectInfo:
        for number in range(1, self._count + 1):
            self._keep(number)
        manifest = [
            {"path": f"/{self._container}/{self._name(number)}", "etag": etag, "size_bytes": size}
            for number, (etag, size) in sorted(self._put.items())
        ]
        return self._sink.stored(sums, json.dumps(manifest).encode(), upload=self._upload)

    def _keep(self, number: int) -> None:
        # what a POST does not name is no longer so: it stays for good
        self._store.ask(
            "write",
            lambda at, http: sdk.post_object(at.url, at.token, self._container, self._name(number), {}, http_conn=http),
        )

    def abort(self) -> None:
        if self._is_finished():
            # the answer to that was lost: the object that is there is made of these segments
            return
        for number in range(1, self._count + 1):
            self._store.remove(self._container, self._name(number))

    def _is_finished(self) -> bool:
        try:
            found = self._store.ask(
                "read",
                lambda at, http: sdk.head_object(at.url, at.token, self._store._name, self._sink.name, http_conn=http),
            )
        except NotFound:
            return False
        return found.get(_UPLOAD.lower()) == self._upload

    def _name(self, number: int) -> str:
        return f"{self._upload}/{number:05}"
