"""A live line in a terminal, or a line per step where there is none."""

from __future__ import annotations

import shutil
import time
from typing import IO, Any

from valo_jupyter.client import human
from valo_jupyter.client.events import Batch

WIDTH = 28
#: a redraw is not worth more than this often
PACE = 0.08


class LiveLine:
    """One line that is drawn over itself; silent where the stream is no terminal."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self.live = stream.isatty()
        self._drawn = 0.0

    def draw(self, text: str, *, now: bool = False) -> None:
        if self.live and (now or time.monotonic() - self._drawn >= PACE):
            self._drawn = time.monotonic()
            columns = shutil.get_terminal_size().columns - 1
            self._stream.write(f"\r\x1b[2K{text[:columns]}")
            self._stream.flush()

    def clear(self) -> None:
        if self.live:
            self._stream.write("\r\x1b[2K")
            self._stream.flush()

    def say(self, text: str) -> None:
        """A line that stays."""
        self.clear()
        self._stream.write(f"{text}\n")
        self._stream.flush()


class SnapshotProgress:
    """How far the recording of the folder is; nothing is shown of a quick one."""

    def __init__(self, stream: IO[str]) -> None:
        self._line = LiveLine(stream)
        self._begun = time.monotonic()

    def __enter__(self) -> SnapshotProgress:
        return self

    def __exit__(self, *_: object) -> None:
        self._line.clear()

    def show(self, progress: Any) -> None:
        if time.monotonic() - self._begun > 0.3:
            files = f"{progress.files} of {progress.total_files}" if progress.total_files else str(progress.files)
            self._line.draw(f"Snapshot: {progress.stage}, {files} files, {human.size(progress.bytes)}")


class Progress:
    """An execution by its events: a bar by cell, or a line for each finished cell."""

    def __init__(self, data: dict[str, Any], stream: IO[str], *, logs: IO[str] | None = None) -> None:
        self._line = LiveLine(stream)
        self._logs = logs
        self._name = f"#{data['counter']} {human.plain(data['title'] or data['step'], 30)}"
        self._state = "in line"
        self._hinted = False
        self._done = 0
        self._of = 0
        self._metric = ""
        self._begun = time.monotonic()

    def __enter__(self) -> Progress:
        if not self._line.live:
            self._line.say(f"{self._name}: submitted")
        return self

    def __exit__(self, *_: object) -> None:
        self._line.clear()

    def show(self, batch: Batch) -> None:
        """Take in what happened."""
        for event in batch.events:
            self._take(event)
        self._line.draw(self._text(), now=batch.done)

    @property
    def waits(self) -> bool:
        """No machine has begun it."""
        return self._of == 0 and self._state.startswith("in line")

    def wait(self, data: dict[str, Any]) -> None:
        """It is still in line: say where, and once, where to look for the reason."""
        if data["status"] in ("created", "queued"):
            self._state = human.plain(data.get("status_detail") or "in line")
            if not self._hinted:
                self._hinted = True
                self._line.say(f"{self._name}: {self._state}; `jupyter valo status` shows machines and problems")
            self._line.draw(self._text(), now=True)

    def _take(self, event: dict[str, Any]) -> None:
        kind = event["k"]
        if kind == "cell":
            self._cell(event)
        elif kind == "status":
            self._status(event)
        elif kind == "metadata":
            self._metric = _metric(event["values"]) or self._metric
        elif kind == "progress":
            self._state = f"{event['what']} {human.plain(event.get('name') or '', 40)}".strip()
            if (event.get("total") or 0) > 1:
                self._state += f" {100 * event['done'] // event['total']} %"
        elif kind == "log" and self._logs is not None:
            self._line.clear()
            self._logs.write(human.written_to(self._logs, f"{event['text']}\n"))
            self._logs.flush()

    def _cell(self, event: dict[str, Any]) -> None:
        self._of = event["of"]
        if event["state"] == "started":
            self._state = f"cell {event['code']} of {self._of}"
            return
        self._done = event["code"]
        if not self._line.live:
            seconds = f" in {human.duration(event['seconds'])}" if event.get("seconds") is not None else ""
            metric = f"  {self._metric}" if self._metric else ""
            self._line.say(f"{self._name}: cell {event['code']} of {self._of} {event['state']}{seconds}{metric}")

    def _status(self, event: dict[str, Any]) -> None:
        if event["status"] == "queued" and self._done:
            # its machine was lost: the next attempt begins anew
            self._done, self._metric = 0, ""
        self._state = {"queued": "in line", "started": "starting"}.get(event["status"], event["status"])
        if not self._line.live:
            reason = f": {human.plain(event['reason'])}" if event.get("reason") else ""
            self._line.say(f"{self._name}: {event['status']}{reason}")

    def _text(self) -> str:
        filled = WIDTH * self._done // self._of if self._of else 0
        bar = "━" * filled + "─" * (WIDTH - filled)
        seconds = round(time.monotonic() - self._begun)
        elapsed = f"{seconds} s" if seconds < 60 else human.duration(seconds)
        return "  ".join(part for part in (self._name, bar, self._state, elapsed, self._metric) if part)


def _metric(values: dict[str, Any]) -> str:
    shown = [
        f"{human.plain(name, 20)} {human.value(value)}"
        for name, value in values.items()
        if not name.startswith("_") and isinstance(value, (int, float)) and not isinstance(value, bool)
    ]
    return "  ".join(shown[:3])
