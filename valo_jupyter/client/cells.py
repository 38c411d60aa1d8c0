"""The code cells of an execution: how each ran, and what it took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from valo_jupyter.client import human
from valo_jupyter.domain.executions import Status

HEADER = ["cell", "", "state", "time", "peak memory", "cost", "first line"]
NONE = "No cells: it runs commands."
_MARKS = {"waiting": "·", "running": "▶", "done": "✓", "error": "✗", "skipped": "–"}


@dataclass(frozen=True)
class Cell:
    """A code cell. `index` counts all cells of the executed notebook from 0, `number` the code cells from 1.

    `state` is waiting, running, done, error or skipped; `why` it was skipped is `empty`, or the tag that says so.
    """

    index: int
    number: int
    #: the first of its source
    line: str
    state: str
    why: str | None = None
    started: str | None = None
    seconds: float | None = None
    #: of all processes of the kernel
    peak_memory_bytes: int | None = None
    #: in US dollars, at the price of its environment when it ran
    cost: float | None = None

    @classmethod
    def of(cls, data: dict[str, Any]) -> Cell:
        """From the wire."""
        known = {name: data.get(name) for name in ("why", "started", "seconds", "peak_memory_bytes", "cost")}
        return cls(data["cell"], data["code"], data["line"], data["state"], **known)


def row(cell: Cell, status: str) -> list[str]:
    """A line of a table; `status` is the execution's."""
    state = cell.state
    if state == "waiting" and Status(status).ended:
        state = "not run"
    return [
        str(cell.number),
        _MARKS[cell.state],
        f"skipped: {cell.why}" if cell.why else state,
        human.duration(cell.seconds),
        human.size(cell.peak_memory_bytes),
        "" if cell.cost is None else f"${cell.cost:.4f}",
        human.plain(cell.line, 60),
    ]
