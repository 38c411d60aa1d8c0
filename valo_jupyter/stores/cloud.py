"""What the stores of clouds have in common: addresses, transfers, and the check; each adds what its service does."""

from __future__ import annotations

import mimetypes
import os
import re
import tempfile
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

from valo_jupyter.stores import kinds
from valo_jupyter.stores.base import Cancel, CheckReport, ObjectInfo, Progress, Step
from valo_jupyter.stores.digests import Checksums
from valo_jupyter.stores.errors import Corrupt, Denied, NotFound, StoreError, Unavailable
from valo_jupyter.stores.receiving import PART, STREAMS, Piece, receive
from valo_jupyter.stores.retrying import PATIENCE, Patience, Tries, persist
from valo_jupyter.stores.sending import Sink, send

#: a signature is refused when the clocks are further apart; all services allow about fifteen minutes
_SKEW = 300.0


class CloudStore(ABC):
    """A store that speaks to a service over the network; may be used by several threads.

    Subclasses translate every error of their SDK into those of `stores.errors`, and say nothing secret in them.
    """

    kind: ClassVar[kinds.StoreKind]
    #: what the service calls the permission that each step of the check needs
    permissions: ClassVar[Mapping[str, str]]
    #: parts of one upload at the same time
    streams: ClassVar[int] = STREAMS

    def __init__(
        self, options: Mapping[str, Any], credentials: Mapping[str, Any], *, patience: Patience = PATIENCE
    ) -> None:
        checked = kinds.check_store(self.kind.type, options, credentials)
        self.options: dict[str, Any] = checked["options"]
        self.credentials: dict[str, Any] = checked["credentials"]
        self.patience = patience
        self.root = self.kind.root(self.options)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> CloudStore:
        return cls(config["options"], config.get("credentials") or {})

    def uri_of(self, key: str) -> str:
        return self.root + key

    def key_of(self, uri: str) -> str:
        key = kinds.key_in(self.kind.type, self.options, uri)
        if key is None:
            raise NotFound(f"“{uri}” is no address of this store: those begin with {self.root}.")
        return key

    # what each service does; `Unavailable` is tried again by who calls

    @abstractmethod
    def _head(self, key: str) -> ObjectInfo: ...

    @abstractmethod
    def _open(self, key: str, start: int, stop: int, pinned: ObjectInfo | None) -> AbstractContextManager[Piece]:
        """As `receiving.OpenRange`."""

    @abstractmethod
    def _sink(self, key: str) -> Sink: ...

    @abstractmethod
    def _list(self, prefix: str, after: str | None) -> Iterator[ObjectInfo]:
        """In the order of keys as UTF-8; each request with `persist`, since nobody can ask for half a list again."""

    @abstractmethod
    def _delete(self, key: str) -> None: ...

    @abstractmethod
    def signed_url(self, key: str, *, ttl: float, filename: str | None = None, inline: bool = False) -> str | None: ...

    @abstractmethod
    def _login(self) -> datetime | None:
        """Whether the service knows us; its clock, if it tells. Raises `Denied`, `Misconfigured`, `NotFound` …"""

    @abstractmethod
    def _cors(self) -> str | None:
        """What hinders scripts of pages to read signed addresses, and what to do about it; None: nothing."""

    # the port

    def head(self, key: str) -> ObjectInfo:
        return persist(lambda: self._head(key), self.patience)

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
        def open_range(start: int, stop: int, pinned: ObjectInfo | None) -> AbstractContextManager[Piece]:
            return self._open(key, start, stop, pinned)

        return receive(
            open_range, path, expect=expect, noted=noted, progress=progress, cancel=cancel, patience=self.patience
        )

    def read(self, key: str, start: int, stop: int) -> Iterator[bytes]:
        """What is from `start` to before `stop`, in pieces, of one version; for those who pass it on."""
        tries = Tries(self.patience)
        pinned = None
        while start < stop:
            try:
                with self._open(key, start, stop, pinned) as piece:
                    pinned = piece.info
                    stop = min(stop, pinned.size)
                    for chunk in piece.content:
                        start += len(chunk)
                        tries.progressed()
                        yield chunk
                if start < stop:
                    raise Unavailable(f"{self.uri_of(key)} ended after {start} of {stop} bytes.")
            except Unavailable as error:
                tries.failed(error)

    def put_file(
        self,
        path: Path,
        key: str,
        *,
        move: bool = False,
        known: Checksums | None = None,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> ObjectInfo:
        sink = self._sink(key)
        return send(
            sink,
            path,
            move=move,
            known=known,
            progress=progress,
            cancel=cancel,
            patience=self.patience,
            part=self._part(path),
            streams=self.streams,
        )

    def _part(self, path: Path) -> int:
        """The size of the parts that a large file is sent in."""
        return PART

    def list(self, prefix: str = "", after: str | None = None) -> Iterator[ObjectInfo]:
        return self._list(prefix, after)

    def delete(self, key: str) -> None:
        persist(lambda: self._delete(key), self.patience)

    def check(self) -> CheckReport:
        """Steps `auth`, `clock`, `list`, `write`, `read`, `delete`, `cors`; it ends with the first that others need."""
        return CheckReport(tuple(_Probe(self).steps()))


class _Probe:
    """The check of one store, with an object of its own."""

    def __init__(self, store: CloudStore) -> None:
        self._store = store
        self._key = f"{store.options['prefix']}.valo-check-{uuid.uuid4().hex}"
        self._content = os.urandom(64)

    def steps(self) -> Iterator[Step]:
        store = self._store
        clock: list[datetime | None] = []
        yield (auth := self._try("auth", lambda: clock.append(persist(store._login, store.patience))))
        if not auth.ok:
            return
        yield _clock(clock[0])
        yield self._try("list", lambda: next(store.list(store.options["prefix"]), None))
        with tempfile.TemporaryDirectory(prefix="valo-check-") as folder:
            source, copy = Path(folder, "source"), Path(folder, "copy")
            source.write_bytes(self._content)
            yield (written := self._try("write", lambda: store.put_file(source, self._key)))
            if written.ok:
                yield self._try("read", lambda: self._read(copy))
                yield self._try("delete", lambda: store.delete(self._key))
        yield self._try_cors()

    def _read(self, copy: Path) -> None:
        self._store.get_file(self._key, copy)
        if copy.read_bytes() != self._content:
            raise Corrupt("What was read is not what was written.")

    def _try(self, name: str, what: Callable[[], object]) -> Step:
        try:
            what()
        except Denied as error:
            needed = self._store.permissions.get(name)
            named = not needed or needed in error.message
            return Step(name, False, error.message if named else f"{error.message} It needs {needed}.")
        except StoreError as error:
            return Step(name, False, error.message)
        except Exception as error:
            return Step(name, False, f"{type(error).__name__}: the store's settings cannot work like this.")
        return Step(name, True)

    def _try_cors(self) -> Step:
        problems: list[str | None] = []
        tried = self._try("cors", lambda: problems.append(self._store._cors()))
        # browsers download by links, which need no CORS: what lacks is said, and is no failure
        unknown = f"Whether scripts of pages can read by signed addresses could not be told. {tried.message}"
        return Step("cors", True, (problems[0] or "") if problems else unknown)


def disposition(filename: str | None, inline: bool) -> str:
    """What a browser is told of a file: to show or to keep it, and its name, also where that is not ASCII."""
    way = "inline" if inline else "attachment"
    if filename is None:
        return way
    plain = re.sub(r"[^ !#-\[\]-~]", "_", filename)
    return f"{way}; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


def metadata_of(digests: Mapping[str, str]) -> dict[str, str]:
    """What is kept with an object, of checksums by their names; services may spell it their own way."""
    return {f"valo-{name}": digests[name] for name in ("sha256", "sha1", "md5") if name in digests}


def sums_in(metadata: Mapping[str, str]) -> dict[str, str | None]:
    """`md5`, `sha1`, `sha256` of `ObjectInfo`, from what `metadata_of` gave."""
    return {name: metadata.get(f"valo-{name}") for name in ("md5", "sha1", "sha256")}


def no_cors(place: str, how: str) -> str:
    """What is said where a service lets no script of a page read; `how`: what to set there."""
    return (
        f"The {place} has no CORS rule for reading: links work, scripts of pages cannot read by them. To let them, "
        f"{how} for GET and HEAD from the address of your JupyterLab."
    )


def content_type(key: str) -> str:
    """As browsers want it, by the ending of the name."""
    return mimetypes.guess_type(key, strict=False)[0] or "application/octet-stream"


def _clock(theirs: datetime | None) -> Step:
    if theirs is None:
        return Step("clock", True, "The service does not tell its time.")
    apart = (datetime.now(timezone.utc) - theirs).total_seconds()
    if abs(apart) <= _SKEW:
        return Step("clock", True)
    direction = "ahead of" if apart > 0 else "behind"
    return Step("clock", False, f"This machine's clock is {abs(apart):.0f} s {direction} the service's; set it right.")
