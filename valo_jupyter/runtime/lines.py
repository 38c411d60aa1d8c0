"""From chunks of text to whole lines, and from lines to metadata points."""

from __future__ import annotations

import json
import math
from datetime import datetime, timezone
from typing import Any

#: A longer line is cut, so that a program that never ends its line cannot fill the machine's memory.
MAX_LINE = 32 * 1024 * 1024
#: Held text above this is folded at its carriage returns (an hour of a progress bar is one line).
_FOLD = 64 * 1024


class LineAssembler:
    """Whole lines of one stream, from text that arrives in chunks of any size.

    A line ends at `\\n` only. Within a line a carriage return starts it anew, as on a terminal: what progress bars
    redraw counts once, as it stood when the line ended.
    """

    def __init__(self, max_line: int = MAX_LINE) -> None:
        self._max_line = max_line
        self._held: list[str] = []
        self._held_size = 0

    @property
    def pending(self) -> bool:
        """Whether an unfinished line is held."""
        return bool(self._held)

    @property
    def beginning(self) -> str:
        """How the unfinished line begins; empty when there is none."""
        return self._held[0] if self._held else ""

    def feed(self, text: str) -> list[str]:
        """Take a chunk; the lines that it completes, without their ends."""
        end = text.rfind("\n")
        if end < 0:
            return self._hold(text)
        whole = "".join([*self._held, text[:end]]) if self._held else text[:end]
        self._held, self._held_size = [], 0
        lines = whole.split("\n")
        if "\r" in whole:
            lines = [_redrawn(line) for line in lines]
        if len(whole) > self._max_line:
            lines = [piece for line in lines for piece in self._cut(line)]
        if end + 1 < len(text):
            lines += self._hold(text[end + 1 :])
        return lines

    def flush(self) -> list[str]:
        """The unfinished line, if any; what follows starts a line of its own."""
        if not self._held:
            return []
        line = _redrawn("".join(self._held))
        self._held, self._held_size = [], 0
        return self._cut(line)

    def _hold(self, text: str) -> list[str]:
        if not text:
            return []
        self._held.append(text)
        self._held_size += len(text)
        if "\r" in text and self._held_size > _FOLD:
            whole = "".join(self._held)
            # a return at the very end may be the first half of "\r\n"
            self._held = [_redrawn(whole) + ("\r" if whole.endswith("\r") else "")]
            self._held_size = len(self._held[0])
        return self.flush() if self._held_size > self._max_line else []

    def _cut(self, line: str) -> list[str]:
        size = self._max_line
        return [line[start : start + size] for start in range(0, len(line), size)] or [line]


def _redrawn(line: str) -> str:
    return line.rstrip("\r").rpartition("\r")[2]


def metadata_of(line: str, time: str | None = None) -> dict[str, Any] | None:
    """The metadata point that a line of stdout is, or None: a line that holds one JSON object and nothing else.

    NaN and the infinities become the strings "NaN", "Infinity" and "-Infinity", which JSON can carry. `_time` (UTC) is
    added unless the object has it; `time` gives it, else it is now.
    """
    # almost every line ends here, so this test is the one that has to be cheap
    if "{" not in line[:64]:
        return None
    text = line.strip()
    if not (text.startswith("{") and text.endswith("}")):
        return None
    try:
        values = json.loads(text, parse_constant=str, parse_float=_finite)
    except (ValueError, RecursionError):
        return None
    if not values or not isinstance(values, dict):
        return None
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    values.setdefault("_time", time or now.isoformat(timespec="microseconds"))
    return values


def _finite(text: str) -> float | str:
    value = float(text)
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value
