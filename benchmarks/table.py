"""Runs alternating measurements and prints them as ratios; machines are noisy, so only ratios of one run count."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One comparison: `ours` and `peers` are medians in the same unit."""

    work: str
    peer: str
    ours: float
    peers: float
    reach: float
    aim: float
    unit: str = "s"
    #: true when a higher ratio is the better one
    more_is_better: bool = False

    @property
    def ratio(self) -> float:
        return self.ours / self.peers

    @property
    def verdict(self) -> str:
        def meets(bound: float) -> bool:
            return self.ratio >= bound if self.more_is_better else self.ratio <= bound

        return "aim" if meets(self.aim) else "reached" if meets(self.reach) else "MISSED"


def medians(first: Callable[[], float], second: Callable[[], float], runs: int = 5) -> tuple[float, float]:
    """Medians of two measurements taken in turn, after one of each that does not count."""
    first(), second()
    pairs = [(first(), second()) for _ in range(runs)]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def show(rows: Sequence[Row]) -> None:
    head = ("work", "peer", "Valo", "peer's", "ratio", "reach", "aim", "")
    lines = [
        (
            row.work,
            row.peer,
            f"{row.ours:.3g} {row.unit}",
            f"{row.peers:.3g} {row.unit}",
            f"{row.ratio:.3f}×",
            f"{'≥' if row.more_is_better else '≤'} {row.reach:g}×",
            f"{row.aim:g}×",
            row.verdict,
        )
        for row in rows
    ]
    widths = [max(len(line[column]) for line in (head, *lines)) for column in range(len(head))]
    for line in (head, *lines):
        print("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip(), flush=True)
