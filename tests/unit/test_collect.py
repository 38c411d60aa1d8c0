"""Streams into notebook outputs and log lines, without a kernel."""

from __future__ import annotations

import time
from typing import Any

import pytest
from nbformat import NotebookNode

from valo_jupyter.runtime import collect
from valo_jupyter.runtime.collect import CellStreams, RunLog, display_event, masked
from valo_jupyter.runtime.mask import Mask


class Lines:
    def __init__(self) -> None:
        self.entries: list[Any] = []

    def emit(self, event: dict[str, Any]) -> None:
        self.entries.append({name: value for name, value in event["values"].items() if name != "_time"})

    def log(self, stream: str, lines: list[str], cell: int | None = None) -> None:
        self.entries.append((stream, lines, cell))

    def notebook(self, content: bytes) -> None: ...


@pytest.fixture
def sink() -> Lines:
    return Lines()


@pytest.fixture
def log(sink: Lines) -> RunLog:
    return RunLog(sink, Mask(["hidden"]))


def test_a_batch_is_one_entry_and_metadata_follows_its_line(log: RunLog, sink: Lines) -> None:
    log.write("stdout", 'a\nb\n{"x": 1}\nc\n', 0)
    assert sink.entries == [("stdout", ["a", "b", '{"x": 1}'], 0), {"x": 1}, ("stdout", ["c"], 0)]


def test_metadata_is_of_stdout_only(log: RunLog, sink: Lines) -> None:
    log.write("stderr", '{"x": 1}\n', 0)
    assert sink.entries == [("stderr", ['{"x": 1}'], 0)]


def test_an_unfinished_line_belongs_to_the_cell_that_began_it(log: RunLog, sink: Lines) -> None:
    log.write("stdout", "begun", 0)
    log.write("stdout", "other\n", 1)
    assert sink.entries == [("stdout", ["begun"], 0), ("stdout", ["other"], 1)]


def test_quiet_lines_are_shown_but_not_half_an_object(log: RunLog, sink: Lines) -> None:
    log.write("stdout", '{"half":', 0)
    log.write("stderr", "Password? ", 0)
    log.flush_quiet(time.monotonic())
    assert sink.entries == []
    log.flush_quiet(time.monotonic() + 5)
    assert sink.entries == [("stderr", ["Password? "], 0)]
    log.write("stdout", " 1}\n", 0)
    assert sink.entries[1:] == [("stdout", ['{"half": 1}'], 0), {"half": 1}]


def test_secrets_are_masked_across_chunks(log: RunLog, sink: Lines) -> None:
    log.write("stdout", "hid", 0)
    log.write("stdout", 'den\n{"k": "hidden"}\n', 0)
    assert sink.entries == [("stdout", ["***", '{"k": "***"}'], 0), {"k": "***"}]


def test_pieces_of_one_stream_are_one_output() -> None:
    streams, outputs = CellStreams(1000, Mask()), []
    for name, text in (("stdout", "a"), ("stdout", "b"), ("stderr", "c"), ("stdout", "d")):
        streams.add(outputs, name, text)
    streams.end_cell()
    assert [(output.name, output.text) for output in outputs] == [("stdout", "ab"), ("stderr", "c"), ("stdout", "d")]


def test_sealing_shows_what_there_is_and_lets_more_follow() -> None:
    streams, outputs = CellStreams(1000, Mask()), []
    streams.add(outputs, "stdout", "a")
    streams.seal()
    assert outputs[0].text == "a"
    streams.add(outputs, "stdout", "b")
    streams.end_cell()
    assert [output.text for output in outputs] == ["ab"]


def test_the_limit_cuts_at_a_line_and_says_so_in_each_cell() -> None:
    streams, first, second = CellStreams(10, Mask()), [], []
    streams.add(first, "stdout", "ééé\nlonger\nlast\n")
    streams.add(first, "stdout", "x\n")
    streams.end_cell()
    streams.add(second, "stderr", "y\n")
    streams.end_cell()
    assert first[0].text.startswith("ééé\n\n… 3 more lines (14 bytes) are not kept")
    assert second[0].text.startswith("\n… 1 more lines (2 bytes) are not kept")


def test_a_display_event_is_of_its_moment() -> None:
    output = NotebookNode(output_type="display_data", data={"text/plain": "a"}, metadata={})
    event = display_event("append", 1, output, "id")
    output["data"]["text/plain"] = "b"
    assert event["output"]["data"] == {"text/plain": "a"}


def test_a_large_display_is_only_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "_LARGEST_DISPLAY", 100)
    output = NotebookNode(output_type="display_data", data={"image/png": "A" * 200}, metadata={})
    event = display_event("append", 1, output, None)
    assert event["output"] is None
    assert event["omitted"] >= 200


def test_masking_keeps_the_structure() -> None:
    output = NotebookNode(output_type="display_data", data={"text/plain": "text/plain data"}, metadata={})
    assert masked(output, Mask(["text/plain", "data"])) == {
        "output_type": "display_data",
        "data": {"text/plain": "*** ***"},
        "metadata": {},
    }
