"""Time as Valo writes it: UTC, without a zone."""

from __future__ import annotations

from datetime import datetime, timezone


def now() -> datetime:
    """The current time in UTC, naive."""
    return datetime.now(timezone.utc).replace(tzinfo=None)


def text(time: datetime | None) -> str | None:
    """`2026-01-01T10:00:00.123456`, always with microseconds, as Valohai's clients parse it."""
    return None if time is None else time.isoformat(timespec="microseconds")


def parse(value: str) -> datetime:
    return datetime.fromisoformat(value.removesuffix("Z"))


def seconds_between(start: datetime | None, end: datetime | None) -> float | None:
    if start is None or end is None:
        return None
    return max(0.0, (end - start).total_seconds())
