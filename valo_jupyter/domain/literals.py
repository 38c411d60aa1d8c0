"""The value of an expression that needs no execution: literals, names already known, plain arithmetic."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_SIGNS: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
}
#: Beyond these a value is no parameter but a way to keep the server busy: names let a few lines describe a huge one.
_LARGEST_NUMBER = 10**18
_MOST_CHARACTERS = 1_000_000
_MOST_ELEMENTS = 10_000


class NotLiteral(Exception):
    """The expression's value is known only when the notebook runs."""


def evaluate(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """
    The value of `node`, with `names` the values known so far.

    Raises
    ------
    NotLiteral
        The value depends on something that only running the code would tell.
    """
    try:
        value = _evaluate(node, names)
    except (ArithmeticError, TypeError, ValueError, RecursionError) as error:
        raise NotLiteral(str(error)) from error
    if any(count >= _MOST_ELEMENTS for count, _ in enumerate(_elements(value))):
        raise NotLiteral("a very large value")
    return value


def _elements(value: Any) -> Iterator[Any]:
    yield value
    if isinstance(value, (list, dict)):
        for element in value.values() if isinstance(value, dict) else value:
            yield from _elements(element)


def _evaluate(node: ast.expr, names: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=value) if not isinstance(value, (bytes, complex, type(...))):
            return value
        case ast.Name(id=name) if name in names:
            return names[name]
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return [_evaluate(element, names) for element in elements]
        case ast.Dict(keys=keys, values=values):
            return _dict(keys, values, names)
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords):
            return _dict(
                [ast.Constant(word.arg) if word.arg else None for word in keywords],
                [word.value for word in keywords],
                names,
            )
        case ast.Call(func=ast.Name(id="float"), args=[ast.Constant(value=str() as text)], keywords=[]):
            return float(text)
        case ast.UnaryOp(op=sign, operand=operand):
            value = _evaluate(operand, names)
            if type(sign) in _SIGNS and isinstance(value, (bool, int, float)):
                return _SIGNS[type(sign)](value)
        case ast.BinOp(left=left, op=operation, right=right) if type(operation) in _ARITHMETIC:
            return _arithmetic(operation, _evaluate(left, names), _evaluate(right, names))
        case ast.JoinedStr(values=parts):
            if all(isinstance(part, ast.Constant) for part in parts):
                return "".join(str(part.value) for part in parts if isinstance(part, ast.Constant))
    raise NotLiteral(ast.unparse(node))


def _dict(keys: list[Any], values: list[ast.expr], names: Mapping[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in zip(keys, values, strict=True):
        if key is None:  # `**other`
            other = _evaluate(value, names)
            if not isinstance(other, dict):
                raise NotLiteral(ast.unparse(value))
            result.update(other)
            continue
        name = _evaluate(key, names)
        if not isinstance(name, str):
            raise NotLiteral(ast.unparse(key))
        result[name] = _evaluate(value, names)
    return result


def _arithmetic(operation: ast.operator, left: Any, right: Any) -> Any:
    if isinstance(left, str) and isinstance(right, str) and isinstance(operation, ast.Add):
        if len(left) + len(right) > _MOST_CHARACTERS:
            raise NotLiteral("a very long text")
        return left + right
    if isinstance(left, bool) or isinstance(right, bool):
        raise NotLiteral("arithmetic of truth values")
    if not isinstance(left, (int, float)) or not isinstance(right, (int, float)):
        raise NotLiteral("arithmetic of what is no number")
    if isinstance(operation, ast.Pow) and (abs(right) > 64 or abs(left) > 2**16):
        raise NotLiteral("a large power")
    value = _ARITHMETIC[type(operation)](left, right)
    if isinstance(value, complex) or abs(value) > _LARGEST_NUMBER:
        raise NotLiteral("a large number")
    return value
