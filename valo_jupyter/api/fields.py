"""What the fields of a body are: checked before a route sees them, and told in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from valo_jupyter.domain.errors import Invalid

#: whole numbers beyond it are not the same in all languages
_LARGEST = 2**53 - 1
_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False, "": False}


@dataclass(frozen=True)
class Kind:
    #: as in “`tags` is a list of texts”
    said: str
    fits: Callable[[Any], bool]
    schema: Mapping[str, Any]
    #: of a form's field, which is a text
    read: Callable[[str], Any] = str


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= _LARGEST


def _plain(value: Any) -> bool:
    return _text(value) or _number(value) or isinstance(value, bool)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and _number(value)


def _list_of(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(fits, value))


def _object_of(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, dict) and all(map(fits, value.values()))


def _object(value: Any) -> bool:
    return isinstance(value, dict)


_TEXTS = {"type": "array", "items": {"type": "string"}}

KINDS: dict[str, Kind] = {
    "any": Kind("anything", lambda value: True, {}),
    "string": Kind("a text", _text, {"type": "string"}),
    "integer": Kind("a whole number", _whole, {"type": "integer"}, int),
    "number": Kind("a number", _number, {"type": "number"}, float),
    "boolean": Kind("true or false", lambda value: isinstance(value, bool), {"type": "boolean"}, _FLAGS.__getitem__),
    "object": Kind("an object of names and values", _object, {"type": "object"}),
    "array": Kind("a list", lambda value: isinstance(value, list), {"type": "array"}),
    "strings": Kind("a list of texts", _list_of(_text), _TEXTS),
    "objects": Kind("a list of objects", _list_of(_object), {"type": "array", "items": {"type": "object"}}),
    "variables": Kind(
        "an object of names and their values, which are texts or numbers",
        _object_of(_plain),
        {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}},
    ),
    "changed variables": Kind(
        "an object of names and their values, which are texts, numbers or null",
        _object_of(lambda value: value is None or _plain(value)),
        {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "null"]}},
    ),
    "addresses": Kind(
        "an object of names and their addresses, each a text or a list of texts",
        _object_of(lambda value: value is None or _text(value) or _list_of(_text)(value)),
        {"type": "object", "additionalProperties": {"anyOf": [{"type": ["string", "null"]}, _TEXTS]}},
    ),
}


def checked(given: Mapping[str, Any], fields: Mapping[str, str], required: tuple[str, ...] = ()) -> dict[str, Any]:
    """What is given; raises `Invalid` with a sentence for each field that is not what it should be.

    `null` is as good as nothing. What is no field passes: clients of Valohai send some that Valo does not know.
    """
    problems = {name: f"`{name}` is missing." for name in required if given.get(name) in (None, "")}
    for name, value in given.items():
        kind = KINDS.get(fields.get(name, ""))
        if kind is not None and value is not None and not kind.fits(value):
            problems[name] = f"`{name}` is {kind.said}, not {_kind_of(value)}."
    if problems:
        raise Invalid(" ".join(problems.values()), **problems)
    return dict(given)


def of_form(given: Mapping[str, str], fields: Mapping[str, str]) -> dict[str, Any]:
    """The same of a form, all of whose fields are texts."""
    found: dict[str, Any] = {}
    for name, text in given.items():
        kind = KINDS.get(fields.get(name, ""))
        try:
            found[name] = kind.read(text.lower() if kind is KINDS["boolean"] else text) if kind else text
        except (ValueError, KeyError):
            found[name] = text
    return checked(found, fields)


def schema(fields: Mapping[str, str]) -> dict[str, Any]:
    """The fields as the OpenAPI document has them."""
    return {"type": "object", "properties": {name: KINDS[kind].schema for name, kind in fields.items()}}


def _kind_of(value: Any) -> str:
    # not the value itself, which may be a secret
    kinds = {str: "a text", bool: "true or false", int: "such a number", float: "such a number", list: "such a list"}
    return kinds.get(type(value), "such an object")
