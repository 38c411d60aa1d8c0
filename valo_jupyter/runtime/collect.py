"""What a running notebook's cells put out: into the notebook, into the log, and as metadata points."""

from __future__ import annotations

import copy
import time
from typing import Any

from nbformat import NotebookNode

from valo_jupyter.runtime.contract import Sink
from valo_jupyter.runtime.lines import LineAssembler, metadata_of
from valo_jupyter.runtime.mask import Mask

#: An unfinished line is shown after so long without more of it.
_QUIET = 1.0
#: Live outputs above this are told of, not sent.
_LARGEST_DISPLAY = 1_000_000


class RunLog:
    """Turns streams of text into lines of the log and metadata points, in the order they arrived."""

    def __init__(self, sink: Sink, mask: Mask) -> None:
        self._sink = sink
        self._mask = mask
        self._streams = {"stdout": _Held(), "stderr": _Held()}

    def write(self, stream: str, text: str, cell: int | None) -> None:
        held = self._streams.get(stream) or self._streams["stderr"]
        if held.lines.pending and held.cell != cell:
            self._put(stream, held.lines.flush(), held.cell)
        held.took(text, cell)
        self._put(stream, held.lines.feed(text), cell)

    def lines(self, stream: str, text: str, cell: int | None) -> None:
        """Whole lines at once, after what the stream holds."""
        self.flush()
        self._put(stream, text.split("\n"), cell)

    def flush(self) -> None:
        """Show unfinished lines as they stand."""
        for stream, held in self._streams.items():
            if held.lines.pending:
                self._put(stream, held.lines.flush(), held.cell)

    def flush_quiet(self, now: float) -> None:
        """Show unfinished lines that nothing was added to for a while: prompts, progress bars; never half an object."""
        for stream, held in self._streams.items():
            if held.lines.pending and now - held.last > _QUIET and not held.head.lstrip().startswith("{"):
                self._put(stream, held.lines.flush(), held.cell)

    def _put(self, stream: str, lines: list[str], cell: int | None) -> None:
        if not lines:
            return
        lines = self._mask.lines(lines)
        if stream != "stdout":
            self._sink.log(stream, lines, cell)
            return
        start = 0
        for index, line in enumerate(lines):
            # the test that metadata_of begins with, without the call: there may be a million lines
            if "{" in line and (values := metadata_of(line)) is not None:
                self._sink.log(stream, lines[start : index + 1], cell)
                self._sink.emit({"k": "metadata", "values": values})
                start = index + 1
        if start < len(lines):
            self._sink.log(stream, lines[start:] if start else lines, cell)


class _Held:
    """One stream's unfinished line: how it begins, whose it is, when it last grew."""

    def __init__(self) -> None:
        self.lines = LineAssembler()
        self.head = ""
        self.cell: int | None = None
        self.last = 0.0

    def took(self, text: str, cell: int | None) -> None:
        end = text.rfind("\n")
        if end >= 0 or not self.lines.pending:
            self.head = text[end + 1 : end + 65]
        self.cell = cell
        self.last = time.monotonic()


class CellStreams:
    """The stdout and stderr outputs of a notebook's cells, within a limit of bytes for all of them together.

    What a kernel sends in pieces becomes one output per stretch of the same stream.
    """

    def __init__(self, limit: int, mask: Mask) -> None:
        self._limit = limit
        self._mask = mask
        self._used = 0
        self._open: NotebookNode | None = None
        self._parts: list[str] = []
        self._cut_lines = 0
        self._cut_bytes = 0

    def add(self, outputs: list[NotebookNode], name: str, text: str) -> None:
        if self._open is None or not outputs or outputs[-1] is not self._open or self._open["name"] != name:
            self.seal()
            self._open = NotebookNode(output_type="stream", name=name, text="")
            outputs.append(self._open)
        size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
        if self._used + size > self._limit:
            kept = _whole_lines(text, self._limit - self._used)
            self._cut_lines += text.count("\n", len(kept))
            self._cut_bytes += size - len(kept.encode("utf-8", "replace"))
            # nothing more is kept, though a shorter text might fit: a log with holes is worse than a short one
            self._used = self._limit
            text = kept
        else:
            self._used += size
        if text:
            self._parts.append(text)

    def forget(self, outputs: list[NotebookNode]) -> None:
        """The outputs are about to be cleared; their room is free again."""
        self.seal()
        for output in outputs:
            if output.get("output_type") == "stream":
                self._used -= len(output["text"].encode("utf-8", "replace"))
        self._used = max(0, self._used)
        self._open = None

    def seal(self) -> None:
        """Write the pieces into the notebook; more may follow."""
        if self._open is None:
            return
        if self._parts:
            text = self._mask.text("".join([self._open["text"], *self._parts]))
            self._open["text"] = text
            self._parts = []

    def end_cell(self) -> None:
        """No more for this cell; says what was cut from it."""
        if self._open is not None and self._cut_bytes:
            self._parts.append(
                f"\n… {self._cut_lines:,} more lines ({self._cut_bytes:,} bytes) are not kept here: this notebook "
                f"keeps {self._limit:,} bytes of printed output. The execution's log has everything.\n"
            )
        self.seal()
        self._open = None
        self._cut_lines = self._cut_bytes = 0


def display_event(op: str, cell: int, output: NotebookNode | None, display_id: str | None) -> dict[str, Any]:
    """The wire's `display` event."""
    event: dict[str, Any] = {"k": "display", "cell": cell, "op": op, "output": output, "display_id": display_id}
    if output is not None and (size := _size(output)) > _LARGEST_DISPLAY:
        return event | {"output": None, "omitted": size}
    # as it is now: an update changes it in the notebook, perhaps before the event is sent
    return event | {"output": copy.deepcopy(output)}


def masked(output: NotebookNode, mask: Mask) -> NotebookNode:
    """An output without secrets; its structure, which might look like one, stays."""
    if mask:
        for name in ("data", "metadata"):
            for kind, value in output.get(name, {}).items():
                output[name][kind] = mask.value(value)
        for name in ("text", "evalue", "traceback"):
            if name in output:
                output[name] = mask.value(output[name])
    return output


def _whole_lines(text: str, room: int) -> str:
    if room <= 0:
        return ""
    kept = text.encode("utf-8", "replace")[:room].decode("utf-8", "ignore")
    return kept[: kept.rfind("\n") + 1]


def _size(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(len(key) + _size(item) for key, item in value.items())
    if isinstance(value, list):
        return sum(map(_size, value))
    return 8
