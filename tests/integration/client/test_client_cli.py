"""`jupyter valo …` as people type it, against a real server."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from valo_jupyter import Client
from valo_jupyter.domain.executions import Status

Command = Callable[..., "subprocess.CompletedProcess[str]"]
MakeNotebook = Callable[..., Path]


def test_run_shows_cells_and_sums_up(valo: Command, training: Path) -> None:
    done = valo("run", str(training), "-p", "lr", "-0.5", "--tag", "t1")
    assert done.returncode == 0, done.stderr
    assert "cell 3 of 3 done" in done.stderr
    for expected in ("loss", "sub/model.txt", "7 bytes", "best", "t1", "lr      -0.5", "train.ipynb at ~"):
        assert expected in done.stdout
    assert "this machine" in done.stdout
    assert "environment local" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("Executions run on this machine")


def test_a_failure_exits_1_with_the_cell_s_error(valo: Command, make_notebook: MakeNotebook) -> None:
    notebook = make_notebook("print('\\x1b[31mred\\x1b[0m')", "raise KeyError('missing column')", folder="failing")
    done = valo("run", str(notebook))
    assert done.returncode == 1
    assert "missing column" in done.stderr
    assert "Traceback" in done.stderr or "KeyError" in done.stderr
    told = done.stderr + done.stdout + "".join(valo(word, "1", cwd=notebook.parent).stdout for word in ("show", "logs"))
    assert "\x1b" not in told


def test_a_typing_mistake_exits_2(valo: Command, training: Path) -> None:
    done = valo("run", str(training), "-p", "learning", "1")
    assert done.returncode == 2
    assert "lr, epochs" in done.stderr


def test_looking_at_executions(valo: Command, training: Path, tmp_path: Path) -> None:
    here = training.parent
    assert "jupyter valo logs 1 -f" in valo("run", training.name, "--no-wait", cwd=here).stdout
    assert '{"epoch": 2, "loss"' in valo("logs", "1", "-f", cwd=here).stdout
    assert [item["counter"] for item in json.loads(valo("list", "--json", cwd=here).stdout)] == [1]
    assert json.loads(valo("show", "1", "--json", cwd=here).stdout)["status"] == "complete"
    assert "done in" in valo("show", "#1", cwd=here).stdout
    assert json.loads(valo("metadata", "1", cwd=here).stdout.splitlines()[-1])["epoch"] == 2
    assert "sub/model.txt" in valo("outputs", "1", cwd=here).stdout
    written = valo("outputs", "1", "sub/model.txt", "--download", "got", cwd=here)
    assert (here / "got/sub/model.txt").read_text() == "weights", written.stderr
    (here / "got/sub/model.txt").write_text("mine")
    refused = valo("outputs", "1", "--download", "got", cwd=here)
    assert (refused.returncode, (here / "got/sub/model.txt").read_text()) == (1, "mine")
    assert "got/sub/model.txt would be overwritten" in refused.stderr
    assert valo("outputs", "1", "--download", "got", "--force", cwd=here).returncode == 0
    assert (here / "got/sub/model.txt").read_text() == "weights"
    assert "is not a folder" in valo("outputs", "1", "--download", "/dev/null/x", cwd=here).stderr
    assert "No execution matches" in valo("list", "--search", "zzz", cwd=here).stdout
    assert valo("list", "--limit", "-1", cwd=here).returncode == 2
    assert valo("tag", "1", "good", cwd=here).stdout.strip() == "#1: good"
    assert valo("show", "999", cwd=here).returncode == 1


def test_a_number_means_this_folder_s_execution(valo: Command, make_notebook: MakeNotebook) -> None:
    one, other = make_notebook("print('one')", folder="one/same"), make_notebook("print('other')", folder="other/same")
    for notebook in (one, other):
        valo("run", notebook.name, cwd=notebook.parent)
        assert valo("logs", "1", cwd=notebook.parent).stdout.strip() == notebook.parent.parent.name
    assert len(json.loads(valo("list", "--json", cwd=one.parent).stdout)) == 1
    assert len(json.loads(valo("list", "--json", "--all", cwd=one.parent).stdout)) > 1
    elsewhere = valo("logs", "same:1", cwd=one.parent.parent)
    assert elsewhere.returncode == 1
    assert str(other.parent) in elsewhere.stderr


def test_a_notebook_in_the_home_folder_is_sent_only_as_said(
    valo: Command, make_notebook: MakeNotebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = make_notebook("import os; print(sorted(os.listdir()))", folder="person")
    (notebook.parent / "letters.txt").write_text("dear")
    monkeypatch.setenv("HOME", str(notebook.parent))
    refused = valo("run", str(notebook))
    assert refused.returncode == 2
    assert "--notebook-only" in refused.stderr
    assert "--accept-home" in refused.stderr
    alone = valo("run", str(notebook), "--notebook-only", "--logs")
    assert "['train.ipynb']" in alone.stdout, alone.stderr


def test_inputs_and_secrets_reach_the_run_and_nothing_else(
    valo: Command, make_notebook: MakeNotebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = make_notebook(
        "import os, pathlib; print(pathlib.Path(os.environ['VH_INPUTS_DIR'], 'data/train.csv').read_text())",
        "print(os.environ['PLAIN'], len(os.environ['API_KEY']), os.environ['API_KEY'])",
        folder="inputs",
    )
    (notebook.parent / "train.csv").write_text("1,2,3")
    monkeypatch.setenv("API_KEY", "s3cr3t-value")
    here = notebook.parent
    words = ("-i", "data=train.csv", "-e", "PLAIN=seen", "--secret", "API_KEY", "--logs")
    done = valo("run", "train.ipynb", *words, cwd=here)
    assert done.returncode == 0, done.stderr
    assert "1,2,3" in done.stdout
    assert "seen 12 ***" in done.stdout
    assert "train.csv 5 bytes from train.csv" in done.stdout
    assert "s3cr3t" not in done.stdout + done.stderr + valo("show", "latest", "--json", cwd=here).stdout


def test_cancel_ends_an_execution(valo: Command, client: Client, make_notebook: MakeNotebook) -> None:
    execution = client.run(make_notebook("import time; time.sleep(60)"))
    assert valo("cancel", execution.id).returncode == 0
    assert execution.wait(60, raise_on_failure=False).status is Status.STOPPED


def test_ctrl_c_leaves_it_running(client: Client, make_notebook: MakeNotebook) -> None:
    notebook = make_notebook("import time; time.sleep(1.5)")
    command = [sys.executable, "-m", "valo_jupyter.server.cli", "run", str(notebook)]
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # as in a terminal, also where the tests run in a shell's background
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stderr is not None
    assert "submitted" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "goes on" in said
    newest = client.executions(limit=1, everywhere=True)[0]
    assert f"jupyter valo logs {client.reference(newest)} -f" in said
    assert newest.wait(60).status is Status.COMPLETE


def test_status_and_token(valo: Command, client: Client, server_home: Path) -> None:
    status = json.loads(valo("status", "--json").stdout)
    assert status["url"] == client.url
    assert status["state_folder"] == str(server_home)
    assert {"pid", "engine_pid", "version"} <= set(status)
    assert valo("token").stdout.strip() == (server_home / "token").read_text().strip()
