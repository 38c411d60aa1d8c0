"""Commands: one shell, the first failure ends it, and nothing is left running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from valo_jupyter.runtime.commands import run_commands
from valo_jupyter.runtime.contract import Folders, StopRequest, StopSignal
from valo_jupyter.runtime.job import run_job


def test_the_first_failure_ends_it(bench):
    assert bench.commands("echo one", "false", "echo three") == "error"
    assert bench.server.lines("stdout") == ["one"]
    assert (bench.end["reason"], bench.end["exit_code"]) == ("command 2 of 3 failed with exit code 1: false", 1)


def test_a_failing_line_within_a_command_ends_it(bench):
    assert bench.commands("echo a\nsh -c 'exit 3'\necho b") == "error"
    assert bench.server.lines("stdout") == ["a"]
    assert bench.end["exit_code"] == 3


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        ("no-such-program-at-all", "error", "exit code 127: no such program: no-such-program-at-all"),
        ("kill -KILL $$", "crashed", "signal 9: kill -KILL $$"),
        ("sh -c 'kill -KILL $$'", "error", "exit code 137: killed (out of memory?): sh -c 'kill -KILL $$'"),
        ("echo 'unfinished", "error", "exit code 2: echo 'unfinished"),
    ],
)
def test_the_reason_says_how_it_ended(bench, command: str, status: str, said: str):
    assert bench.commands(command) == status
    assert bench.end["reason"] == f"the command failed with {said}"


def test_one_shell_for_all(bench):
    bench.commands(
        "cd /; set -- x y; export MODE=fast; word=plain", 'echo "$PWD $MODE $word $1"', "exit 0", "echo never"
    )
    assert bench.server.lines("stdout")[0].startswith("/ fast plain")
    assert "never" not in bench.server.lines()
    assert bench.end["status"] == "complete"


def test_it_runs_in_the_root_of_the_checkout_without_input(bench):
    (bench.project / "sub").mkdir()
    (bench.project / "sub" / "file").write_text("x")
    bench.commands('pwd; ls; cat; [ "$PWD" = "$VH_REPOSITORY_DIR" ]')
    assert bench.server.lines("stdout")[1:] == ["sub"]
    assert bench.end["status"] == "complete"


def test_streams_are_kept_apart_and_in_the_order_of_commands(bench):
    bench.commands("echo out; echo err >&2", "printf 'no end'", "echo last")
    lines = [(event["s"], line) for event in bench.server.of("log") for line in event["text"].split("\n")]
    assert lines[-3:] == [("stdout", "no end"), ("status", "Command 3 of 3: echo last"), ("stdout", "last")]
    assert {("stdout", "out"), ("stderr", "err")} <= set(lines[:3])


def test_bytes_that_are_no_text_and_text_cut_in_the_middle(bench):
    bench.commands(r"printf 'caf\303'; sleep 0.05; printf '\251\n\377\n'")
    assert bench.server.lines("stdout") == ["café", "\ufffd"]


def test_metadata_is_what_stdout_says_alone_on_a_line(bench):
    bench.commands(
        """echo '{"a": 1}'; echo '{"a": 2}' >&2; echo 'x {"a": 3}'; printf '{"a":'; sleep 0.5; echo ' NaN}'"""
    )
    values = [event["values"] for event in bench.server.of("metadata")]
    assert [value["a"] for value in values] == [1, "NaN"]
    assert all("_time" in value for value in values)


def test_a_question_is_shown_before_its_answer(bench):
    bench.commands("printf 'Continue? '; sleep 0.7; echo yes")
    assert bench.server.lines("stdout") == ["Continue? ", "yes"]


def test_many_lines_arrive_complete(bench):
    bench.commands(f"{sys.executable} -c \"for n in range(300000): print('line', n)\"")
    assert bench.server.lines("stdout") == [f"line {n}" for n in range(300_000)]


def test_secrets_are_shown_nowhere(bench):
    bench.commands(
        'echo "token: $TOKEN"; echo "{\\"t\\": \\"$TOKEN\\"}"; sh -c "exit 4 # hunter22"',
        environment_variables={"TOKEN": "hunter22"},
        secret_names=["TOKEN"],
    )
    assert "hunter22" not in str(bench.server.events) + str(bench.server.ends)
    assert "token: ***" in bench.server.lines("stdout")


def test_a_secret_that_is_too_short_to_be_hidden_is_named(bench):
    bench.commands(
        "echo started",
        environment_variables={"TOKEN": "hunter22", "PIN": "qx7", "NONE": ""},
        secret_names=["TOKEN", "PIN", "NONE"],
    )
    said = [line for line in bench.server.lines("status") if "too short" in line]
    assert said == [
        "The value of secret variable PIN is shorter than 4 characters: too short to be hidden where it is printed"
    ]


def test_background_processes_end_with_the_commands(bench):
    begun = time.monotonic()
    bench.commands("sleep 600 & echo $! ; setsid sleep 600 & echo $!")
    assert time.monotonic() - begun < 120
    assert bench.end["status"] == "complete"
    assert not any(psutil.pid_exists(int(pid)) and alive(int(pid)) for pid in bench.server.lines("stdout"))


def alive(pid: int) -> bool:
    return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def stop_when(bench, line: str, kill_after: float = 5.0) -> None:
    def ask(path: str) -> None:
        if line in bench.server.lines() and bench.server.stop is None:
            bench.server.stop = {"by": "ana", "reason": "stopped by ana", "kill_after": kill_after}

    bench.server.on_request = ask


def test_a_stop_lets_a_program_save_its_work(bench):
    (bench.project / "train.py").write_text(
        "import os, time\nprint('ready', flush=True)\n"
        "try:\n    time.sleep(60)\n"
        "except KeyboardInterrupt:\n"
        "    time.sleep(0.5)\n    open(os.environ['VH_OUTPUTS_DIR'] + '/checkpoint', 'w').write('saved')\n"
        "    print('saved', flush=True)\n"
    )
    stop_when(bench, "ready")
    assert bench.commands(f"{sys.executable} train.py", "echo never") == "stopped"
    assert bench.server.lines("stdout") == ["ready", "saved"]
    assert bench.stored("checkpoint") == b"saved"
    assert bench.end["reason"] == "stopped by ana"


def test_what_ignores_a_stop_is_killed(bench):
    stop_when(bench, "ready", kill_after=1.0)
    begun = time.monotonic()
    assert (
        bench.commands("trap '' INT TERM; touch $VH_OUTPUTS_DIR/kept; echo ready; while :; do sleep 0.1; done")
        == "stopped"
    )
    assert time.monotonic() - begun < 120
    assert bench.stored("kept") == b""


def test_a_stale_attempt_is_killed_at_once_and_reports_nothing_more(bench):
    def turn_stale(path: str) -> None:
        bench.server.stale = bench.server.stale or "ready" in bench.server.lines()

    bench.server.on_request = turn_stale
    begun = time.monotonic()
    status = bench.commands("trap '' INT TERM; echo ready; touch $VH_OUTPUTS_DIR/x; while :; do sleep 0.1; done")
    assert (status, bench.server.ends, bench.server.outputs) == ("stale", [], [])
    assert time.monotonic() - begun < 120
    assert list((bench.state / "jobs").iterdir()) == []


def test_the_time_limit(bench):
    limits = {"time_limit": 2.0, "no_output_timeout": None, "notebook_output_bytes": 1}
    assert bench.commands("touch $VH_OUTPUTS_DIR/kept; sleep 60", limits=limits) == "error"
    assert bench.end["reason"].startswith("the time limit of 2 s was reached")
    assert bench.stored("kept") == b""


def test_the_limit_of_silence(bench):
    limits = {"time_limit": None, "no_output_timeout": 2.0, "notebook_output_bytes": 1}
    command = "for n in 1 2 3 4; do echo $n; sleep 0.6; done; sleep 60"
    assert bench.commands(command, limits=limits) == "error"
    assert bench.end["reason"].startswith("nothing was printed for 2 s")
    assert bench.server.lines("stdout") == ["1", "2", "3", "4"]


class Watch:
    def __init__(self) -> None:
        self.calls: list[tuple[str, int]] = []

    def ready(self) -> None:
        self.calls.append(("ready", 0))

    def started(self, pid: int) -> None:
        self.calls.append(("started", os.getpgid(pid) == pid and pid))

    def ended(self, pid: int) -> None:
        self.calls.append(("ended", pid))


def test_the_watch_hears_of_the_process_group(bench, monkeypatch: pytest.MonkeyPatch):
    watch = Watch()
    original = run_job
    monkeypatch.setitem(bench.run.__func__.__globals__, "run_job", lambda *a, **k: original(*a, **k, watch=watch))
    bench.commands("true")
    _, (_, pid), (_, ended) = watch.calls
    assert [name for name, _ in watch.calls] == ["ready", "started", "ended"]
    assert pid == ended


def test_the_shell_dies_with_the_machine_process(tmp_path):
    code = (
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "from valo_jupyter.runtime.commands import run_commands\n"
        "from valo_jupyter.runtime.commands import run_commands\n"
        "from valo_jupyter.runtime.contract import Folders, StopSignal\n"
        "class Sink:\n"
        "    def emit(self, event): pass\n"
        "    def log(self, stream, lines, cell=None):\n"
        "        if stream == 'stdout': print(*lines, flush=True)\n"
        "folders = Folders(Path(sys.argv[1])); folders.repository.mkdir()\n"
        "run_commands(['echo $$', 'exec sleep 600'], folders=folders, environment=dict(os.environ), sink=Sink(),"
        " stop=StopSignal())\n"
    )
    machine = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert machine.stdout is not None
    shell = int(machine.stdout.readline())
    machine.send_signal(signal.SIGKILL)
    machine.wait(10)
    machine.stdout.close()
    deadline = time.monotonic() + 5
    while psutil.pid_exists(shell) and alive(shell):
        assert time.monotonic() < deadline, "the shell lives on"
        time.sleep(0.02)


def test_a_stop_that_came_before_the_shell(tmp_path):
    class Sink:
        def emit(self, event):
            raise AssertionError(event)

        def log(self, stream, lines, cell=None):
            assert stream == "status"

        def notebook(self, content):
            raise AssertionError

    stop = StopSignal()
    stop.set(StopRequest("too late", kill_after=1.0))
    folders = Folders(tmp_path)
    folders.repository.mkdir()
    outcome = run_commands(["sleep 60"], folders=folders, environment=dict(os.environ), sink=Sink(), stop=stop)
    assert (outcome.status, outcome.reason) == ("stopped", "too late")


def test_a_variable_larger_than_the_system_passes_on(bench):
    assert bench.commands("true", environment_variables={"HUGE": "x" * 300_000}) == "error"
    assert bench.end["reason"] == "the shell could not be started: Argument list too long"
