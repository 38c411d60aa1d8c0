"""Sizes, durations, times and values as people read them."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import IO, Any

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")


def size(count: int | float | None) -> str:
    """`1.4 GB`, in powers of 1000."""
    if count is None:
        return ""
    value, unit = float(count), 0
    while value >= 999.5 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    if unit == 0:
        return f"{int(value)} byte{'' if int(value) == 1 else 's'}"
    return f"{value:.{1 if value < 99.95 else 0}f} {_UNITS[unit]}"


def duration(seconds: float | None) -> str:
    """`0.4 s`, `2 m 3 s`, `1 h 5 m`, `3 d 2 h`."""
    if seconds is None:
        return ""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    for above, unit, below, lower in ((86400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s")):
        if whole >= above:
            return f"{whole // above} {unit} {whole % above // below} {lower}"
    return f"{whole} s"


def moment(text: str | None) -> datetime | None:
    """A time of the wire, which is UTC without saying so."""
    if not text:
        return None
    try:
        parsed = datetime.fromisoformat(text.removesuffix("Z"))
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=timezone.utc)


def ago(text: str | None) -> str:
    """`just now`, `3 min ago`, `2 days ago`."""
    then = moment(text)
    if then is None:
        return ""
    seconds = (datetime.now(timezone.utc) - then).total_seconds()
    for above, name in ((86400, "day"), (3600, "hour"), (60, "min")):
        if seconds >= above:
            count = int(seconds // above)
            return f"{count} {name}{'s' if count > 1 and name != 'min' else ''} ago"
    return "just now"


def value(given: Any) -> str:
    """A metadata value or parameter on one line; numbers to five digits."""
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        return plain(str(given))
    return f"{given:.5g}" if isinstance(given, float) else str(given)


def plain(text: str, limit: int = 200) -> str:
    """One line that cannot steer a terminal: control characters are shown as spaces, a long text is cut."""
    line = "".join(character if character.isprintable() else " " for character in text)
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def uncoloured(text: str) -> str:
    """Without the escape sequences that colour a terminal's text, or steer it otherwise."""
    return _ANSI.sub("", text)


def written_to(stream: IO[str], text: str) -> str:
    """`text` as `stream` can show it: a file or a pipe has no colours."""
    return text if stream.isatty() else uncoloured(text)


def table(rows: list[list[str]], header: list[str] | None = None, gap: str = "  ") -> list[str]:
    """Lines of aligned columns; columns that are empty throughout are left out."""
    used = [index for index in range(max(map(len, rows), default=0)) if any(row[index] for row in rows)]
    shown = ([header] if header else []) + rows
    widths = {index: max(len(row[index]) for row in shown) for index in used}
    return [gap.join(row[index].ljust(widths[index]) for index in used).rstrip() for row in shown]
