"""An execution's events, read in pages and followed by long polls."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from valo_jupyter.client.http import Http

#: lines asked for at a time: bounds the memory of a reader, whatever the execution prints
PAGE = 20_000
#: a server that answers every poll at once is asked no more often than this
PACE = 0.02


@dataclass(frozen=True)
class Batch:
    """Events in order; `last` is the number to read on from, `done` is true when none will follow."""

    events: list[dict[str, Any]]
    last: int
    status: str
    done: bool


def read_stream(
    http: Http, path: str, after: int, *, hold: float, follow: bool, tail: int | None = None
) -> Iterator[Batch]:
    """Batches after event number `after`; with `follow` to the execution's end, else to the end of what there is."""
    while True:
        asked = time.monotonic()
        query = {"after": after, "limit": PAGE, "tail": tail, "wait": round(hold, 3) if follow else None}
        answer = http.get(f"{path}stream/", query, timeout=hold + http.timeout)
        batch = Batch(answer["events"], answer["last"], answer["status"], answer["done"])
        if batch.events or follow:
            yield batch
        if batch.done or (not follow and not batch.events):
            return
        after, tail = max(after, batch.last), None
        if follow:
            time.sleep(max(0.0, PACE - (time.monotonic() - asked)))
