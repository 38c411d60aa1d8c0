"""Options of engines and stores: how a form shows them, and what may stand in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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
    """One option of an engine or a store, as a form shows it.

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


def check(what: str, options: Iterable[Option], given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """`(values with defaults filled in, problems by name)`; `what` has the options, such as “The engine ssh”."""
    by_name = {option.name: option for option in options}
    problems: dict[str, str] = {}
    checked = {name: option.default for name, option in by_name.items()}
    for name, value in given.items():
        option = by_name.get(name)
        if option is None:
            problems[name] = f"{what} has no option {name!r}; it has {', '.join(by_name) or 'none'}."
        elif value is not None and (problem := option.problem(value)):
            problems[name] = problem
        elif value is not None:
            checked[name] = value
    for name, option in by_name.items():
        if option.required and checked[name] in (None, "", [], {}) and name not in problems:
            problems[name] = f"{option.title} is required."
    return checked, problems


def installed(modules: Iterable[str]) -> bool:
    """Whether all of them could be imported."""
    return all(_found(name) for name in modules)


def _found(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
