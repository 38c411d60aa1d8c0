"""Uploads to Google Cloud Storage: whole, or in a session of parts; Google compares the CRC32C of what arrived."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

import google_crc32c
import requests

from valo_jupyter.stores.base import ObjectInfo
from valo_jupyter.stores.cloud import content_type, metadata_of
from valo_jupyter.stores.digests import Checksums
from valo_jupyter.stores.errors import Corrupt, StoreError
from valo_jupyter.stores.gcs_errors import refused

if TYPE_CHECKING:
    from google.cloud.storage import Blob

    from valo_jupyter.stores.gcs import GcsStore

#: a part that is not the last one is a multiple of this
_STEP = 256 * 1024


class GcsSink:
    """One object that is to be."""

    early: ClassVar[bool] = True

    def __init__(self, store: GcsStore, key: str) -> None:
        self.store, self.key = store, key

    def head(self) -> ObjectInfo:
        return self.store._head(self.key)

    def put(self, data: bytes, sums: Checksums) -> ObjectInfo:
        with self.store.asking("write", self.key):
            blob = self._blob(sums.digests)
            blob.upload_from_string(
                data,
                content_type(self.key),
                if_generation_match=0,
                checksum="crc32c",
                **self.store.once,
            )
        self.compare(blob.crc32c, blob.generation, google_crc32c.Checksum(data))
        return self.store.info(blob)

    def begin(self, size: int, part: int, known: Mapping[str, str]) -> _Session:
        with self.store.asking("write", self.key):
            url = self._blob(known).create_resumable_upload_session(
                content_type(self.key),
                size,
                if_generation_match=0,
                **self.store.once,
            )
        return _Session(self, str(url), size)

    def _blob(self, digests: Mapping[str, str]) -> Blob:
        blob = self.store.blob(self.key)
        blob.metadata = metadata_of(digests)
        return blob

    def compare(self, crc32c: str | None, generation: int | str | None, sent: google_crc32c.Checksum) -> None:
        """Remove the object that is there now if it is not what was sent."""
        if crc32c == _text(sent):
            return
        with self.store.asking("delete", self.key):
            self.store.blob(self.key).delete(if_generation_match=int(generation or 0), **self.store.once)
        raise Corrupt(f"What arrived at {self.store.uri_of(self.key)} is not what was sent; try again.")


class _Session:
    """An upload of parts that come in their order; of each the end is kept until the next, since the last finishes."""

    def __init__(self, sink: GcsSink, url: str, size: int) -> None:
        self._sink, self._url, self._size = sink, url, size
        self._crc32c = google_crc32c.Checksum()
        #: where `_kept` begins in the object
        self._at = 0
        self._kept = b""
        self._doubtful = False

    def put(self, number: int, data: bytes) -> None:
        content = self._kept + data
        whole = (len(content) - 1) // _STEP * _STEP
        self._send(memoryview(content)[:whole])
        self._crc32c.update(data)
        self._at, self._kept = self._at + whole, content[whole:]

    def finish(self, sums: Checksums) -> ObjectInfo:
        found = self._send(memoryview(self._kept), {"x-goog-hash": f"crc32c={_text(self._crc32c)}"})
        if found is None:
            raise StoreError(f"Google did not finish {self._sink.store.uri_of(self._sink.key)}; try again.")
        told = found.json()
        self._sink.compare(told["crc32c"], told["generation"], self._crc32c)
        return self._sink.head()

    def abort(self) -> None:
        with self._sink.store.asking("delete", self._sink.key):
            self._sink.store.session.delete(self._url, timeout=self._sink.store.timeout)

    def _send(self, content: memoryview, headers: dict[str, str] | None = None) -> requests.Response | None:
        """What of the content Google does not have; its answer when the object is finished."""
        done, answer = 0, None
        if self._doubtful:
            # the last request failed, and nobody knows how far it came
            answer, arrived = self._ask(f"bytes */{self._size}", b"", {})
            done = max(0, arrived - self._at)
        while answer is None and done < len(content):
            start = self._at + done
            span = f"bytes {start}-{self._at + len(content) - 1}/{self._size}"
            answer, arrived = self._ask(span, bytes(content[done:]), headers or {})
            done = arrived - self._at
        return answer

    def _ask(self, span: str, body: bytes, headers: dict[str, str]) -> tuple[requests.Response | None, int]:
        """The answer, if the object is finished, and how much of it has arrived."""
        store, key = self._sink.store, self._sink.key
        self._doubtful = True
        with store.asking("write", key):
            answer = store.session.put(
                self._url,
                body,
                headers={"Content-Range": span, **headers},
                timeout=store.timeout,
                allow_redirects=False,
            )
        if answer.status_code in (200, 201):
            return answer, self._size
        if answer.status_code in (404, 410):
            raise StoreError(f"Google has forgotten the upload of {store.uri_of(key)}; try again.")
        if answer.status_code != 308:
            raise refused(answer, "write", store.uri_of(key))
        self._doubtful = False
        arrived = re.fullmatch(r"bytes=0-(\d+)", answer.headers.get("Range", ""))
        return None, int(arrived[1]) + 1 if arrived else 0


def _text(checksum: google_crc32c.Checksum) -> str:
    return base64.b64encode(checksum.digest()).decode()
