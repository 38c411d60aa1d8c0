"""The command line: what is understood, exit codes, and the live line."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from valo_jupyter.client.events import Batch
from valo_jupyter.domain.errors import ConfirmSnapshot, Invalid
from valo_jupyter.domain.units import parse_bytes
from valo_jupyter.server import cli, cli_run
from valo_jupyter.server.cli_progress import Progress
from valo_jupyter.server.cli_settings import settings_of

EXECUTION = {"counter": 12, "title": "train", "step": "train"}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("words", [[], ["run"], ["run", "nb.ipynb", "-p", "lr"], ["fly"], ["show"]])
def test_what_is_not_understood_exits_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(words)
    assert caught.value.code == 2
    assert "jupyter valo" in capsys.readouterr().err


def test_stop_takes_executions_and_lines_are_counted_from_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.build_parser().parse_args(["stop", "12", "13"]).executions == ["12", "13"]
    for words in ("-5", "0", "many"):
        with pytest.raises(SystemExit):
            cli.main(["logs", "12", "-n", words])
        assert "no number from 1 on" in capsys.readouterr().err


def test_a_password_is_never_an_argument(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("VALO_URL", "http://127.0.0.1:9")  # nobody listens there, and no server is started
    with pytest.raises(SystemExit):
        cli.main(["registry", "add", "docker.io/me/*", "--password", "tok"])
    capsys.readouterr()
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert cli.main(["registry", "add", "docker.io/me/*"]) == 2
    assert "--password-stdin" in capsys.readouterr().err


def test_settings_of_an_environment_from_words(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("PRIVATE")
    words = ["environment", "edit", "gpu", "--min", "1", "--max", "3", "--grace", "0.5", "--team-quota", "ml=2"]
    words += ["-o", 'hosts=["a", "b"]', "-o", "user=ana", "--option-file", f"key={key}", "--container", "memory=2G"]
    words += ["--container", "cpu=1.5", "--no-enabled", "--price", "none"]
    options = [("hosts", "list"), ("user", "string"), ("account", "string"), ("key", "text")]
    of_ssh = [{"name": name, "type": kind, "secret": name == "key"} for name, kind in options]
    words += ["-o", "account=1234"]
    now = {
        "engine": "ssh",
        "team_quotas": {"ops": 1},
        "containers": {"mode": "always", "cpu": None},
        "options": {"hosts": ["old"], "port": 22, "key": {"set": True}},
    }

    def settings(words: list[str]) -> dict[str, Any]:
        kinds = [{"kind": "ssh", "options": of_ssh}]
        return settings_of(cli.build_parser().parse_args(words), now, lambda: kinds)

    with pytest.raises(Invalid, match="--option-file key=PATH"):
        settings([*words, "-o", "key=PRIVATE"])
    assert settings(words) == {
        "min_scale": 1,
        "max_scale": 3,
        "scale_down_grace_minutes": 0.5,
        "enabled": False,
        "per_hour_price_usd": None,
        "team_quotas": {"ops": 1, "ml": 2},
        "containers": {"mode": "always", "memory_bytes": 2_000_000_000, "cpu": 1.5},
        "options": {"hosts": ["a", "b"], "port": 22, "user": "ana", "account": "1234", "key": "PRIVATE"},
    }


@pytest.mark.parametrize(
    ("text", "count"),
    [("512MB", 512_000_000), ("2Gi", 2 * 1024**3), ("1.5k", 1500), ("10", 10), ("3 TiB", 3 * 1024**4)],
)
def test_sizes(text: str, count: int) -> None:
    assert parse_bytes(text) == count


def test_what_is_no_size() -> None:
    for text in ("", "2X", "-1G", "G"):
        with pytest.raises(Invalid, match="is no size"):
            parse_bytes(text)


def test_no_token_before_the_first_start(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["token"]) == 1
    assert "jupyter valo start" in capsys.readouterr().err


def test_a_snapshot_that_needs_a_decision_shows_folders_and_options() -> None:
    largest = [{"path": "data/", "files": 9000, "bytes": 5_000_000_000}]
    lines = cli_run.advice(ConfirmSnapshot("too big", reason="large", largest=largest))
    assert "data/" in lines[0]
    assert "5.0 GB" in lines[0]
    assert "--notebook-only" in lines[-1]
    assert "--accept-large" in lines[-1]
    assert "--accept-home" in cli_run.advice(ConfirmSnapshot("home", reason="home"))[-1]


def batch(*events: dict) -> Batch:
    return Batch(list(events), last=len(events), status="started", done=True)


def cell(code: int, state: str, **more: object) -> dict:
    return {"k": "cell", "cell": code, "code": code, "of": 4, "state": state, **more}


def test_a_terminal_gets_one_line_that_is_drawn_over() -> None:
    terminal = Terminal()
    with Progress(EXECUTION, terminal) as progress:
        progress.show(batch(cell(1, "started"), cell(1, "done", seconds=0.2), cell(2, "started")))
        progress.show(batch({"k": "metadata", "values": {"loss": 0.123456, "_time": "t"}}))
    drawn = terminal.getvalue()
    assert "cell 2 of 4" in drawn
    assert "━" * 7 + "─" in drawn
    assert "loss 0.12346" in drawn
    assert "\n" not in drawn


def test_without_a_terminal_each_cell_is_a_line_without_escapes() -> None:
    file = io.StringIO()
    with Progress(EXECUTION, file) as progress:
        progress.show(batch({"k": "status", "status": "started", "reason": ""}))
        progress.show(batch(cell(1, "done", seconds=0.24), cell(2, "error", seconds=None)))
    assert file.getvalue().splitlines() == [
        "#12 train: submitted",
        "#12 train: started",
        "#12 train: cell 1 of 4 done in 0.2 s",
        "#12 train: cell 2 of 4 error",
    ]


def test_another_attempt_begins_anew() -> None:
    terminal = Terminal()
    with Progress(EXECUTION, terminal) as progress:
        progress.show(batch(cell(3, "done"), {"k": "status", "status": "queued", "reason": "machine lost"}))
    assert "━" not in terminal.getvalue()


def test_waiting_in_line_is_told_once() -> None:
    file = io.StringIO()
    with Progress(EXECUTION, file) as progress:
        assert progress.waits
        for _ in range(3):
            progress.wait({"status": "queued", "status_detail": "in line (2nd)"})
        progress.show(batch({"k": "status", "status": "started", "reason": ""}, cell(1, "started")))
        assert not progress.waits
    assert file.getvalue().count("in line (2nd); `jupyter valo status` shows") == 1


@pytest.mark.parametrize(("log", "red"), [(io.StringIO(), "two"), (Terminal(), "\x1b[31mtwo\x1b[0m")])
def test_the_log_goes_to_its_own_stream_and_is_coloured_in_a_terminal_only(log: io.StringIO, red: str) -> None:
    with Progress(EXECUTION, io.StringIO(), logs=log) as progress:
        progress.show(batch({"k": "log", "s": "stdout", "text": "one\n\x1b[31mtwo\x1b[0m", "n": 2}))
    assert log.getvalue() == f"one\n{red}\n"


def test_help_needs_no_server_code() -> None:
    code = (
        "import sys; from valo_jupyter.server import cli; cli.build_parser(); "
        "print(*[name for name in sys.modules if name.split('.')[0] in ('sqlalchemy', 'distributed', 'tornado')])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == ""


def test_the_magic_loads_by_itself_when_asked_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    shell = [sys.executable, "-m", "IPython", "--no-banner", "--colors=NoColor", "-c", "%valo help"]

    def helped() -> bool:
        return "%valo run" in subprocess.run(shell, capture_output=True, text=True, timeout=60, check=False).stdout

    assert not helped()
    assert cli.main(["autoload", "on"]) == 0
    assert helped()
    assert cli.main(["autoload", "off"]) == 0
    assert not list(tmp_path.rglob("*valo*"))
