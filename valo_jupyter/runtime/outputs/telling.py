"""Tells the server of stored outputs, some at a time; each is an event, too."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, BinaryIO

from valo_jupyter.runtime.contract import Sink
from valo_jupyter.runtime.outputs.destination import Landed
from valo_jupyter.runtime.sidecars import Properties
from valo_jupyter.runtime.wire import Refused

#: files told to the server at once, and how long the first of them waits for others
TOGETHER = 64
_WAIT = 0.5
#: how often a file is told of that is gone from its store each time
_ROUNDS = 5

Register = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


@dataclass(frozen=True)
class Stored:
    """An output that is in a store.

    Attributes
    ----------
    content
        The file, open, until the server knows of it: its name may be gone.
    """

    name: str
    landed: Landed
    properties: Properties
    content: BinaryIO | None = None

    def to_report(self) -> dict[str, Any]:
        """Its entry in `POST /run/v1/outputs`."""
        landed, properties = self.landed, self.properties
        return {
            "name": self.name,
            "uri": landed.uri,
            **asdict(landed.sums),
            "store": landed.store,
            "version": landed.version,
            "wanted_store": landed.wanted,
            "metadata": properties.metadata,
            "tags": properties.tags,
            "aliases": properties.aliases,
            "dataset_versions": properties.dataset_versions,
        }


class Telling:
    """One thread at a time uses it.

    Parameters
    ----------
    again
        Stores a file once more that is not where it was any more when the server was told; None: it is taken up later.

    Attributes
    ----------
    kept
        How many files wait in the built-in store for their own.
    failures
        What the server does not accept, each with the reason.
    """

    def __init__(
        self, sink: Sink, register: Register, complain: Callable[[str], None], again: Callable[[Stored], Stored | None]
    ) -> None:
        self._sink = sink
        self._register = register
        self._complain = complain
        self._again = again
        self._waiting: list[Stored] = []
        self._since = 0.0
        self.kept = 0
        self.failures: list[str] = []

    def add(self, stored: Stored) -> None:
        if not self._waiting:
            self._since = time.monotonic()
        self._waiting.append(stored)
        if len(self._waiting) >= TOGETHER or time.monotonic() - self._since > _WAIT:
            self.tell()

    def tell(self) -> None:
        """Have what was added registered."""
        waiting, self._waiting = self._waiting, []
        try:
            for _ in range(_ROUNDS):
                waiting = self._told(waiting) if waiting else []
            self.failures += [f"output {stored.name} is not where it was stored" for stored in waiting]
        finally:
            _close(waiting)

    def _told(self, waiting: list[Stored]) -> list[Stored]:
        """Those that had to be stored once more, and are yet to be told of."""
        try:
            answers = self._register([stored.to_report() for stored in waiting])
        except Refused as error:
            if len(waiting) > 1:
                # one of them is at fault, and must not keep the others back
                return [again for stored in waiting for again in self._told([stored])]
            try:
                answers = self._bare(waiting[0], error)
            except Refused as final:
                self.failures.append(f"output {waiting[0].name} was not accepted: {final.message}")
                _close(waiting)
                return []
        gone = []
        for stored, answer in zip(waiting, answers, strict=True):
            if answer.get("again"):
                gone.append(stored)
                continue
            self.kept += stored.landed.wanted is not None
            size = stored.landed.sums.size
            self._sink.emit({"k": "output", "name": stored.name, "size": size, "datum": answer["datum"]})
            _close([stored])
        return [again for stored in gone if (again := self._again(stored)) is not None]

    def _bare(self, stored: Stored, error: Refused) -> list[dict[str, Any]]:
        """The file without tags, aliases and metadata, when the server takes offence at those."""
        if not stored.properties:
            raise error
        self._complain(f"The tags, aliases and metadata of output {stored.name} were left out: {error.message}")
        return self._register([replace(stored, properties=Properties()).to_report()])


def _close(files: list[Stored]) -> None:
    for stored in files:
        if stored.content is not None:
            stored.content.close()
