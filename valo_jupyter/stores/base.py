"""The port of every store: what the rest of Valo may ask of one, and what each promises."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from valo_jupyter.stores.digests import Checksums

#: `(bytes done, bytes in all or None)`, called now and then during a transfer
Progress = Callable[[int, "int | None"], None]
#: asked now and then during a transfer; True ends it with `Cancelled`
Cancel = Callable[[], bool]


@dataclass(frozen=True)
class ObjectInfo:
    """One object of a store. What a store does not know is None.

    `etag` and `version` tell one content under a key from the next; `modified` has a time zone.
    """

    key: str
    uri: str
    size: int
    etag: str | None = None
    version: str | None = None
    md5: str | None = None
    sha1: str | None = None
    sha256: str | None = None
    content_type: str | None = None
    modified: datetime | None = None


@dataclass(frozen=True)
class Step:
    """One thing that was tried; `message` says what was found, and of what failed what to do about it."""

    name: str
    ok: bool
    message: str = ""

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "ok": self.ok, "message": self.message}


@dataclass(frozen=True)
class CheckReport:
    """Whether a store can be used, step by step."""

    steps: tuple[Step, ...] = ()

    @property
    def ok(self) -> bool:
        return all(step.ok for step in self.steps)

    @property
    def problems(self) -> tuple[str, ...]:
        return tuple(step.message for step in self.steps if not step.ok)


@runtime_checkable
class Store(Protocol):
    """A place for files.

    Promises: nothing is ever overwritten; an object appears whole or not at all; what was read is what was written
    (`Corrupt` otherwise); a failed upload leaves nothing; errors are those of `stores.errors`.
    """

    def check(self) -> CheckReport:
        """Try all that a job needs; never raises."""
        ...

    def uri_of(self, key: str) -> str:
        """The object's address."""
        ...

    def key_of(self, uri: str) -> str:
        """The key in an address of this store. Raises `NotFound` for what is none."""
        ...

    def head(self, key: str) -> ObjectInfo:
        """Raises `NotFound`."""
        ...

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
        """Write the object to `path`, a file that nothing else shares; all three checksums are known afterwards.

        `expect`: the sha256 that the content must have, else `Corrupt`. `noted`: what a record says of the object;
        with its sha256 its md5 and sha1 are known, and need not be computed.
        """
        ...

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
        """Store the file; the result's `key` is where it is found from now on, which a store may choose itself.

        All three checksums are taken on the way, or of `known` ones the sha256 alone: a file that has another is
        `Corrupt`. `move`: the file is not needed any more, nobody writes to it, and it is gone afterwards. Raises
        `Exists` rather than replace other content under `key`.
        """
        ...

    def list(self, prefix: str = "", after: str | None = None) -> Iterator[ObjectInfo]:
        """Objects whose key starts with `prefix`, in the order of their keys, those after `after` only."""
        ...

    def signed_url(self, key: str, *, ttl: float, filename: str | None = None, inline: bool = False) -> str | None:
        """An address that anybody can read the object from for `ttl` seconds; None: the server must serve it itself."""
        ...

    def delete(self, key: str) -> None:
        """Nothing happens when there is no such object."""
        ...
