"""The append-only event stream of an execution: one file, numbered by whoever appends, read from any number."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from valo_jupyter.domain import clock

Event = dict[str, Any]

_BLOCK = 64 * 1024


class EventLog:
    """Streams in `folder`. Safe between threads and processes: every append holds the file's lock.

    Each record carries `a` and `w`, the attempt and the machine's number reached so far, so that the last record alone
    tells where a machine has to go on after a crash.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def path(self, execution_id: str) -> Path:
        return self._folder / f"{execution_id}.jsonl"

    def append(
        self, execution_id: str, events: list[Event], *, attempt: int | None = None, first: int | None = None
    ) -> list[Event]:
        """Append events and return them numbered; a machine's that are already there are passed over.

        Parameters
        ----------
        attempt, first
            For a machine's events: the attempt, and the machine's number of the first event.
        """
        descriptor = os.open(self.path(execution_id), os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            last = _last_record(descriptor)
            seq = last["seq"] + last.get("n", 1) if last else 1
            reached = {"a": last.get("a", 0), "w": last.get("w", 0)} if last else {"a": 0, "w": 0}
            if attempt is not None and reached["a"] != attempt:
                reached = {"a": attempt, "w": 0}
            number = first or 0
            written: list[Event] = []
            time = clock.text(clock.now())
            for event in events:
                count = event.get("n", 1)
                if first is not None:
                    number += count
                    if number - 1 <= reached["w"]:
                        continue
                    reached = {"a": reached["a"], "w": number - 1}
                written.append({"seq": seq, "t": time, **event, **reached})
                seq += count
            if written:
                lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in written)
                _write_all(descriptor, lines.encode("utf-8", "surrogatepass"))
            return written
        finally:
            os.close(descriptor)

    def read(self, execution_id: str, after: int = 0, limit: int = 10_000) -> list[Event]:
        """The events that hold numbers above `after`, about `limit` numbers at the most (always one event)."""
        found: list[Event] = []
        numbers = 0
        for record in self._from(execution_id, after):
            found.append(record)
            numbers += record.get("n", 1)
            if numbers >= limit:
                break
        return found

    def tail(self, execution_id: str, numbers: int) -> list[Event]:
        """The last `numbers` numbers; the first event is cut where it reaches further back."""
        last = self.last_number(execution_id)
        found = list(self._from(execution_id, max(0, last - numbers)))
        total = sum(event.get("n", 1) for event in found)
        if found and total > numbers and found[0]["k"] == "log":
            first, surplus = found[0], total - numbers
            lines = first["text"].split("\n")[surplus:]
            found[0] = {**first, "seq": first["seq"] + surplus, "n": len(lines), "text": "\n".join(lines)}
        return found

    def all(self, execution_id: str) -> Iterator[Event]:
        return self._from(execution_id, 0)

    def of_kind(self, execution_id: str, kind: str) -> Iterator[Event]:
        """All events of one kind; the others, of which there may be far more, are not even parsed."""
        # what a log says is quoted once more
        mark = f'"k": {json.dumps(kind)}'.encode()
        return (event for event in self._from(execution_id, 0, mark) if event["k"] == kind)

    def last_number(self, execution_id: str) -> int:
        """The highest number there is, 0 when there is none."""
        try:
            descriptor = os.open(self.path(execution_id), os.O_RDONLY)
        except FileNotFoundError:
            return 0
        try:
            last = _last_record(descriptor)
        finally:
            os.close(descriptor)
        return last["seq"] + last.get("n", 1) - 1 if last else 0

    def _from(self, execution_id: str, after: int, mark: bytes = b"") -> Iterator[Event]:
        try:
            file = self.path(execution_id).open("rb")
        except FileNotFoundError:
            return
        with file:
            file.seek(_offset_of(file, after))
            for line in file:
                if not line.endswith(b"\n"):
                    return  # still being written
                if mark not in line:
                    continue
                record = json.loads(line.decode("utf-8", "surrogatepass"))
                if record["seq"] + record.get("n", 1) - 1 > after:
                    yield record

    def remove(self, execution_id: str) -> None:
        self.path(execution_id).unlink(missing_ok=True)


def _offset_of(file: Any, after: int) -> int:
    """Where to begin reading for numbers above `after`: records are in order, so halve the file."""
    low, high = 0, os.fstat(file.fileno()).st_size
    if after <= 0:
        return 0
    while high - low > _BLOCK:
        middle = (low + high) // 2
        file.seek(middle)
        file.readline()
        start = file.tell()
        line = file.readline()
        if start >= high or not line.endswith(b"\n"):
            high = middle
            continue
        if _seq_of(line) <= after:
            low = start
        else:
            high = middle
    return low


def _seq_of(line: bytes) -> int:
    # `seq` is written first: no need to parse a line of megabytes to place it
    prefix = b'{"seq": '
    return int(line[len(prefix) : line.index(b",")])


def _last_record(descriptor: int) -> Event | None:
    """The last whole record; a torn one, left by a crash, is cut off."""
    size = os.fstat(descriptor).st_size
    step = _BLOCK
    while size:
        start = max(0, size - step)
        block = os.pread(descriptor, size - start, start)
        end = block.rfind(b"\n")
        begin = block.rfind(b"\n", 0, max(end, 0))
        if end >= 0 and (begin >= 0 or start == 0):
            if end != len(block) - 1:
                _cut(descriptor, start + end + 1)
            return json.loads(block[begin + 1 : end].decode("utf-8", "surrogatepass"))
        if start == 0:
            _cut(descriptor, 0)
            return None
        step *= 4
    return None


def _cut(descriptor: int, size: int) -> None:
    # readers open read-only and leave the torn line to the next writer
    if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_RDWR:
        os.ftruncate(descriptor, size)


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
