"""A kind of engine and its options: how a form shows them, and what may stand in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def one_line(value: Any) -> bool:
    return isinstance(value, str) and not any(mark in value for mark in "\n\r\0")


_TYPES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "string": (one_line, "a text of one line"),
    "text": (lambda value: isinstance(value, str) and "\0" not in value, "a text"),
    "integer": (_whole, "a whole number"),
    "number": (_number, "a number"),
    "flag": (lambda value: isinstance(value, bool), "true or false"),
    "list": (lambda value: isinstance(value, list), "a list"),
    "object": (lambda value: isinstance(value, dict), "an object"),
}


@dataclass(frozen=True)
class Option:
    """One option of an engine, as a form shows it.

    `type`: `string`, `integer`, `number`, `flag`, `text` (of several lines), `list`, `object`. A secret one is a text.
    """

    name: str
    type: str
    title: str
    help: str = ""
    required: bool = False
    secret: bool = False
    default: Any = None
    choices: tuple[str, ...] | None = None
    #: the least number, or the fewest items
    least: float | None = None
    #: returns what is wrong with a value of the right type, or None
    check: Callable[[Any], str | None] | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "type": self.type,
            "title": self.title,
            "help": self.help,
            "required": self.required,
            "secret": self.secret,
            "default": self.default,
            "choices": list(self.choices) if self.choices else None,
        }

    def problem(self, value: Any) -> str | None:
        """What is wrong with the value, as a sentence; None: nothing."""
        fits, form = _TYPES[self.type]
        if not fits(value):
            return f"{self.title} must be {form}, not {'a secret text' if self.secret else repr(value)}."
        if self.least is not None:
            if self.type == "list" and len(value) < self.least:
                return f"{self.title} needs at least {self.least:g} of them."
            if self.type in ("integer", "number") and value < self.least:
                return f"{self.title} must be at least {self.least:g}, not {value}."
        if self.choices and value not in self.choices:
            return f"{self.title} is one of {', '.join(self.choices)}, not {value!r}."
        return self.check(value) if self.check else None


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
        return all(_found(name) for name in self.imports)

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


def _found(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
