"""Where the files of inputs come from, and how each gets to the machine."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from valo_jupyter.runtime.cache import Cached, InputCache
from valo_jupyter.runtime.elsewhere import Source
from valo_jupyter.stores.base import Cancel, ObjectInfo, Progress, Store
from valo_jupyter.stores.copying import copy_file
from valo_jupyter.stores.digests import Checksums, checksums_of, digest_file


@dataclass(frozen=True)
class Content:
    """A file's content, on this machine. `put` brings it to a path; `filename` is what its server calls it."""

    sums: Checksums
    put: Callable[[Path], object]
    filename: str | None = None
    version: str | None = None


@dataclass(frozen=True)
class Terms:
    """How the files of one execution are fetched.

    Attributes
    ----------
    fresh
        Whatever is kept of earlier executions.
    shared
        Files that nobody writes to may be links.
    private_redirects
        A public web address may lead into a private network.
    """

    cache: InputCache
    cancel: Cancel
    fresh: bool = False
    shared: bool = False
    private_redirects: bool = False


class Way(Protocol):
    def needs(self, terms: Terms) -> int:
        """Bytes that it takes of the disk, as far as that is known before."""
        ...

    def fetch(self, terms: Terms, progress: Progress) -> Content:
        """Raises errors of stores, and OSError."""
        ...


@dataclass(frozen=True)
class FromCheckout:
    path: Path

    def needs(self, terms: Terms) -> int:
        return self.path.stat().st_size

    def fetch(self, terms: Terms, progress: Progress) -> Content:
        sums = digest_file(self.path, cancel=terms.cancel)
        return Content(sums, lambda target: _copy(self.path, target, terms.cancel))


@dataclass(frozen=True)
class FromBuiltIn:
    """The built-in store: of this computer, or through the server. `folder` is one that code does not see."""

    source: Source
    key: str
    uri: str
    folder: Path
    size: int | None = None

    def needs(self, terms: Terms) -> int:
        if self.source.far:
            return _kept_and_placed(terms, self.size, self.key)
        return self.size or 0

    def fetch(self, terms: Terms, progress: Progress) -> Content:
        def get(path: Path) -> ObjectInfo:
            return self.source.store.get_file(self.key, path, progress=progress, cancel=terms.cancel)

        if not self.source.far:
            path = self.folder / f".{uuid.uuid4().hex}"
            return Content(checksums_of(get(path)), path.replace)

        def fetch() -> Cached:
            info = ObjectInfo(self.key, self.uri, self.size or 0, sha256=self.key)
            return terms.cache.fetch_object(info, get, cancel=terms.cancel)

        return _placed(fetch, terms)


@dataclass(frozen=True)
class FromStore:
    """A data store. `info`: what it, or a datum, says of the object."""

    open: Callable[[], Store]
    info: ObjectInfo

    def needs(self, terms: Terms) -> int:
        return _kept_and_placed(terms, self.info.size, self.info.sha256)

    def fetch(self, terms: Terms, progress: Progress) -> Content:
        info = self.info

        def get(path: Path) -> ObjectInfo:
            return self.open().get_file(
                info.key, path, expect=info.sha256, noted=info, progress=progress, cancel=terms.cancel
            )

        def fetch() -> Cached:
            return terms.cache.fetch_object(info, get, fresh=terms.fresh, cancel=terms.cancel)

        return _placed(fetch, terms)


@dataclass(frozen=True)
class FromWeb:
    """A web address; `expect` is the sha256 of a file that is known already."""

    url: str
    expect: str | None = None
    size: int | None = None

    def needs(self, terms: Terms) -> int:
        return _kept_and_placed(terms, self.size, self.expect) if self.size else 0

    def fetch(self, terms: Terms, progress: Progress) -> Content:
        def fetch() -> Cached:
            return terms.cache.fetch(
                self.url,
                fresh=terms.fresh,
                expect=self.expect,
                progress=progress,
                cancel=terms.cancel,
                private_redirects=terms.private_redirects,
            )

        return _placed(fetch, terms)


def _placed(fetch: Callable[[], Cached], terms: Terms) -> Content:
    cached = fetch()

    def put(target: Path) -> None:
        try:
            terms.cache.place(cached.sums, target, shared=terms.shared, cancel=terms.cancel)
        except FileNotFoundError:
            # another execution has just trimmed it away
            terms.cache.place(fetch().sums, target, shared=terms.shared, cancel=terms.cancel)

    return Content(cached.sums, put, cached.filename, cached.version)


def _kept_and_placed(terms: Terms, size: int | None, sha256: str | None) -> int:
    """What is fetched is kept; what is placed is a copy, unless it may be a link."""
    known = not terms.fresh and sha256 is not None and terms.cache.sums(sha256) is not None
    return (size or 0) * ((not known) + (not terms.shared))


def _copy(source: Path, target: Path, cancel: Cancel) -> None:
    copy_file(source, target, cancel=cancel)
