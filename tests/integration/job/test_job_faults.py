"""A whole job, while the server, the disk or the code does what nobody wants."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time

import psutil
import pytest

from valo_jupyter.runtime import elsewhere


def test_a_missing_file_names_the_rule_that_left_it_out(bench):
    left_out = [{"path": "data/", "rule": ".gitignore:3 data/"}]
    assert bench.notebook("1", "open('../data/x.csv')", path="notebooks/n.ipynb", left_out=left_out) == "error"
    assert bench.end["error"]["ename"] == "FileNotFoundError"
    assert bench.end["reason"].startswith("failed in cell 2: FileNotFoundError: ")
    assert bench.end["reason"].endswith(
        "; data/ exists on your side but was left out of the snapshot by .gitignore:3 data/"
    )


def test_the_server_goes_away_while_the_code_runs_and_comes_back_elsewhere(bench):
    go = bench.state / "go"

    def restart() -> None:
        deadline = time.monotonic() + 20
        while "ready" not in bench.server.lines() and time.monotonic() < deadline:
            time.sleep(0.02)
        bench.server.go_away()
        go.touch()
        time.sleep(0.7)
        bench.server.come_back()

    thread = threading.Thread(target=restart)
    thread.start()
    status = bench.commands(
        f'echo ready; while [ ! -e "{go}" ]; do sleep 0.05; done; '
        "for n in 1 2 3; do echo while away $n; done; echo result > $VH_OUTPUTS_DIR/result"
    )
    thread.join(20)
    assert status == "complete"
    assert bench.server.lines("stdout") == ["ready", *(f"while away {n}" for n in (1, 2, 3))]
    assert bench.stored("result") == b"result\n"
    assert len(bench.server.ends) == 1


@pytest.mark.parametrize("path", ["start", "events", "inputs", "outputs", "notebook", "end"])
def test_every_request_is_repeated_until_it_is_answered(bench, path: str):
    (bench.project / "a").write_text("a")
    bench.server.faults = [(path, 503), (path, 500)]
    given = [{"name": "x", "uris": ["a"]}]
    assert bench.notebook("print('once')", inputs=given) == "complete"
    server = bench.server
    assert server.faults == []
    assert server.lines("stdout") == ["once"]
    assert (len(server.inputs), len(server.outputs), len(server.ends)) == (1, 1, 1)


@pytest.mark.parametrize("path", ["inputs", "outputs", "end"])
def test_an_attempt_that_turns_stale_is_forgotten(bench, path: str):
    (bench.project / "a").write_text("a")

    def turn(asked: str) -> None:
        bench.server.stale = bench.server.stale or asked == path

    bench.server.on_request = turn
    status = bench.commands("touch $VH_OUTPUTS_DIR/x", inputs=[{"name": "x", "uris": ["a"]}])
    assert (status, bench.server.ends) == ("stale", [])
    assert list((bench.state / "jobs").iterdir()) == []


def test_remains_of_an_earlier_run_are_removed(bench):
    old = bench.state / "jobs" / f"{bench.assignment['execution']['id']}-1"
    (old / "outputs").mkdir(parents=True)
    (old / "outputs" / "old").write_text("old")
    (old / "outputs").chmod(0o500)
    assert bench.commands("ls -a $VH_OUTPUTS_DIR | wc -l") == "complete"
    assert bench.server.lines("stdout")[0].strip() == "2"
    assert bench.server.outputs == []


def test_the_folder_of_a_job_is_private(bench):
    bench.commands("stat -c %a $VH_OUTPUTS_DIR/..")
    assert bench.server.lines("stdout") == ["700"]


def test_a_commit_that_is_missing(bench, monkeypatch: pytest.MonkeyPatch):
    bench.commands("true")
    bench.server.ends.clear()
    code = {**bench.server.assignment["code"], "commit": "0" * 40}
    assert bench.commands("true", code=code) == "crashed"
    assert "0000000" in bench.end["reason"]


def test_a_notebook_that_is_not_in_the_snapshot(bench):
    assert bench.run(notebook={"path": "gone.ipynb", "kernel": None, "inject": {}}) == "error"
    assert bench.end["reason"] == "The notebook gone.ipynb is not in the snapshot."


def test_a_folder_for_jobs_that_cannot_be_written(bench):
    bench.state.mkdir(exist_ok=True)
    (bench.state / "jobs").write_text("a file")
    assert bench.commands("true") == "crashed"
    assert "Valo could not run this: " in bench.end["reason"]


def test_a_stop_before_the_code_runs_nothing_of_it(bench, monkeypatch: pytest.MonkeyPatch):
    original = elsewhere.checkout

    def checkout(*arguments):
        original(*arguments)
        # the stop has arrived with a beat by then
        deadline = time.monotonic() + 10
        while bench.server.requests["events"] < 2 and time.monotonic() < deadline:
            time.sleep(0.02)

    monkeypatch.setattr(elsewhere, "checkout", checkout)
    bench.server.stop = {"by": "ana", "reason": "stopped by ana", "kill_after": 10.0}
    assert bench.notebook("print('never')") == "stopped"
    assert (bench.server.lines("stdout"), bench.end["reason"]) == ([], "stopped by ana")


def test_a_stop_in_a_cell_keeps_what_it_wrote(bench):
    def ask(path: str) -> None:
        if "ready" in bench.server.lines():
            bench.server.stop = {"by": "ana", "reason": "stopped by ana", "kill_after": 5.0}

    bench.server.on_request = ask
    cells = ("open(__import__('os').environ['VH_OUTPUTS_DIR'] + '/kept', 'w').write('x'); print('ready')",)
    assert bench.notebook(*cells, "import time; time.sleep(60)", "print('never')") == "stopped"
    assert bench.stored("kept") == b"x"
    assert bench.end["reason"].startswith("stopped by ana")
    assert "never" not in bench.server.lines()
    assert "notebook.ipynb" in [output["name"] for output in bench.server.outputs]


def test_the_limits_of_a_notebook(bench):
    limits = {"time_limit": 1.5, "no_output_timeout": None, "notebook_output_bytes": 50_000_000}
    assert bench.notebook("print('begun')", "import time; time.sleep(60)", limits=limits) == "error"
    assert bench.end["reason"].startswith("the time limit of 1.5 s was reached")


def test_secrets_of_a_notebook_are_shown_nowhere(bench):
    secret = {"environment_variables": {"TOKEN": "hunter22"}, "secret_names": ["TOKEN"]}
    cells = ("import os; print(os.environ['TOKEN'])", "raise ValueError(os.environ['TOKEN'])")
    assert bench.notebook(*cells, **secret) == "error"
    everything = json.dumps([bench.server.events, bench.server.ends]) + bench.stored("notebook.ipynb").decode()
    assert "hunter22" not in everything + "".join(content.decode() for content in bench.server.notebooks)
    assert "ValueError: ***" in bench.end["reason"]


def test_the_runtime_imports_no_server():
    code = "import sys, valo_jupyter.runtime.job; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not {"sqlalchemy", "alembic", "distributed", "valo_jupyter.db", "valo_jupyter.services"} & loaded


def test_the_time_limit_holds_for_downloads_too(bench):
    limits = {"time_limit": 0.8, "no_output_timeout": 0.1, "notebook_output_bytes": 1}
    given = [{"name": "x", "uris": ["http://127.0.0.1:9/never"]}]
    assert bench.commands("echo never", inputs=given, limits=limits) == "error"
    assert bench.end["reason"].startswith("the time limit of 0.8 s was reached")
    assert bench.server.lines("stdout") == []


def test_details_that_the_server_refuses_do_not_hide_the_end(bench):
    original = bench.server.take_end

    def refuse(body: bytes):
        if json.loads(body)["capture"] is not None:
            raise bench.server.refuse("no capture, please")
        return original(body)

    bench.server.take_end = refuse
    assert bench.notebook("print('fine')") == "complete"
    assert (bench.end["status"], bench.end["capture"]) == ("complete", None)


def test_daemons_of_a_notebook_end_with_it(bench):
    cell = (
        "import subprocess\n"
        "command = 'setsid sleep 600 >/dev/null 2>&1 & echo $!'\n"
        "print(subprocess.run(command, shell=True, capture_output=True, text=True).stdout)"
    )
    assert bench.notebook(cell) == "complete"
    pid = int(bench.server.lines("stdout")[0])
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
