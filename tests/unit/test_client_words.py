"""What people read: numbers, tables, and an execution in words."""

from __future__ import annotations

import argparse
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from valo_jupyter.client import human, pool_words, summary
from valo_jupyter.client.arguments import add_run_arguments, joined, run_options
from valo_jupyter.client.failed import ExecutionFailed
from valo_jupyter.client.http import Http
from valo_jupyter.client.outputs import Outputs


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (99_960, "100 kB"),
        (1_400_000_000, "1.4 GB"),
    ],
)
def test_sizes(count: int, words: str) -> None:
    assert human.size(count) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.6, "1 m 0 s"),
        (123, "2 m 3 s"),
        (3900, "1 h 5 m"),
    ],
)
def test_durations(seconds: float | None, words: str) -> None:
    assert human.duration(seconds) == words


def test_times_of_the_wire_are_utc() -> None:
    then = datetime.now(timezone.utc) - timedelta(minutes=3, seconds=5)
    assert human.ago(then.replace(tzinfo=None).isoformat()) == "3 min ago"
    assert human.ago(then.isoformat()) == "3 min ago"
    assert human.ago("no time") == ""


def test_a_name_cannot_steer_the_terminal() -> None:
    assert human.plain("a\x1b[2Jb\nc") == "a [2Jb c"
    assert "\x1b" not in "".join(human.table([[human.plain("\x1b]0;title\x07")]]))


def test_a_table_leaves_out_what_is_empty_throughout() -> None:
    assert human.table([["a", "", "1"], ["bb", "", "2"]], ["name", "tags", "n"]) == ["name  n", "a     1", "bb    2"]


def parsed(*words: str) -> dict[str, Any]:
    parser = argparse.ArgumentParser()
    add_run_arguments(parser, notebook_required=True)
    return run_options(parser.parse_args(joined(["nb.ipynb", *words])))


def test_parameters_in_both_spellings() -> None:
    given = parsed("-p", "lr", "-0.1", "-p", "name=a=b", "--parameter", "flag", "--x", "-p", "expression", "a = 1")
    assert given["parameters"] == {"lr": "-0.1", "name": "a=b", "flag": "--x", "expression": "a = 1"}


def test_inputs_of_one_name_come_together() -> None:
    given = parsed("-i", "data=a.csv", "-i", "data=https://x/y?z=1", "-i", "other=c")
    assert given["inputs"] == {"data": ["a.csv", "https://x/y?z=1"], "other": ["c"]}


def test_a_secret_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "k3y")
    assert parsed("--secret", "API_KEY")["secret_environment_variables"] == {"API_KEY": "k3y"}
    with pytest.raises(SystemExit):
        parsed("--secret", "NOT_THERE")


def test_what_is_sent() -> None:
    given = parsed("--notebook-only", "--accept-large", "--send-secret", ".env", "--time-limit", "90")
    assert (given["include"], given["accept"], given["name_secrets"]) == ("notebook", ["large"], [".env"])
    assert given["time_limit"] == 90.0


def execution(**changes: Any) -> dict[str, Any]:
    """An execution as the API shows it."""
    return {
        "id": "e", "counter": 12, "status": "complete", "status_detail": "done", "queue_position": None,
        "title": "train", "step": "train", "commit": {"identifier": "~abcdef0123456789", "adhoc": True},
        "project": {"id": "p", "name": "digits"}, "environment": {"id": "x", "name": "local", "slug": "local"},
        "duration": 123.0, "notebook": {"path": "nb/train.ipynb"}, "progress": None, "error": None,
        "parameters": {"lr": 0.1}, "inputs": [], "tags": ["best"], "git": None, "left_out": [],
        "machine": {"hostname": "elsewhere", "cpu_count": 8, "gpus": ["H200"], "python": "3.12.1"}, "capture": None,
        "outputs": [], "cumulative_metadata": {"accuracy": 0.98765432, "_time": "t"}, **changes,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "done in 2 m 3 s"),
        ({"status": "queued", "queue_position": 3, "status_detail": "in line"}, "in line (3rd)"),
        ({"status": "queued", "queue_position": 11, "status_detail": ""}, "in line (11th)"),
        ({"status": "started", "status_detail": "cell 4 of 20"}, "cell 4 of 20"),
        (
            {"status": "error", "status_detail": "failed in cell 7: ValueError: bad"},
            "failed in cell 7: ValueError: bad",
        ),
        ({"status": "crashed", "status_detail": ""}, "machine lost"),
    ],
)
def test_states_in_words(changes: dict[str, Any], words: str) -> None:
    assert summary.state_words(execution(**changes)) == words


def test_a_summary_tells_where_everything_came_from() -> None:
    data = execution(
        inputs=[
            {
                "name": "data",
                "urls": ["u"],
                "files": [{"name": "train.csv", "size": 1200, "uri": "https://x/train.csv"}],
            }
        ],
        outputs=[{"name": "model.pkl", "size": 2048, "uri": "valo://12", "purged": False}],
        git={"head": "0123456789abcdef", "branch": "main", "remote": None, "dirty": [{"path": "a.py", "status": "M"}]},
        left_out=[
            {"path": "big.bin", "rule": "over 100 MB", "size": 300_000_000},
            {"path": ".git/", "rule": "default ignore list: .git", "size": None},
        ],
    )
    text = "\n".join(summary.summary(data))
    for expected in (
        "accuracy  0.98765",
        "model.pkl  2.0 kB  valo://12",
        "train.csv 1.2 kB from https://x/train.csv",
        "nb/train.ipynb at ~abcdef012345 (adhoc, from main at 01234567 and 1 changed file)",
        "→ #12 → model.pkl",
        "elsewhere (8 CPUs, H200), environment local, Python 3.12.1",
        "Left out   big.bin 300 MB (over 100 MB)",
    ):
        assert expected in text
    assert ".git/" not in text


def test_what_was_left_out_is_one_line_with_the_rules() -> None:
    names = [("data/", ".gitignore:1 data/"), (".env", "secret place: .env"), *((f"{n}.log", "r") for n in range(4))]
    expected = [
        {"path": name, "rule": "default ignore list: __pycache__"} for name in ("__pycache__/", "a/__pycache__/")
    ]
    data = execution(left_out=[*expected, *({"path": name, "rule": rule} for name, rule in names)])
    assert summary.left_out_words(data, 2) == (
        "data/ (.gitignore:1 data/), .env (secret place: .env), and 4 more; `jupyter valo show 12 --json` has all"
    )
    assert summary.left_out_words(execution(left_out=expected)) == ""
    assert "Left out" not in "\n".join(summary.summary(execution(left_out=expected)))


def test_a_failure_s_message_has_no_colours() -> None:
    error = {"traceback": "\x1b[0;31mValueError\x1b[0m: bad"}
    message = str(ExecutionFailed.of(execution(status="error", status_detail="failed in cell 1", error=error)))
    assert message == "#12 ended error: failed in cell 1\nValueError: bad"


def test_attempts_are_told_where_one_was_not_enough() -> None:
    first = {"number": 1, "status": "lost", "reason": "its machine went away"}
    second = {"number": 2, "status": "complete", "reason": ""}
    assert "Attempts" not in "\n".join(summary.summary(execution(attempts=[second])))
    lines = summary.summary(execution(attempts=[first, second], cost=0.01234))
    assert "Attempts   1: lost its machine went away" in lines
    assert "           2: complete" in lines
    assert "Cost       $0.0123" in lines


def test_of_two_files_of_one_name_the_newer_counts() -> None:
    newest_first = [{"id": "2", "name": "a", "size": 2}, {"id": "1", "name": "a", "size": 1}]
    outputs = Outputs(Http("http://127.0.0.1:9", "t"), newest_first)
    assert [outputs["a"].id, len(outputs)] == ["2", 1]


def test_the_trace_is_bounded() -> None:
    outputs = [{"name": f"f{number}", "size": 1, "uri": "u", "purged": False} for number in range(100)]
    line = summary.lineage(execution(outputs=outputs), limit=5)
    assert line.results == ["f0", "f1", "f2", "f3", "96 more"]


def test_a_machine_says_whether_it_stays() -> None:
    run = {"project": {"name": "demo"}, "counter": 7}
    known = {"name": "m", "since": None, "idle_until": None, "hardware": None}
    words = [
        pool_words.machine_row({**known, "state": state, "execution": execution})[2]
        for state, execution in (("busy", run), ("draining", run), ("draining", None), ("idle", None))
    ]
    assert words == ["busy", "busy, goes afterwards", "going", "idle"]
    assert pool_words.hardware_words({"host": "ana@10.0.0.7"}) == "ana@10.0.0.7"
    assert pool_words.hardware_words({"host": "ana@10.0.0.7", "hostname": "box", "cpu_count": 2}).startswith(
        "ana@10.0.0.7, box, 2 CPUs"
    )
