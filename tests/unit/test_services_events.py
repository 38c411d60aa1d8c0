"""The event stream: numbering, reading from anywhere, crashes, many writers."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from valo_jupyter.services.events import EventLog


@pytest.fixture
def stream(tmp_path: Path) -> EventLog:
    return EventLog(tmp_path / "events")


def numbers(events: list[dict]) -> list[int]:
    return [event["seq"] for event in events]


def test_reading_from_any_number_in_a_large_stream(stream: EventLog) -> None:
    for number in range(3000):
        stream.append("e", [{"k": "log", "s": "stdout", "text": f"{number} {'x' * (number % 300)}\nsecond", "n": 2}])
    for after in (0, 1, 2, 777, 2999, 3000, 5998, 5999, 6000):
        events = stream.read("e", after, limit=10)
        expected = next((seq for seq in range(1, 6001, 2) if seq + 1 > after), None)
        assert (numbers(events)[0] if events else None) == expected
        assert len(events) <= 5
    assert stream.last_number("e") == 6000


def test_the_tail_is_exact_even_inside_an_event(stream: EventLog) -> None:
    stream.append("e", [{"k": "log", "s": "stdout", "text": "\n".join(map(str, range(100))), "n": 100}])
    stream.append("e", [{"k": "log", "s": "stdout", "text": "end"}])
    tail = stream.tail("e", 3)
    assert [event["text"] for event in tail] == ["98\n99", "end"]
    assert numbers(tail) == [99, 101]
    assert stream.tail("nothing", 5) == []


def test_a_torn_line_is_cut_off(stream: EventLog) -> None:
    stream.append("e", [{"k": "log", "s": "stdout", "text": "whole"}])
    with stream.path("e").open("ab") as file:
        file.write(b'{"seq": 2, "k": "log", "te')
    assert len(stream.read("e")) == 1
    stream.append("e", [{"k": "log", "s": "stdout", "text": "next"}])
    assert [event["text"] for event in stream.read("e")] == ["whole", "next"]
    assert numbers(stream.read("e")) == [1, 2]


def test_a_line_of_megabytes(stream: EventLog) -> None:
    stream.append("e", [{"k": "log", "s": "stdout", "text": "x" * 5_000_000}])
    stream.append("e", [{"k": "log", "s": "stdout", "text": "after"}])
    assert stream.read("e", 1)[0]["text"] == "after"
    assert len(stream.read("e", 0, limit=1)[0]["text"]) == 5_000_000


def test_a_machine_goes_on_after_records_of_the_server(stream: EventLog) -> None:
    stream.append("e", [{"k": "log", "s": "stdout", "text": "a"}], attempt=1, first=1)
    stream.append("e", [{"k": "status", "status": "stopping"}])
    again = [{"k": "log", "s": "stdout", "text": "a"}, {"k": "log", "s": "stdout", "text": "b"}]
    assert [event["text"] for event in stream.append("e", again, attempt=1, first=1)] == ["b"]
    assert [event["text"] for event in stream.append("e", again[:1], attempt=2, first=1)] == ["a"]


def test_many_writers_never_share_a_number(stream: EventLog) -> None:
    def write() -> None:
        for _ in range(50):
            stream.append("e", [{"k": "log", "s": "stdout", "text": "x"}])

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert numbers(stream.read("e")) == list(range(1, 201))


def test_surrogates_and_unicode_survive(stream: EventLog) -> None:
    text = "ü\u2028\ud800 end"
    stream.append("e", [{"k": "log", "s": "stdout", "text": text}])
    assert stream.read("e")[0]["text"] == text
