"""Values that every reader, file and database can hold."""

from __future__ import annotations

import json
import math
from typing import Any

#: how the encoder writes what is suspicious; a text that merely shows these characters costs a look, no more
_SUSPECT = ("\\ud", "\\u0000")


def encoded(value: Any) -> str:
    """`value` as JSON in ASCII, without what JSON allows or Python writes but others refuse.

    Halves of surrogate pairs (no UTF-8 has them) and NUL (PostgreSQL has none in text) become U+FFFD; NaN and the
    infinities become text.
    """
    try:
        text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    except ValueError:
        return json.dumps(_clean(value), separators=(",", ":"))
    if any(suspect in text for suspect in _SUSPECT):
        return json.dumps(_clean(value), separators=(",", ":"))
    return text


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        # whole pairs stay: only halves are no UTF-16 either
        whole = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return whole.replace("\0", "\ufffd")
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(item) for item in value]
    return value
