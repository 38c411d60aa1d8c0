"""Files behind http(s) addresses: read only, resumed after a cut, revalidated rather than downloaded again."""

from __future__ import annotations

import os
import random
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import urllib3
from urllib3.exceptions import HTTPError, LocationValueError

from valo_jupyter.stores.base import Cancel, CheckReport, ObjectInfo, Progress
from valo_jupyter.stores.digests import CHUNK, Checksums, Digester
from valo_jupyter.stores.errors import Cancelled, Corrupt, Denied, NoRoom, Unavailable
from valo_jupyter.stores.retrying import wait
from valo_jupyter.stores.web import plain, raise_for, request, without_credentials

_TRIES = 5
_LONGEST_PAUSE = 8.0


@dataclass(frozen=True)
class Validators:
    """What tells whether the content behind an address is still the same."""

    etag: str | None = None
    last_modified: str | None = None

    def __bool__(self) -> bool:
        return bool(self.etag or self.last_modified)

    def conditions(self) -> dict[str, str]:
        pairs = (("If-None-Match", self.etag), ("If-Modified-Since", self.last_modified))
        return {name: value for name, value in pairs if value}


@dataclass(frozen=True)
class Download:
    """What a download gave; `sums` is None when the content has not changed since `known`."""

    sums: Checksums | None
    validators: Validators
    filename: str | None = None


class HttpStore:
    """Keys are whole addresses, with credentials if need be (`https://user:word@host/…`); nothing can be written."""

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> HttpStore:
        return cls()

    def check(self) -> CheckReport:
        return CheckReport()

    def uri_of(self, key: str) -> str:
        return without_credentials(key)

    def key_of(self, uri: str) -> str:
        return uri

    def head(self, key: str) -> ObjectInfo:
        with request("HEAD", key, {}) as answer:
            raise_for(answer, key)
            size = answer.headers.get("Content-Length")
            return ObjectInfo(
                key,
                without_credentials(key),
                int(size) if size else 0,
                etag=answer.headers.get("ETag"),
                content_type=answer.headers.get("Content-Type"),
            )

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
        done = download(key, path, progress=progress, cancel=cancel)
        sums = done.sums
        assert sums is not None
        if expect is not None and sums.sha256 != expect:
            path.unlink()
            raise Corrupt(f"{without_credentials(key)} has sha256 {sums.sha256}, where {expect} was expected.")
        uri = without_credentials(key)
        return ObjectInfo(key, uri, sums.size, done.validators.etag, md5=sums.md5, sha1=sums.sha1, sha256=sums.sha256)

    def put_file(self, path: Path, key: str, **options: Any) -> ObjectInfo:
        raise Denied("Files can be read from web addresses, not stored there; name another store for outputs.")

    def list(self, prefix: str = "", after: str | None = None) -> Iterator[ObjectInfo]:
        raise Denied("A web server does not say which files it has; name each address.")

    def signed_url(self, key: str, *, ttl: float, filename: str | None = None, inline: bool = False) -> str | None:
        return key

    def delete(self, key: str) -> None:
        raise Denied("Files behind web addresses cannot be deleted.")


def download(
    url: str,
    path: Path,
    *,
    known: Validators | None = None,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
    private_redirects: bool = False,
) -> Download:
    """Write what is behind `url` to the new file `path`; nothing is left there after a failure.

    A cut or slow connection is resumed where it stopped if the server can, else begun anew. With `known` validators the
    file is written only if the content has changed. With `private_redirects` a public address may lead into a private
    network.

    Raises `NotFound`, `Denied`, `NoRoom`, `Unavailable` (after several tries), `Cancelled`.
    """
    transfer = _Transfer(url, path, progress, cancel, private_redirects)
    pause = 0.2
    for left in reversed(range(_TRIES)):
        try:
            return transfer.attempt(known if known else Validators())
        except (Unavailable, HTTPError, OSError) as error:
            if isinstance(error, OSError) and not isinstance(error, (ConnectionError, TimeoutError)):
                transfer.discard()
                raise
            if not left or isinstance(error, LocationValueError):
                transfer.discard()
                reason = error.message if isinstance(error, Unavailable) else plain(error)
                raise Unavailable(f"{without_credentials(url)}: {reason} ({_TRIES} tries)") from error
        except BaseException:
            transfer.discard()
            raise
        wait(random.uniform(pause / 2, pause), cancel)
        pause = min(pause * 2, _LONGEST_PAUSE)
    raise AssertionError("the last try returns or raises")


class _Transfer:
    """One download over several connections."""

    def __init__(
        self, url: str, path: Path, progress: Progress | None, cancel: Cancel | None, private_redirects: bool
    ) -> None:
        self._url, self._path, self._progress, self._cancel = url, path, progress, cancel
        self._inside = private_redirects
        self._digester = Digester()
        self._validators = Validators()

    def discard(self) -> None:
        self._path.unlink(missing_ok=True)

    def attempt(self, known: Validators) -> Download:
        headers = known.conditions()
        if self._digester.size and (strong := self._resumable()):
            headers = {"Range": f"bytes={self._digester.size}-", "If-Range": strong}
        with request("GET", self._url, headers, inside=self._inside) as answer:
            if answer.status == 304:
                return Download(None, known)
            raise_for(answer, self._url)
            if answer.status != 206 or not self._continues(answer):
                self._digester = Digester()
            self._validators = Validators(answer.headers.get("ETag"), answer.headers.get("Last-Modified"))
            total = self._receive(answer)
        if total is not None and self._digester.size != total:
            raise Unavailable(f"the connection ended after {self._digester.size} of {total} bytes")
        return Download(self._digester.result(), self._validators, _filename(answer.headers))

    def _resumable(self) -> str | None:
        etag = self._validators.etag
        return etag if etag and not etag.startswith("W/") else self._validators.last_modified

    def _continues(self, answer: urllib3.BaseHTTPResponse) -> bool:
        match = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
        return match is not None and int(match[1]) == self._digester.size

    def _receive(self, answer: urllib3.BaseHTTPResponse) -> int | None:
        encoded = answer.headers.get("Content-Encoding", "identity") != "identity"
        length = None if encoded else answer.headers.get("Content-Length")
        total = self._digester.size + int(length) if length else None
        if length and int(length) > (free := shutil.disk_usage(self._path.parent).free):
            # rather than fill the disk for everybody
            raise NoRoom(
                f"{without_credentials(self._url)} has {total:,} bytes, and the disk has room for {free:,}; "
                "free some, or run it where there is more."
            )
        with open(self._path, "ab") as file:
            file.truncate(self._digester.size)
            try:
                for chunk in answer.stream(CHUNK, decode_content=encoded):
                    if self._cancel is not None and self._cancel():
                        raise Cancelled
                    file.write(chunk)
                    self._digester.update(chunk)
                    if self._progress is not None:
                        self._progress(self._digester.size, total)
            except HTTPError:
                if encoded:
                    # a decoded stream cannot be continued in its middle
                    self._digester = Digester()
                raise
        return total


def _filename(headers: Mapping[str, str]) -> str | None:
    disposition = headers.get("Content-Disposition", "")
    match = re.search(r"filename\*=UTF-8''([^;]+)", disposition, re.IGNORECASE)
    if match:
        return os.path.basename(unquote(match[1])) or None
    match = re.search(r'filename="?([^";]+)"?', disposition)
    return os.path.basename(match[1].strip()) or None if match else None
