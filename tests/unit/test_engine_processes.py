"""What is written down of a machine is enough to end all of it, and never ends anything else."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from valo_jupyter.domain.state import StateFolder
from valo_jupyter.engines.processes import MachineFile, MachineRecord, ProcessId, machines_folder, records
from valo_jupyter.engines.remains import end_execution, take_over


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    state = StateFolder(tmp_path)
    state.jobs.mkdir()
    state.log.mkdir()
    return state


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen]:
    """A process in a group of its own."""
    process = subprocess.Popen(["sleep", "100"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


def dead() -> ProcessId:
    process = subprocess.Popen([sys.executable, "-c", ""])
    found = ProcessId.of(process.pid)
    process.wait()
    assert found is not None
    return found


def own() -> ProcessId:
    found = ProcessId.of(os.getpid())
    assert found is not None
    return found


def written(state: StateFolder, name: str, engine: ProcessId, execution_id: str | None = None) -> MachineFile:
    scratch = state.root / f"scratch-{name}"
    scratch.mkdir()
    file = MachineFile(machines_folder(state), MachineRecord(name, dead(), engine, str(scratch)))
    file.runs(execution_id, 1 if execution_id else None)
    file.ready()
    return file


def ended(process: subprocess.Popen) -> bool:
    return process.wait(30) == -9


def test_a_reused_number_is_somebody_else(sleeper: subprocess.Popen) -> None:
    found = ProcessId.of(sleeper.pid)
    assert found is not None
    assert found.alive()
    assert not ProcessId(sleeper.pid, found.started - 3600).alive()
    assert not dead().alive()


def test_a_dead_engines_machine_is_ended_with_all_it_left(state: StateFolder, sleeper: subprocess.Popen) -> None:
    execution_id = str(uuid.uuid4())
    written(state, "m1", dead(), execution_id).started(sleeper.pid)
    job = state.jobs / f"{execution_id}-1" / "repository"
    (job / "sealed").mkdir(parents=True)
    (job / "sealed" / "file").touch()
    (job / "sealed").chmod(0o500)
    take_over(state)
    assert ended(sleeper)
    assert records(machines_folder(state)) == []
    assert list(state.jobs.iterdir()) == []
    assert not (state.root / "scratch-m1").exists()


def test_a_living_engines_machine_is_left_alone(state: StateFolder, sleeper: subprocess.Popen) -> None:
    execution_id = str(uuid.uuid4())
    written(state, "m1", own(), execution_id).started(sleeper.pid)
    (state.jobs / f"{execution_id}-1").mkdir()
    (state.jobs / "forgotten-1").mkdir()
    take_over(state)
    assert sleeper.poll() is None
    assert [record.name for record in records(machines_folder(state))] == ["m1"]
    assert [path.name for path in state.jobs.iterdir()] == [f"{execution_id}-1"]


def test_a_group_whose_number_was_reused_is_not_ended(state: StateFolder, sleeper: subprocess.Popen) -> None:
    record = MachineRecord("m1", dead(), dead(), str(state.root / "none"), groups={sleeper.pid: 1.0})
    MachineFile(machines_folder(state), record)
    take_over(state)
    assert sleeper.poll() is None


def test_a_process_that_left_its_group_is_found_by_its_execution(state: StateFolder) -> None:
    execution_id, other = str(uuid.uuid4()), str(uuid.uuid4())
    started = [
        subprocess.Popen(["sleep", "100"], start_new_session=True, env={**os.environ, "VALO_EXECUTION": name})
        for name in (execution_id, other)
    ]
    try:
        end_execution(state, execution_id)
        assert ended(started[0])
        assert started[1].poll() is None
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_a_record_follows_what_the_machine_runs(state: StateFolder, sleeper: subprocess.Popen) -> None:
    file = written(state, "m1", own())
    file.started(sleeper.pid)
    (record,) = records(machines_folder(state))
    assert record.groups == {sleeper.pid: psutil.Process(sleeper.pid).create_time()}
    file.ended(sleeper.pid)
    file.ended(sleeper.pid)
    file.runs("an execution", 3)
    file.ready()
    (record,) = records(machines_folder(state))
    assert (record.groups, record.execution_id, record.attempt) == ({}, "an execution", 3)
    (machines_folder(state) / "torn.json").write_text('{"name": "to')
    assert [one.name for one in records(machines_folder(state))] == ["m1"]
    file.remove()
    assert records(machines_folder(state)) == []


def test_nothing_is_ready_before_it_is_written(state: StateFolder) -> None:
    file = written(state, "m1", own())
    # where the next version of the record is written first
    in_the_way = file.path.with_name(f".{file.path.name}.{os.getpid()}")
    in_the_way.mkdir()
    file.runs("an execution", 1)
    for _ in range(2):
        with pytest.raises(OSError, match="Is a directory"):
            file.ready()
    in_the_way.rmdir()
    file.ready()
    (record,) = records(machines_folder(state))
    assert (record.execution_id, record.attempt) == ("an execution", 1)
