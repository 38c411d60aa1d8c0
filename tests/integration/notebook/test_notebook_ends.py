"""How runs end that do not end by themselves: stops, limits, dead kernels, processes left behind."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from valo_jupyter.runtime.contract import Folders, Sink, StopRequest, StopSignal
from valo_jupyter.runtime.kernels import KernelPool
from valo_jupyter.runtime.notebook import find_kernel, run_notebook

Run = Callable[..., Any]
StopWhen = Callable[[str, StopRequest], dict[str, Any]]
SLEEP = "import time\nprint('go', flush=True)\ntime.sleep(60)"


def test_a_stop_interrupts_the_cell_and_runs_no_other(run: Run, stop_when: StopWhen) -> None:
    ran = run("1", SLEEP, "open('never', 'w')", **stop_when("go", StopRequest("stopped by ana")))
    assert (ran.outcome.status, ran.outcome.reason) == ("stopped", "stopped by ana, in cell 2")
    assert [output.ename for output in ran.outputs[1] if output.output_type == "error"] == ["KeyboardInterrupt"]
    assert not (ran.folders.repository / "never").exists()
    assert [event["state"] for event in ran.sink.events("cell")] == ["started", "done", "started", "error"]


def test_a_stopped_cell_may_save_its_work(run: Run, stop_when: StopWhen) -> None:
    code = "import time\ntry:\n    print('go', flush=True); time.sleep(60)\nexcept KeyboardInterrupt:\n"
    ran = run(
        code + "    time.sleep(.3); open('saved', 'w').write('work')", "1", **stop_when("go", StopRequest("stopped"))
    )
    assert (ran.folders.repository / "saved").read_text() == "work"
    assert ran.outcome.status == "stopped"
    # the first cell came to its end
    assert [event["state"] for event in ran.sink.events("cell")] == ["started", "done"]


def test_a_cell_that_ignores_interrupts_is_killed(run: Run, stop_when: StopWhen) -> None:
    code = "import time, signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nprint('kept')\nprint('go', flush=True)\n"
    began = time.monotonic()
    ran = run(
        code + "while True: time.sleep(.1)", "1", **stop_when("go", StopRequest("stopped by ana", kill_after=0.5))
    )
    assert time.monotonic() - began < 60
    assert (ran.outcome.status, ran.outcome.reason) == ("stopped", "stopped by ana, in cell 1")
    assert [output.get("text") or output.ename for output in ran.outputs[0]] == ["kept\ngo\n", "Stopped"]


def test_a_limit_ends_as_an_error(run: Run, stop_when: StopWhen) -> None:
    ran = run(SLEEP, **stop_when("go", StopRequest("over the time limit of 1 s", status="error")))
    assert (ran.outcome.status, ran.outcome.reason) == ("error", "over the time limit of 1 s, in cell 1")


def test_a_lost_attempt_is_killed_at_once(run: Run, stop_when: StopWhen) -> None:
    code = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n" + SLEEP
    ran = run(code, **stop_when("go", StopRequest("no longer the valid writer", kill_after=0, status="lost")))
    assert ran.outcome.status == "stopped"


def test_a_stop_before_the_start_runs_nothing(run: Run) -> None:
    stop = StopSignal()
    stop.set(StopRequest("stopped by ana"))
    ran = run("open('made', 'w')", stop=stop)
    assert (ran.outcome.status, ran.outcome.reason) == ("stopped", "stopped by ana")
    assert ran.sink.events("cell") == []


@pytest.mark.parametrize(
    ("code", "status", "how"),
    [
        ("import os; print('x', flush=True); os._exit(3)", "error", "the kernel ended with exit code 3 in cell 2"),
        ("import os, signal; os.kill(os.getpid(), 9)", "crashed", "the kernel was killed (out of memory?) in cell 2"),
        ("import ctypes; ctypes.string_at(0)", "error", "the kernel was ended by signal SIGSEGV in cell 2"),
    ],
)
def test_a_dead_kernel_is_an_error_of_the_cell(run: Run, code: str, status: str, how: str) -> None:
    ran = run("1", code, "never")
    assert (ran.outcome.status, ran.outcome.reason) == (status, how)
    cells = [cell for cell in ran.notebook.cells if cell.cell_type == "code"]
    assert [cell.metadata.papermill.status for cell in cells] == ["completed", "failed", "pending"]
    assert cells[1].outputs[-1].ename == "DeadKernelError"


def test_what_a_kernel_started_ends_with_it(run: Run) -> None:
    ran = run(
        "import subprocess, time\n"
        "in_group = subprocess.Popen(['sleep', '300'])\n"
        "of_its_own = subprocess.Popen(['sleep', '300'], start_new_session=True)\n"
        "print(in_group.pid, of_its_own.pid)"
    )
    assert ran.outcome.status == "complete"
    (line,) = ran.sink.lines("stdout")
    for pid in map(int, line.split()):
        assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_the_end_of_the_program_is_waited_for(run: Run) -> None:
    ran = run(
        "import atexit, time\nfile = open('unclosed', 'w'); file.write('buffered')\n"
        "def last():\n    time.sleep(.2); open('last', 'w').write('done')\natexit.register(last)"
    )
    assert (ran.folders.repository / "unclosed").read_text() == "buffered"
    assert (ran.folders.repository / "last").read_text() == "done"


def test_a_missing_kernel_names_those_present(run: Run) -> None:
    ran = run("1", metadata={"kernelspec": {"name": "no-such-kernel", "display_name": "x"}})
    assert ran.outcome.status == "error"
    assert "no-such-kernel" in ran.outcome.reason
    assert "python3" in ran.outcome.reason


def test_a_kernel_that_does_not_start_tells_its_last_words(run: Run) -> None:
    spec = {"name": "broken", "argv": ["sh", "-c", "echo no module named x; exit 7"], "env": {}, "language": "python"}
    ran = run("1", kernel=spec)
    assert ran.outcome.status == "error"
    assert "ended with exit code 7" in ran.outcome.reason
    assert "no module named x" in ran.outcome.reason
    ran = run("1", kernel=spec | {"argv": ["/no/such/program"]})
    assert ran.outcome.status == "error"
    assert "/no/such/program" in ran.outcome.reason


def test_what_is_no_notebook(
    folders: Folders, kernels: KernelPool, environment: dict[str, str], remembering: Sink
) -> None:
    (folders.repository / "book.ipynb").write_text('{"cells": 1}')
    outcome = run_notebook(
        notebook=folders.repository / "book.ipynb",
        folders=folders,
        kernel=find_kernel("python3"),
        inject={},
        environment=environment,
        secrets=[],
        limits={},
        sink=remembering,
        stop=StopSignal(),
        kernels=kernels,
    )
    assert outcome.status == "error"
    assert "book.ipynb cannot be run" in outcome.reason


def test_a_notebook_that_cannot_be_saved_is_an_error_that_says_so(run: Run, folders: Folders) -> None:
    ran = run(f"import shutil; shutil.rmtree({str(folders.outputs)!r})")
    assert ran.outcome.status == "error"
    assert "book.ipynb was run, but cannot be saved" in ran.outcome.reason


def test_other_languages(run: Run, stop_when: StopWhen) -> None:
    argv = [sys.executable, "-m", "bash_kernel", "-f", "{connection_file}"]
    bash = {"name": "bash", "argv": argv, "env": {}, "interrupt_mode": "signal", "language": "bash"}
    ran = run("echo $MINE; pwd; echo err >&2", "echo '{\"a\": 1}'", kernel=bash, inject={"MINE": "ü"})
    assert ran.outcome.status == "complete"
    assert ran.sink.lines("stdout")[:2] == ["ü", str(ran.folders.repository)]
    assert ran.sink.metadata() == [{"a": 1}]
    assert ran.outcome.capture["language"] == "bash"
    ran = run("echo go; sleep 60", "echo never", kernel=bash, **stop_when("go", StopRequest("stopped", kill_after=3)))
    assert ran.outcome.status == "stopped"
    assert "never" not in ran.sink.lines()
