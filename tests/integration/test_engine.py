"""Executions through the death of any process of the server: none lost, none run twice, none left behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.parts.local import LocalProject, processes_of, until, user_processes
from valo_jupyter.domain.errors import Conflict
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.server import lifecycle

ROOT = Path(__file__).parents[2]
START = """
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.server import lifecycle
lifecycle.start(StateFolder.default())
"""


class Line(LocalProject):
    """Steps that go on until the test lets them."""

    def __init__(self, state: StateFolder, folder: Path) -> None:
        self.gate = folder / "gate"
        waiting = f"while [ ! -e {self.gate} ]; do sleep 0.05; done"
        steps = {
            "quick": ["echo quick"],
            "waits": ["echo begun", waiting, "echo over"],
            "strays": ["(setsid sleep 300 &)", "echo begun", waiting],
        }
        super().__init__(state, folder / "code", steps)

    def begun(self, step: str = "waits", **fields: object) -> str:
        """Submit, and return when its commands run."""
        execution_id = self.submit(step, **fields)
        until(lambda: "begun" in self.lines(execution_id))
        return execution_id

    def open(self) -> None:
        self.gate.touch()


@pytest.fixture
def state(private_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StateFolder]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    folder = StateFolder.default()
    lifecycle.start(folder)
    yield folder
    lifecycle.stop(folder, force=True)
    assert processes_of(private_home) == []


@pytest.fixture
def line(state: StateFolder, tmp_path: Path) -> Iterator[Line]:
    line = Line(state, tmp_path)
    yield line
    line.open()
    line.close()


def machine_of(state: StateFolder, execution_id: str) -> int:
    machines = lifecycle.status(state)["machines"]
    return next(machine["pid"] for machine in machines if machine["execution"] == execution_id)


def test_a_killed_machine_costs_one_attempt_and_a_second_one_the_execution(line: Line, state: StateFolder) -> None:
    execution_id = line.begun()
    os.kill(machine_of(state, execution_id), signal.SIGKILL)
    until(lambda: line.lines(execution_id).count("begun") == 2)
    assert line.row(execution_id).attempt == 2
    os.kill(machine_of(state, execution_id), signal.SIGKILL)
    row = line.wait(execution_id)
    assert row.status == "crashed"
    assert "ended by signal 9" in row.status_detail


def test_a_killed_engine_takes_its_machines_along_and_its_executions_run_again(line: Line, state: StateFolder) -> None:
    execution_id = line.begun("strays")
    before = lifecycle.status(state)
    users = [process.pid for process in user_processes(Path.home())]
    assert len(users) >= 2
    os.kill(before["engine_pid"], signal.SIGKILL)
    until(lambda: not any(psutil.pid_exists(pid) for pid in (machine["pid"] for machine in before["machines"])), 20)
    until(lambda: line.lines(execution_id).count("begun") == 2)
    assert not any(psutil.pid_exists(pid) for pid in users)
    line.open()
    row = line.wait(execution_id)
    assert (row.status, row.attempt) == ("complete", 2)
    assert lifecycle.status(state)["pid"] == before["pid"]


def test_a_killed_web_process_touches_no_execution(line: Line, state: StateFolder) -> None:
    execution_id = line.begun()
    before = lifecycle.status(state)
    os.kill(before["pid"], signal.SIGKILL)
    line.open()
    row = line.wait(execution_id)
    assert (row.status, row.attempt) == ("complete", 1)
    assert line.lines(execution_id) == ["begun", "over"]
    after = lifecycle.status(state)
    assert after["engine_pid"] == before["engine_pid"]
    assert after["url"] == before["url"]


def test_stop_is_refused_while_something_runs_and_forced_it_goes_on_at_the_next_start(
    line: Line, state: StateFolder
) -> None:
    execution_id = line.begun()
    with pytest.raises(Conflict, match="An execution is running"):
        lifecycle.stop(state)
    assert lifecycle.status(state)["executions"] == [execution_id]
    lifecycle.stop(state, force=True)
    assert line.status(execution_id) == "queued"
    line.open()
    lifecycle.start(state)
    assert line.wait(execution_id).status == "complete"


def test_limits_hold_from_the_moment_they_are_set(line: Line, state: StateFolder) -> None:
    line.services.environments.set_scale("local", maximum=1)
    first = line.begun()
    second = line.submit("quick")
    line.services.environments.set_scale("local", maximum=2)
    assert line.wait(second).status == "complete"
    assert line.status(first) == "started"
    line.services.environments.set_scale("local", maximum=1, grace_minutes=0.01)
    until(lambda: [machine["state"] for machine in lifecycle.status(state)["machines"]] == ["busy"])
    third = line.submit("quick")
    line.open()
    assert line.wait(first).status == "complete"
    assert line.wait(third).status == "complete"
    until(lambda: lifecycle.status(state)["machines"] == [])


def test_an_upgrade_lets_what_runs_end_where_it_is_and_takes_new_work_at_once(
    line: Line, state: StateFolder, tmp_path: Path
) -> None:
    lifecycle.stop(state)
    older = tmp_path / "older"
    left_out = shutil.ignore_patterns("labextension", "__pycache__")
    shutil.copytree(ROOT / "valo_jupyter", older / "valo_jupyter", ignore=left_out)
    init = older / "valo_jupyter/__init__.py"
    init.write_text(init.read_text().replace('__version__ = "', '__version__ = "0.0.'))
    environment = {**os.environ, "PYTHONPATH": str(older)}
    subprocess.run([sys.executable, "-c", START], env=environment, check=True, timeout=60, cwd=tmp_path)
    old = lifecycle.status(state)
    execution_id = line.begun()

    new = lifecycle.start(state)
    assert new["engine_pid"] != old["engine_pid"]
    assert line.wait(line.submit("quick")).status == "complete"
    assert psutil.pid_exists(old["engine_pid"])
    line.open()
    row = line.wait(execution_id)
    assert (row.status, row.attempt) == ("complete", 1)
    until(lambda: not psutil.pid_exists(old["engine_pid"]))


@pytest.mark.slow
def test_a_machine_that_froze_is_replaced_when_its_lease_is_over(line: Line, state: StateFolder) -> None:
    execution_id = line.begun()
    frozen = machine_of(state, execution_id)
    os.kill(frozen, signal.SIGSTOP)
    until(lambda: line.lines(execution_id).count("begun") == 2, 60)
    assert not psutil.pid_exists(frozen)
    line.open()
    assert line.wait(execution_id).status == "complete"
