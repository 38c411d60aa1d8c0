"""What a card shows of an execution, gathered from its record and its events in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from valo_jupyter.client.human import uncoloured

LOG_LINES = 8
LINE_LENGTH = 300
POINTS = 400
METRICS = 4
#: what counts along is the axis, not a result
_AXES = frozenset({"epoch", "step", "iteration", "batch", "seq", "time"})


@dataclass(frozen=True)
class View:
    """One moment of an execution. `again_of` is the counter it was run again of, `note` is about the connection."""

    data: dict[str, Any]
    log: tuple[str, ...] = ()
    series: dict[str, tuple[float, ...]] = field(default_factory=dict)
    note: str = ""
    again_of: int | None = None


class Gathered:
    """The last lines of the log and the courses of the first metrics."""

    def __init__(self) -> None:
        self._log: deque[str] = deque(maxlen=LOG_LINES)
        self._series: dict[str, deque[float]] = {}

    @property
    def log(self) -> tuple[str, ...]:
        return tuple(self._log)

    @property
    def series(self) -> dict[str, tuple[float, ...]]:
        return {name: tuple(values) for name, values in self._series.items()}

    def take(self, events: Iterable[dict[str, Any]]) -> None:
        """Events in order."""
        for event in events:
            if event["k"] == "log" and event["s"] != "status":
                self._log.extend(map(shown_line, event["text"].split("\n")[-LOG_LINES:]))
            elif event["k"] == "metadata":
                self.point(event["values"])
            elif event["k"] == "status" and event["status"] == "queued":
                # another attempt begins anew
                self._log.clear()
                self._series.clear()

    def point(self, values: dict[str, Any]) -> None:
        """One metadata point; what is no finite number is no part of a course."""
        for name, value in values.items():
            if name in _AXES or name.startswith("_") or isinstance(value, bool) or not isinstance(value, (int, float)):
                continue
            if name in self._series or len(self._series) < METRICS:
                self._series.setdefault(name, deque(maxlen=POINTS)).append(float(value))


def shown_line(text: str) -> str:
    """A log line as it stands in the end: without colours, and after the last carriage return."""
    line = uncoloured(text).rstrip("\r").rpartition("\r")[2]
    return line if len(line) <= LINE_LENGTH else f"{line[:LINE_LENGTH]}…"
