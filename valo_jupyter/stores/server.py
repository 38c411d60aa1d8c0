"""The built-in store as a machine elsewhere sees it: through the server, under the token of its attempt."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Protocol

import urllib3

from valo_jupyter.domain.errors import ServerUnreachable
from valo_jupyter.stores.base import Cancel, CheckReport, ObjectInfo, Progress
from valo_jupyter.stores.digests import CHUNK, Checksums, Digester, digest_file
from valo_jupyter.stores.errors import Cancelled, Changed, Corrupt, Denied, NotFound
from valo_jupyter.stores.local import SCHEME, LocalStore

#: a larger file goes in parts, so that a cut connection costs one of them
PART = 8 * 1024 * 1024
_LONGEST_PAUSE = 5.0
#: the server reads a large file once more before it says that it is whole
_VERIFY_SECONDS = 900.0
_CORRUPT = 422


class Requests(Protocol):
    """What is needed of `runtime.wire.Wire`: one try at a request, `ServerUnreachable` if a later one may succeed."""

    def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes | IO[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        stream: bool = False,
        read_seconds: float | None = None,
        allowed: frozenset[int] = frozenset(),
    ) -> urllib3.BaseHTTPResponse: ...

    def reading(self, answer: urllib3.BaseHTTPResponse) -> AbstractContextManager[None]: ...


class ServerStore:
    """Keys and URIs are those of `LocalStore`.

    While the server is away, transfers wait and go on where they were; only `cancel` ends them.
    """

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    def check(self) -> CheckReport:
        return CheckReport()

    def uri_of(self, key: str) -> str:
        return SCHEME + key

    def key_of(self, uri: str) -> str:
        return LocalStore.key_of(uri)

    def head(self, key: str) -> ObjectInfo:
        answer = self._insist("GET", key, None, headers={"Range": "bytes=0-0"})
        size = answer.headers.get("Content-Range", "").rpartition("/")[2] or answer.headers["Content-Length"]
        return ObjectInfo(key, SCHEME + key, int(size), sha256=key)

    def get_file(
        self,
        key: str,
        path: Path,
        *,
        expect: str | None = None,
        noted: ObjectInfo | None = None,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> ObjectInfo:
        digester = Digester()
        try:
            with path.open("xb") as file:
                self._receive(key, file, digester, progress, cancel)
            sums = digester.result()
            if {key, expect or key} != {sums.sha256}:
                raise Corrupt(f"What the server sent as {key} has other content (sha256 {sums.sha256}).")
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return ObjectInfo(key, SCHEME + key, sums.size, md5=sums.md5, sha1=sums.sha1, sha256=sums.sha256)

    def _receive(
        self, key: str, file: IO[bytes], digester: Digester, progress: Progress | None, cancel: Cancel | None
    ) -> None:
        pauses = _Pauses(cancel)
        total = None
        while total is None or digester.size < total:
            try:
                headers = {"Range": f"bytes={digester.size}-"} if digester.size else {}
                answer = self._requests.send("GET", _path(key), headers=headers, stream=True, allowed=frozenset({404}))
                with self._requests.reading(answer):
                    _raise_missing(answer, key)
                    total = digester.size + int(answer.headers["Content-Length"])
                    for piece in answer.stream(CHUNK):
                        _check(cancel)
                        file.write(piece)
                        digester.update(piece)
                        pauses.reset()
                        if progress is not None:
                            progress(digester.size, total)
            except ServerUnreachable:
                pauses.wait()

    def put_file(
        self,
        path: Path,
        key: str = "",
        *,
        move: bool = False,
        known: Checksums | None = None,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> ObjectInfo:
        sums = known or digest_file(path, cancel=cancel)
        with path.open("rb", buffering=0) as file:
            self._send(file.fileno(), sums.sha256, sums.size, progress, cancel)
        if move:
            path.unlink()
        uri = SCHEME + sums.sha256
        return ObjectInfo(sums.sha256, uri, sums.size, md5=sums.md5, sha1=sums.sha1, sha256=sums.sha256)

    def _send(self, file: int, key: str, size: int, progress: Progress | None, cancel: Cancel | None) -> None:
        done = 0
        while True:
            part = os.pread(file, PART, done)
            if done + len(part) < size and len(part) < PART:
                raise Changed(f"The file became shorter than {size} bytes while it was being stored.")
            last = done + len(part) - 1
            headers = {"Content-Type": "application/octet-stream"}
            if size > PART:
                headers["Content-Range"] = f"bytes {done}-{last}/{size}"
            answer = self._insist("PUT", key, cancel, body=part, headers=headers)
            whole = answer.status == 201
            # where the server wants to go on: behind this part, or elsewhere when an earlier answer was lost
            done = size if whole else int(answer.json()["received"])
            if progress is not None:
                progress(done, size)
            if whole:
                return

    def list(self, prefix: str = "", after: str | None = None) -> Iterator[ObjectInfo]:
        raise Denied("A machine does not see which files the server has; name each.")

    def signed_url(self, key: str, *, ttl: float, filename: str | None = None, inline: bool = False) -> str | None:
        return None

    def delete(self, key: str) -> None:
        raise Denied("A machine cannot remove files of the server.")

    def _insist(
        self,
        method: str,
        key: str,
        cancel: Cancel | None,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> urllib3.BaseHTTPResponse:
        pauses = _Pauses(cancel)
        while True:
            _check(cancel)
            try:
                answer = self._requests.send(
                    method,
                    _path(key),
                    body=body,
                    headers=headers,
                    read_seconds=_VERIFY_SECONDS,
                    allowed=frozenset({404, _CORRUPT}),
                )
            except ServerUnreachable:
                pauses.wait()
                continue
            _raise_missing(answer, key)
            if answer.status == _CORRUPT:
                raise Changed("The file was written to while it was being stored.")
            return answer


class _Pauses:
    """Growing pauses, in which a cancelled transfer ends soon."""

    def __init__(self, cancel: Cancel | None) -> None:
        self._cancel = cancel
        self.reset()

    def reset(self) -> None:
        self._next = 0.1

    def wait(self) -> None:
        until = time.monotonic() + random.uniform(self._next / 2, self._next)
        self._next = min(self._next * 2, _LONGEST_PAUSE)
        while (left := until - time.monotonic()) > 0:
            _check(self._cancel)
            time.sleep(min(0.1, left))


def _path(key: str) -> str:
    return f"/run/v1/blobs/{key}"


def _raise_missing(answer: urllib3.BaseHTTPResponse, key: str) -> None:
    if answer.status == 404:
        raise NotFound(f"The built-in store has no object {key} for this execution; it may have been purged.")


def _check(cancel: Cancel | None) -> None:
    if cancel is not None and cancel():
        raise Cancelled
