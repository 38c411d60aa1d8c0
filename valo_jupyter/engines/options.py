"""A kind of engine: what it is called, what it needs, and its options."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from valo_jupyter.domain.options import Option, installed

#: options of engines whose machines come to the server over the network
HOST = Option(
    "host",
    "string",
    "Address of the server",
    "As machines reach it; empty: that of the machines' listener.",
)
PORT = Option(
    "port",
    "integer",
    "Port of the engine",
    "On the server, to which machines connect: the first of ten; 0: any that is free.",
    default=0,
    least=0,
)


@dataclass(frozen=True)
class Kind:
    """A kind of engine.

    Attributes
    ----------
    tested
        `here`: run for real in this project's tests; `recorded`: against recorded answers of its provider only.
    extra
        What `pip install "valo-jupyter[…]"` needs for it; None: nothing more.
    module
        Where its engine is, `module:class`.
    imports
        Modules that must be there for it.
    elsewhere
        Its machines are not of this computer: they have no state folder, and reach the machines' listener only.
    check
        Returns problems that options have with each other, by option.
    """

    kind: str
    title: str
    description: str
    tested: str
    extra: str | None
    module: str
    options: tuple[Option, ...]
    imports: tuple[str, ...] = ()
    elsewhere: bool = True
    check: Callable[[dict[str, Any]], dict[str, str]] | None = None

    @property
    def installed(self) -> bool:
        return installed(self.imports)

    @property
    def install(self) -> str | None:
        """The line that installs what it needs."""
        return f'pip install "valo-jupyter[{self.extra}]"' if self.extra else None

    @property
    def secrets(self) -> frozenset[str]:
        """Names of the options that are secret."""
        return frozenset(option.name for option in self.options if option.secret)

    def to_json(self) -> dict[str, Any]:
        """As `GET /engines/` shows it."""
        return {
            "kind": self.kind,
            "title": self.title,
            "description": self.description,
            "tested": self.tested,
            "installed": self.installed,
            "install": self.install,
            "options": [option.to_json() for option in self.options],
        }
