"""Events between whoever emits them and the sender: numbered, timed, masked, coalesced, and bounded in memory."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from valo_jupyter.runtime.clean import encoded
from valo_jupyter.runtime.mask import Mask
from valo_jupyter.runtime.spool import Batch

#: characters of text in one log event; readers load whole events, so they stay well below a batch
EVENT_TEXT = 128 * 1024
#: characters in one batch; the wire's limit is 1 MB, and JSON's escapes need room
BATCH_TEXT = 640 * 1024
#: characters waiting before emitters wait too
LIMIT = 16 * 1024 * 1024
#: a line waits so long for others that fill its batch
LINGER = 0.08
#: after so long, lines start an event of their own, so that times stay true when the server is away
_COALESCE = 0.2

_URGENT = frozenset({"cell"})
#: fields of events that hold words of the wire and identifiers: a secret that is the same by chance does not spoil them
_OURS = frozenset({"k", "t", "op", "state", "why", "what", "datum", "sha256"})
_EPOCH = datetime(1970, 1, 1)


@dataclass
class _Lines:
    """A log event that may still grow."""

    number: int
    time: int
    stream: str
    cell: int | None
    since: float
    n: int = 0
    size: int = 0
    pieces: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        event: dict[str, Any] = {"k": "log", "w": self.number, "t": _iso(self.time), "s": self.stream}
        if self.n > 1:
            event["n"] = self.n
        if self.cell is not None:
            event["cell"] = self.cell
        event["text"] = "\n".join(self.pieces)
        return event

    @property
    def last(self) -> int:
        return self.number + self.n - 1

    def encoded(self) -> str:
        return encoded(self.to_json())


@dataclass(frozen=True)
class _Event:
    """Any other event, encoded already: nobody can change it while it waits."""

    number: int
    last: int
    text: str

    @property
    def size(self) -> int:
        return len(self.text)

    def encoded(self) -> str:
        return self.text


class Outbox:
    """Takes events from any thread, gives batches to one.

    Each event takes `n` numbers and `n` microseconds, so that numbers are gapless, and times distinct and increasing,
    over every single line. The newest log event grows while it waits: a program that prints a million lines one by one
    costs a few hundred events.
    """

    def __init__(self, mask: Mask, limit: int = LIMIT) -> None:
        self._mask = mask
        self._limit = limit
        self._changed = threading.Condition()
        self._waiting: deque[_Lines | _Event] = deque()
        self._size = 0
        self._due: float | None = None
        self._closed = False
        self._number = 0
        self._time = 0

    def put(self, event: dict[str, Any]) -> None:
        """One event; `w` and, if absent, `t` are added."""
        event = {name: value if name in _OURS else self._mask.value(value) for name, value in event.items()}
        n = event.get("n", 1)
        with self._changed:
            if not self._room():
                return
            number, at = self._next(n)
            text = encoded({"w": number, "t": _iso(at), **event})
            self._waiting.append(_Event(number, number + n - 1, text))
            self._grown(len(text), urgent=event["k"] in _URGENT)

    def put_lines(self, stream: str, lines: list[str], cell: int | None) -> None:
        if not lines:
            return
        text = "\n".join(lines)
        if len(text) > EVENT_TEXT and len(lines) > 1:
            middle = len(lines) // 2
            self.put_lines(stream, lines[:middle], cell)
            self.put_lines(stream, lines[middle:], cell)
            return
        text = self._mask.text(text)
        n = text.count("\n") + 1
        with self._changed:
            if not self._room():
                return
            event = self._open(stream, cell, len(text))
            if event is None:
                number, at = self._next(n)
                event = _Lines(number, at, stream, cell, time.monotonic())
                self._waiting.append(event)
            else:
                self._next(n, follow=True)
            event.n += n
            event.size += len(text)
            event.pieces.append(text)
            self._grown(len(text))

    def take(self) -> Batch | None:
        """What waits, oldest first: at most a batch, or one event that is larger."""
        with self._changed:
            taken, size = [], 0
            while self._waiting and (not taken or size + self._waiting[0].size <= BATCH_TEXT):
                item = self._waiting.popleft()
                taken.append(item)
                size += item.size
            self._size -= size
            self._due = time.monotonic() if self._waiting else None
            self._changed.notify_all()
        if not taken:
            return None
        events = ",".join(item.encoded() for item in taken)
        return Batch(taken[0].number, taken[-1].last, f'{{"first":{taken[0].number},"events":[{events}]}}'.encode())

    @property
    def next_number(self) -> int:
        with self._changed:
            return self._number + 1

    def over_half(self) -> bool:
        with self._changed:
            return self._size > self._limit // 2

    def empty(self) -> bool:
        with self._changed:
            return not self._waiting

    def wait(self, until: float, *, not_before: float = 0.0) -> None:
        """Until something is due (though not before `not_before`), or `until` (`time.monotonic`), or `wake`."""
        with self._changed:
            due = until if self._due is None else min(until, max(self._due, not_before))
            while not self._closed and (left := due - time.monotonic()) > 0:
                if not self._changed.wait(left):
                    return
                due = until if self._due is None else min(until, max(self._due, not_before))

    def wait_for_pressure(self, seconds: float) -> None:
        """A pause that ends early when memory fills up, or at `close`."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._size > self._limit // 2, seconds)

    def hurry(self) -> None:
        """What waits is due now."""
        with self._changed:
            self._due = time.monotonic()
            self._changed.notify_all()

    def close(self) -> None:
        """Emitters no longer wait; what they emit from now on is dropped."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _room(self) -> bool:
        self._changed.wait_for(lambda: self._closed or self._size <= self._limit)
        return not self._closed

    def _grown(self, size: int, *, urgent: bool = False) -> None:
        self._size += size
        now = time.monotonic()
        due = now if urgent or self._size >= BATCH_TEXT else now + LINGER
        if self._due is None or due < self._due:
            self._due = due
            self._changed.notify_all()
        elif self._size > self._limit // 2:
            self._changed.notify_all()

    def _next(self, n: int, *, follow: bool = False) -> tuple[int, int]:
        number = self._number + 1
        at = self._time + 1 if follow else max(time.time_ns() // 1000, self._time + 1)
        self._number, self._time = number + n - 1, at + n - 1
        return number, at

    def _open(self, stream: str, cell: int | None, size: int) -> _Lines | None:
        last = self._waiting[-1] if self._waiting else None
        if (
            isinstance(last, _Lines)
            and (last.stream, last.cell) == (stream, cell)
            and last.size + size <= EVENT_TEXT
            and time.monotonic() - last.since < _COALESCE
        ):
            return last
        return None


def in_place_of(batch: Batch, reason: str) -> Batch:
    """One line of status, and as many empty ones as take the numbers of a batch that cannot be delivered."""
    n = batch.last - batch.first + 1
    event = _Lines(batch.first, time.time_ns() // 1000, "status", None, 0.0, n)
    event.pieces = [f"{n} lines or events are missing here: {reason}" + "\n" * (n - 1)]
    return Batch(batch.first, batch.last, f'{{"first":{batch.first},"events":[{event.encoded()}]}}'.encode())


def _iso(microseconds: int) -> str:
    return (_EPOCH + timedelta(microseconds=microseconds)).isoformat(timespec="microseconds")
