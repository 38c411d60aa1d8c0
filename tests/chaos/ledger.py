"""What happened and when, in one list: printed when something does not add up."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any


class Ledger:
    """Entries with their time, of the whole storm or of one execution."""

    def __init__(self) -> None:
        self.begun = time.time()
        self._entries: list[tuple[float, str | None, str]] = []

    def note(self, what: str, execution_id: str | None = None, at: float | None = None) -> None:
        self._entries.append((time.time() if at is None else at, execution_id, what))

    def of(self, execution_id: str, others: list[tuple[float, str]]) -> str:
        """The entries of one execution, those of the whole, and `others`, in the order of time."""
        mine = [(at, what) for at, who, what in self._entries if who in (None, execution_id)]
        return "\n".join(f"{at - self.begun:8.3f}  {what}" for at, what in sorted(mine + others))


def seconds(value: str | datetime) -> float:
    """Seconds since 1970 of a time as the database or a stream has it."""
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found.replace(tzinfo=timezone.utc).timestamp()


def story(events: list[dict[str, Any]], attempts: list[Any], trace: list[Any]) -> list[tuple[float, str]]:
    """What the records of one execution tell, without every line it printed."""
    found = [
        (seconds(event["t"]), f"stream: {event['status']} (attempt {event['attempt']}): {event['reason']}")
        for event in events
        if event["k"] == "status"
    ]
    for made in attempts:
        found.append((seconds(made.placed), f"attempt {made.number}: placed by engine {made.engine_id[:6]}"))
        if made.started:
            found.append((seconds(made.started), f"attempt {made.number}: start gate, pid {made.machine['pid']}"))
        if made.ended:
            found.append((seconds(made.ended), f"attempt {made.number}: {made.status}: {made.reason}"))
    for number in {line.attempt for line in trace}:
        lines = [line for line in trace if line.attempt == number]
        for which, line in (("first", lines[0]), ("last", lines[-1])):
            found.append((line.time, f"attempt {number}: {which} of {len(lines)} side effects: {line.what}"))
    return found


def logs(folder: Path, characters: int = 4000) -> str:
    """The ends of the server's logs."""
    return "".join(
        f"\n--- {path.name}\n{path.read_text(errors='replace')[-characters:]}"
        for path in sorted(folder.glob("*.log"))
        if path.name in ("web.log", "engine.log")
    )
