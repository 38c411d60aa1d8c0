"""Who gives machines and takes them back: a batch system, a cluster of containers, a cloud, hosts over SSH."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Protocol


class Refused(Exception):
    """The provider does not give a machine, or does not answer; the text is what it said.

    `unclear`: it may have given the machine all the same.
    """

    def __init__(self, text: str, *, unclear: bool = False) -> None:
        super().__init__(text)
        self.unclear = unclear


@dataclass(frozen=True)
class Sight:
    """What the provider says of a machine. `state`: `waiting`, `running` or `ended`.

    `confirmed`: an ended one whose end its host has seen, so that nothing of it runs any more.
    """

    state: str
    reason: str = ""
    confirmed: bool = True


class Provider(Protocol):
    """Who gives machines. Every call may raise `Refused`."""

    #: a machine that was given and is not shown any more has ended for certain
    forgets_only_ended: bool

    async def give(self, name: str, config: dict[str, Any]) -> None:
        """Ask for a machine that will run the machine's program with `config`; returns before it does."""
        ...

    async def look(self, names: Collection[str] | None = None) -> dict[str, Sight]:
        """These machines, as far as they are known; without `names` all of this server, of earlier engines too."""
        ...

    async def take_back(self, name: str) -> None:
        """Have it ended, and forget its configuration; no error when there is no such machine."""
        ...

    async def said(self, name: str) -> str:
        """The last that a machine wrote before it failed to start; empty if nobody can know."""
        ...

    async def close(self) -> None: ...
