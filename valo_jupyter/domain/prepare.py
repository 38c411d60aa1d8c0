"""Reads `valohai.prepare(…)` calls, the way Valohai's own tools let code declare its step."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from valo_jupyter.domain.interface import Input, Parameter, Type, type_of
from valo_jupyter.domain.literals import NotLiteral, evaluate

#: Keys of a parameter's long form, `{"type": "integer", "default": 5}`; any other key makes the dict a value.
_DEFINITION_KEYS = frozenset(
    {
        *("name", "type", "default", "optional", "description", "choices", "min", "max", "category", "widget"),
        *("multiple", "multiple-separator", "pass-as", "pass-true-as", "pass-false-as"),
    }
)


class PrepareReader(ast.NodeVisitor):
    """
    Collects what each call declares, whatever name the `valohai` package was imported under.

    `names` are the values known so far and `problems` what could not be read; both are shared with the caller.
    """

    def __init__(self, names: Mapping[str, Any], problems: list[str]) -> None:
        self._names = names
        self._problems = problems
        self._modules = {"valohai"}
        self._functions: set[str] = set()
        self.parameters: dict[str, Parameter] = {}
        self.inputs: dict[str, Input] = {}
        self.step: str | None = None
        self.image: str | None = None
        self.environment: str | None = None
        self.complete = True

    def visit_Import(self, node: ast.Import) -> None:
        self._modules.update(alias.asname or alias.name for alias in node.names if alias.name == "valohai")

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.module == "valohai":
            self._functions.update(alias.asname or alias.name for alias in node.names if alias.name == "prepare")

    def visit_Call(self, node: ast.Call) -> None:
        if self._is_prepare(node.func):
            for keyword in node.keywords:
                self._keyword(keyword)
        self.generic_visit(node)

    def _is_prepare(self, function: ast.expr) -> bool:
        match function:
            case ast.Attribute(value=ast.Name(id=module), attr="prepare"):
                return module in self._modules
            case ast.Name(id=name):
                return name in self._functions
        return False

    def _keyword(self, keyword: ast.keyword) -> None:
        if keyword.arg is None:
            self.complete = False
            self._problems.append(
                f"`valohai.prepare(**{ast.unparse(keyword.value)})` cannot be read without running the notebook: "
                "write its arguments out."
            )
        elif keyword.arg in {"default_parameters", "default_inputs"}:
            self._mapping(keyword.arg, keyword.value)
        elif keyword.arg in {"step", "image", "environment"}:
            try:
                value = evaluate(keyword.value, self._names)
            except NotLiteral:
                self._problems.append(f"`{keyword.arg}` of valohai.prepare is computed, so it is not known here.")
            else:
                setattr(self, keyword.arg, None if value is None else str(value))

    def _mapping(self, argument: str, node: ast.expr) -> None:
        for name, value in self._entries(argument, node).items():
            if argument == "default_parameters":
                self.parameters[name] = self._parameter(name, value)
            else:
                self.inputs[name] = self._input(name, value)

    def _entries(self, argument: str, node: ast.expr) -> dict[str, Any]:
        """Name → value; a value that is not known is a `NotLiteral`, so that one bad entry does not hide the others."""
        try:
            whole = evaluate(node, self._names)
        except NotLiteral:
            whole = None
        if isinstance(whole, dict):
            return whole
        if isinstance(whole, list) and not whole:
            return {}
        entries: dict[str, Any] = {}
        for key, value in _pairs(node):
            try:
                name = evaluate(key, self._names) if key is not None else None
            except NotLiteral:
                name = None
            if not isinstance(name, str):
                self.complete = False
                self._problems.append(f"`{argument}` of valohai.prepare has names that are computed: {_short(value)}.")
                continue
            try:
                entries[name] = evaluate(value, self._names)
            except NotLiteral as error:
                entries[name] = error
        if not entries and not isinstance(node, (ast.Dict, ast.Constant)):
            self.complete = False
            self._problems.append(
                f"`{argument}={_short(node)}` of valohai.prepare cannot be read without running the notebook: "
                "write the dictionary out."
            )
        return entries

    def _parameter(self, name: str, value: Any) -> Parameter:
        if isinstance(value, NotLiteral):
            self._problems.append(
                f"Parameter `{name}` of valohai.prepare is computed: its default is known only when the notebook runs."
            )
            return Parameter(name, Type.ANY, source="prepare", computed=True)
        if not (isinstance(value, dict) and {"default", "type"} & set(value) and set(value) <= _DEFINITION_KEYS):
            return Parameter(name, type_of(value), value, optional=value is None, source="prepare")
        default = value.get("default")
        declared = value.get("type")
        kind = Type(declared) if declared in {t.value for t in Type} else type_of(default)
        choices = value.get("choices") or ()
        return Parameter(
            name=name,
            type=Type.JSON if value.get("multiple") else kind,
            default=[default] if value.get("multiple") and not isinstance(default, list) else default,
            optional=bool(value.get("optional")) or default is None,
            source="prepare",
            help=str(value.get("description") or ""),
            choices=() if value.get("multiple") or not isinstance(choices, list) else tuple(choices),
        )

    def _input(self, name: str, value: Any) -> Input:
        optional = False
        if isinstance(value, dict):
            optional = bool(value.get("optional"))
            value = value.get("default")
        addresses = [] if value is None else [value] if isinstance(value, str) else value
        if isinstance(addresses, list) and all(isinstance(address, str) for address in addresses):
            return Input(name, tuple(addresses), optional or not addresses)
        self._problems.append(
            f"Input `{name}` of valohai.prepare is computed: its address is known only when the notebook runs."
        )
        return Input(name)


def _pairs(node: ast.expr) -> list[tuple[ast.expr | None, ast.expr]]:
    match node:
        case ast.Dict(keys=keys, values=values):
            return list(zip(keys, values, strict=True))
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords):
            return [(ast.Constant(word.arg) if word.arg else None, word.value) for word in keywords]
    return []


def _short(node: ast.expr) -> str:
    text = ast.unparse(node)
    return text if len(text) <= 60 else f"{text[:57]}…"
