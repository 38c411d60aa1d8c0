"""The one metric of an execution that lists show: its last value and a short line of earlier ones."""

from __future__ import annotations

from typing import Any

#: names that count steps rather than measure
COUNTERS = frozenset({"step", "epoch", "iteration", "iter", "batch", "index", "time", "timestamp", "n", "i"})
LENGTH = 40


def with_point(metric: dict[str, Any] | None, values: dict[str, Any]) -> dict[str, Any] | None:
    """`metric` after one more metadata point.

    The metric is the first number printed that is no counter. Of a long run every second, fourth, … value is kept, so
    that the line never holds more than `LENGTH`.
    """
    if metric is None:
        name = next((name for name, value in values.items() if _measures(name, value)), None)
        if name is None:
            return None
        metric = {"name": name, "value": None, "values": [], "every": 1, "skipped": 0}
    value = values.get(metric["name"])
    if not _is_number(value):
        return metric
    kept, every, skipped = list(metric["values"]), metric["every"], metric["skipped"] + 1
    if skipped >= every:
        kept.append(value)
        skipped = 0
    if len(kept) > LENGTH:
        kept, every = kept[::2], every * 2
    return {"name": metric["name"], "value": value, "values": kept, "every": every, "skipped": skipped}


def _measures(name: str, value: Any) -> bool:
    return _is_number(value) and name.lower() not in COUNTERS and not name.startswith("_")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
