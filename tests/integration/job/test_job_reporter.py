"""Events arrive complete, once and in order, whatever happens to the server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from valo_jupyter.runtime import outbox
from valo_jupyter.runtime.contract import StopSignal
from valo_jupyter.runtime.mask import Mask
from valo_jupyter.runtime.reporter import Reporter

Make = Callable[..., Reporter]


def until(condition: Callable[[], Any], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def test_events_keep_their_order_over_kinds_and_streams(server, report: Make):
    reporter = report()
    for n in range(50):
        reporter.log("stdout", [f"out {n}"], cell=n)
        reporter.log("stderr", [f"err {n}", "more"])
        reporter.emit({"k": "cell", "cell": n, "state": "done"})
    reporter.close()
    assert server.lines() == [line for n in range(50) for line in (f"out {n}", f"err {n}", "more")]
    assert [event["cell"] for event in server.of("cell")] == list(range(50))
    kinds = [event["k"] for event in server.events]
    assert kinds == ["log", "log", "cell"] * 50


def test_a_million_lines_are_few_events_with_distinct_times(server, report: Make):
    reporter = report()
    for start in range(0, 1_000_000, 1000):
        reporter.log("stdout", [f"line {n}" for n in range(start, start + 1000)])
    reporter.close()
    assert server.lines() == [f"line {n}" for n in range(1_000_000)]
    assert server.acknowledged == 1_000_000
    assert len(server.events) < 2_000
    # each event's lines take as many microseconds as there are lines
    spans = [(event["t"], event.get("n", 1)) for event in server.events]
    ends = [micros(at) + n for at, n in spans]
    assert all(micros(at) >= end for (at, _), end in zip(spans[1:], ends, strict=False))


def micros(text: str) -> int:
    from datetime import datetime

    delta = datetime.fromisoformat(text) - datetime(2020, 1, 1)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def test_lines_printed_one_by_one_share_requests(server, report: Make):
    reporter = report()
    for n in range(5_000):
        reporter.log("stdout", [str(n)])
    reporter.close()
    assert server.lines() == [str(n) for n in range(5_000)]
    assert server.requests["events"] < 40


def test_a_cell_is_reported_while_the_job_is_quiet(server, report: Make):
    reporter = report(beat_seconds=60.0)
    reporter.emit({"k": "cell", "cell": 0, "state": "started"})
    until(lambda: server.of("cell"))
    reporter.close()


def test_a_line_of_five_megabytes(server, report: Make):
    reporter = report()
    line = "é" * 5_000_000
    reporter.log("stdout", ["before", line, "after"])
    reporter.close()
    assert server.lines() == ["before", line, "after"]


def test_it_beats_when_there_is_nothing_to_say(server, report: Make):
    reporter = report(beat_seconds=0.05)
    until(lambda: server.requests["events"] >= 3)
    reporter.close()
    assert server.events == []


def test_the_server_goes_away_and_comes_back_elsewhere(server, report: Make):
    reporter = report(beat_seconds=0.1)
    reporter.log("stdout", ["before"])
    until(lambda: server.lines() == ["before"])
    server.go_away()
    reporter.log("stdout", ["while it is away"])
    time.sleep(0.3)
    server.come_back()
    reporter.log("stdout", ["after"])
    reporter.close()
    assert server.lines() == ["before", "while it is away", "after"]


def test_a_lost_answer_is_no_second_event(server, report: Make):
    reporter = report()
    server.faults = [("events", 503), ("events", 500), ("events", 502)]
    original, lost = server.take_events, []

    def answer_once_in_vain(body: bytes) -> Any:
        reply = original(body)
        if not lost:
            lost.append(True)
            raise OSError("the answer does not arrive")
        return reply

    server.take_events = answer_once_in_vain
    reporter.log("stdout", ["once"])
    reporter.close()
    assert server.lines() == ["once"]
    assert lost
    server.problems.clear()


def test_what_does_not_fit_in_memory_waits_on_disk(server, report: Make, tmp_path, monkeypatch):
    monkeypatch.setattr(outbox.Outbox.__init__, "__defaults__", (1_000_000,))
    server.go_away()
    reporter = report()
    lines = [f"{n:07d} {'x' * 92}" for n in range(100_000)]
    for start in range(0, len(lines), 500):
        reporter.log("stdout", lines[start : start + 500])
    assert reporter._outbox._size <= 1_200_000
    assert (tmp_path / "spool").stat().st_size > 8_000_000
    server.come_back()
    reporter.close()
    assert server.lines() == lines
    assert not (tmp_path / "spool").exists()


def test_emitters_wait_for_a_slow_server_in_bounded_memory(server, report: Make, monkeypatch):
    monkeypatch.setattr(outbox.Outbox.__init__, "__defaults__", (1_000_000,))
    gate = threading.Event()
    server.on_request = lambda path: gate.wait(10) and None
    reporter = report()
    writer = threading.Thread(target=lambda: [reporter.log("stdout", ["x" * 1000] * 100) for _ in range(100)])
    writer.start()
    writer.join(0.3)
    assert writer.is_alive()
    assert reporter._outbox._size <= 1_200_000
    gate.set()
    writer.join(10)
    reporter.close()
    assert server.lines() == ["x" * 1000] * 10_000


def test_a_stale_attempt_stops_and_writes_nothing_more(server, report: Make, stop: StopSignal):
    reporter = report(beat_seconds=0.05)
    reporter.log("stdout", ["one"])
    until(lambda: server.events)
    server.stale = True
    assert stop.wait(30)
    assert (stop.request.status, stop.request.kill_after) == ("lost", 0)
    server.stale = False
    reporter.log("stdout", ["two"])
    reporter.close()
    assert server.lines() == ["one"]


def test_a_stop_arrives_with_the_answer(server, report: Make, stop: StopSignal):
    reporter = report(beat_seconds=0.05)
    server.stop = {"by": "ana", "reason": "stopped by ana", "kill_after": 3.5}
    assert stop.wait(30)
    assert (stop.request.status, stop.request.reason, stop.request.kill_after) == ("stopped", "stopped by ana", 3.5)
    reporter.log("status", ["still heard"])
    reporter.close()
    assert server.lines() == ["still heard"]


def test_without_contact_past_the_fence_the_job_ends_itself(server, report: Make, stop: StopSignal):
    reporter = report(beat_seconds=0.05, fence_seconds=0.4)
    until(lambda: server.requests["events"])
    assert not stop.is_set()
    server.go_away()
    assert stop.wait(10)
    assert stop.request.status == "lost"
    assert "no contact" in stop.request.reason
    reporter.close()
    server.come_back()


def test_secrets_do_not_leave_the_machine(server, report: Make):
    reporter = report(mask=Mask(["hunter22"]))
    reporter.log("stdout", ["my hunter22", "clean"])
    reporter.emit({"k": "metadata", "values": {"password": "hunter22"}})
    reporter.close()
    assert server.lines() == ["my ***", "clean"]
    assert server.of("metadata")[0]["values"] == {"password": "***"}


def test_a_secret_that_is_a_word_of_ours_does_not_spoil_events(server, report: Make):
    reporter = report(mask=Mask(["cell", "started", "metadata", "values"]))
    reporter.emit({"k": "cell", "cell": 1, "code": 1, "of": 2, "state": "started"})
    reporter.emit({"k": "metadata", "values": {"cell": "has started"}})
    reporter.close()
    assert {name: server.of("cell")[0][name] for name in ("cell", "state")} == {"cell": 1, "state": "started"}
    assert server.of("metadata")[0]["values"] == {"***": "has ***"}


def test_only_the_newest_notebook_is_sent(server, report: Make):
    reporter = report(beat_seconds=0.05)
    for n in range(20):
        reporter.notebook(b"%d" % n)
        time.sleep(0.01)
    reporter.notebook(b"final")
    reporter.close()
    assert server.notebooks[-1] == b"final"
    assert len(server.notebooks) <= 3


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_a_proxy_in_the_environment_does_not_matter(server, report: Make, monkeypatch, variable: str):
    monkeypatch.setenv(variable, "http://127.0.0.1:9")
    reporter = report()
    reporter.log("stdout", ["direct"])
    reporter.close()
    assert server.lines() == ["direct"]


def test_what_the_server_refuses_does_not_hold_back_the_rest(server, report: Make):
    original = server.take_events

    def refuse(body: bytes) -> Any:
        if b"poison" in body:
            raise server.refuse("this cannot be kept")
        return original(body)

    server.take_events = refuse
    reporter = report()
    reporter.log("stdout", ["fine"])
    until(lambda: server.events)
    reporter.log("stdout", ["poison", "and", "more"])
    until(lambda: len(server.events) == 2)
    reporter.log("stdout", ["fine again"])
    reporter.close()
    assert server.lines("stdout") == ["fine", "fine again"]
    said, *rest = server.lines("status")
    assert said.startswith("3 lines or events are missing here: ")
    assert "this cannot be kept" in said
    assert rest == ["", ""]
