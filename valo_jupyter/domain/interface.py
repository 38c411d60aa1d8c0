"""What a notebook takes, parameters and inputs, and whether given values fit."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from valo_jupyter.domain.errors import UnknownParameter, WrongParameterType


class Type(str, Enum):
    """Valohai's types of parameters; lists and objects are `JSON`, and `ANY` is not known before the run."""

    STRING = "string"
    INTEGER = "integer"
    FLOAT = "float"
    FLAG = "flag"
    JSON = "json"
    ANY = "any"

    def __str__(self) -> str:
        return self.value


#: What a person reads when a value does not fit.
EXPECTED = {
    Type.STRING: "text",
    Type.INTEGER: "a whole number",
    Type.FLOAT: "a number",
    Type.FLAG: "true or false",
    Type.JSON: "a list or an object in JSON",
    Type.ANY: "any value",
}
_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})


@dataclass(frozen=True)
class Parameter:
    """`source`: `cell` (tagged `parameters`) or `prepare`. `computed`: the default is known only when the code runs."""

    name: str
    type: Type
    default: Any = None
    optional: bool = False
    source: str = "cell"
    computed: bool = False
    help: str = ""
    choices: tuple[Any, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "type": self.type.value,
            "default": self.default,
            "optional": self.optional,
            "source": self.source,
            "help": self.help,
            "choices": list(self.choices),
        }


@dataclass(frozen=True)
class Input:
    name: str
    default: tuple[str, ...] = ()
    optional: bool = False

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "default": list(self.default), "optional": self.optional}


@dataclass(frozen=True)
class NotebookInterface:
    """
    What a notebook declares.

    `complete` is false when it could not be read in full (another language, a cell that is no Python): an unknown name
    is then no error, since the notebook may well have it.
    """

    parameters: tuple[Parameter, ...] = ()
    inputs: tuple[Input, ...] = ()
    problems: tuple[str, ...] = ()
    step: str | None = None
    image: str | None = None
    environment: str | None = None
    complete: bool = True

    def parameter(self, name: str) -> Parameter | None:
        return next((parameter for parameter in self.parameters if parameter.name == name), None)

    def defaults(self) -> dict[str, Any]:
        """The defaults that are known before the run, by name."""
        return {p.name: p.default for p in self.parameters if not p.computed}

    def default_inputs(self) -> dict[str, list[str]]:
        return {entry.name: list(entry.default) for entry in self.inputs if entry.default}

    def to_json(self) -> dict[str, Any]:
        return {
            "parameters": [parameter.to_json() for parameter in self.parameters],
            "inputs": [entry.to_json() for entry in self.inputs],
            "problems": list(self.problems),
        }


def type_of(value: Any) -> Type:
    """The type that a default value implies."""
    if isinstance(value, bool):
        return Type.FLAG
    if isinstance(value, int):
        return Type.INTEGER
    if isinstance(value, float):
        return Type.FLOAT
    if isinstance(value, str):
        return Type.STRING
    if isinstance(value, (list, tuple, dict)):
        return Type.JSON
    return Type.ANY


def check_values(interface: NotebookInterface, values: Mapping[str, Any]) -> dict[str, Any]:
    """
    `values` in the types that the notebook declares; text is read as the declared type, a whole number fits a float.

    Raises
    ------
    UnknownParameter
        A name that the notebook does not have; the message lists those it has.
    WrongParameterType
        A value that does not fit, or is not among the choices.
    """
    checked: dict[str, Any] = {}
    for name, value in values.items():
        parameter = interface.parameter(name)
        if parameter is None:
            if interface.complete:
                raise _unknown(interface, name)
            checked[name] = _guess(value) if isinstance(value, str) else value
        else:
            checked[name] = check_value(parameter, value)
    return checked


def check_value(parameter: Parameter, value: Any) -> Any:
    """One value in its parameter's type, or `WrongParameterType`."""
    if value is None or (value == "" and parameter.type is not Type.STRING):
        if parameter.optional or parameter.type is Type.ANY:
            return None
        raise _wrong(parameter, value)
    try:
        typed = _convert(parameter.type, value)
    except (ValueError, OverflowError):
        raise _wrong(parameter, value) from None
    if parameter.choices and typed not in parameter.choices:
        known = ", ".join(map(repr, parameter.choices))
        raise WrongParameterType(
            f"Parameter `{parameter.name}` is one of {known}; {value!r} is not.", parameter=parameter.name
        )
    return typed


def _convert(kind: Type, value: Any) -> Any:
    text = value.strip() if isinstance(value, str) else None
    if kind is Type.ANY:
        return value if text is None else _guess(value)
    if kind is Type.STRING:
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            return value if isinstance(value, str) else str(value)
    elif kind is Type.FLAG:
        if isinstance(value, bool):
            return value
        if text is not None and text.lower() in _TRUE | _FALSE:
            return text.lower() in _TRUE
    elif kind is Type.INTEGER:
        if text is not None:
            return int(text)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value == int(value):
            return int(value)
    elif kind is Type.FLOAT:
        if text is not None:
            return float(text)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return float(value)
    elif kind is Type.JSON:
        loaded = value if text is None else json.loads(text)
        if isinstance(loaded, (list, dict)):
            return loaded
    raise ValueError(value)


def _guess(text: str) -> Any:
    """Text of a command line, where the notebook does not say what it takes: as Papermill's own `-p` reads it."""
    words = {"True": True, "true": True, "False": False, "false": False, "None": None, "null": None}
    if text in words:
        return words[text]
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        return number if math.isfinite(number) else text
    return text


def _unknown(interface: NotebookInterface, name: str) -> UnknownParameter:
    known = [parameter.name for parameter in interface.parameters]
    if not known:
        return UnknownParameter(
            f"This notebook has no parameter `{name}`: it declares none. Give a cell the tag `parameters` and assign "
            f"`{name}` there, or name it in `valohai.prepare(default_parameters=…)`.",
            parameter=name,
            known=[],
        )
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean `{near[0]}`?" if near else ""
    return UnknownParameter(
        f"This notebook has no parameter `{name}`.{hint} It has: {', '.join(known)}.",
        parameter=name,
        known=known,
        nearest=near[0] if near else None,
    )


def _wrong(parameter: Parameter, value: Any) -> WrongParameterType:
    shown = "nothing" if value is None or value == "" else repr(value)
    if len(shown) > 80:
        shown = f"{shown[:77]}…"
    return WrongParameterType(
        f"Parameter `{parameter.name}` takes {EXPECTED[parameter.type]} ({parameter.type}); {shown} is not.",
        parameter=parameter.name,
        expected=parameter.type.value,
    )
