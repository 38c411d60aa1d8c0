"""Makes what user code printed or named fit for databases and for strict JSON."""

from __future__ import annotations

import json
import math
from typing import Any


def text(value: str) -> str:
    """`value` without what no database stores: NUL, and the surrogates that stand for bytes that are no UTF-8."""
    if "\0" not in value and value.isascii():
        return value
    try:
        content = value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        content = value.encode("utf-8", "backslashreplace")
    return content.decode("utf-8", "backslashreplace").replace("\0", "\\0")


def numbers(value: Any) -> Any:
    """`value` with NaN and infinities as the strings "NaN", "Infinity" and "-Infinity", which JSON can carry."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {name: numbers(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [numbers(part) for part in value]
    return value


def dumps(value: Any, *, ensure_ascii: bool = True) -> str:
    """Strict JSON; the value is only looked through when it holds a number that JSON has not."""
    try:
        return json.dumps(value, ensure_ascii=ensure_ascii, allow_nan=False)
    except ValueError:
        return json.dumps(numbers(value), ensure_ascii=ensure_ascii, allow_nan=False)
