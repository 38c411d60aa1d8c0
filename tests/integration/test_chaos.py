"""Any process of the server is killed at any moment while executions run: none is lost, none has two writers."""

from __future__ import annotations

import os
import random
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
import sqlalchemy as sa

from tests.parts.local import LocalProject, processes_of, until, user_processes
from valo_jupyter.db.tables import attempts
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.engines.processes import machines_folder, records
from valo_jupyter.server import lifecycle
from valo_jupyter.server.locks import holder, is_held

ROOT = Path(__file__).parents[2]
EXECUTIONS = 20
LINES = 20
CHAOS_SECONDS = 25.0
SETTLE_SECONDS = 150.0

# two runs of one execution at the same time cannot both hold the lock, and the system frees a dead one's
ALONE = """
import fcntl, os, time
alone = open(os.path.join({folder!r}, os.environ["VALO_EXECUTION"]), "w")
fcntl.flock(alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
"""
COUNT = f"for number in range({LINES}):\n    print('line', number, flush=True)\n    time.sleep(0.04)"


@pytest.fixture
def state(private_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StateFolder]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    folder = StateFolder.default()
    lifecycle.start(folder)
    yield folder
    lifecycle.stop(folder, force=True)
    assert processes_of(private_home) == []


@pytest.fixture
def project(state: StateFolder, tmp_path: Path) -> Iterator[LocalProject]:
    folder = tmp_path / "locks"
    folder.mkdir()
    code = tmp_path / "code"
    code.mkdir()
    cells = [ALONE.format(folder=str(folder)), COUNT, "alone.close()"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    nbformat.write(notebook, code / "count.ipynb")
    script = ALONE.format(folder=str(folder)) + COUNT
    (code / "count.py").write_text(script)
    project = LocalProject(state, code, {"script": ["python count.py"]})
    yield project
    project.close()


def victims(state: StateFolder) -> dict[str, list[tuple[int, str]]]:
    """The processes there are, by what they are, with the execution they run."""
    busy = [one for one in records(machines_folder(state)) if one.machine.alive() and one.execution_id]
    servers = {kind: (holder(state.lock(kind)) or {}).get("pid") for kind in ("web", "engine")}
    return {
        **{kind: [(pid, "")] if pid else [] for kind, pid in servers.items()},
        "machine": [(one.machine.pid, str(one.execution_id)) for one in busy],
        "kernel": [(pid, str(one.execution_id)) for one in busy for pid in one.groups],
    }


def kill_about(state: StateFolder, dice: random.Random) -> list[tuple[str, str]]:
    """Kill a random process now and then; what was killed, and the execution it ran."""
    killed = []
    end = time.monotonic() + CHAOS_SECONDS
    while time.monotonic() < end:
        time.sleep(dice.uniform(0.2, 2.0))
        if not any(is_held(state.lock(kind)) for kind in ("web", "engine")):
            # neither is left to revive the other: the Jupyter extension does it
            lifecycle.start(state)
        kind = dice.choice(["web", "engine", "machine", "kernel"])
        if found := victims(state)[kind]:
            pid, execution_id = dice.choice(found)
            try:
                os.kill(pid, signal.SIGKILL)
                killed.append((kind, execution_id))
            except ProcessLookupError:
                pass
    return killed


@pytest.mark.slow
def test_no_execution_is_lost_or_has_two_writers(project: LocalProject, state: StateFolder, private_home: Path) -> None:
    seed = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(1_000_000))
    print(f"CHAOS_SEED={seed}")
    submitted = [
        project.submit("script") if number % 2 else project.submit_notebook("count.ipynb")
        for number in range(EXECUTIONS)
    ]
    killed = kill_about(state, random.Random(seed))
    print("killed:", ", ".join(kind for kind, _ in killed))
    lifecycle.start(state)
    failed = {execution_id for kind, execution_id in killed if kind == "kernel"}
    for execution_id in submitted:
        project.wait(execution_id, seconds=SETTLE_SECONDS)

    outcomes = [check(project, execution_id, may_fail=execution_id in failed) for execution_id in submitted]
    print({outcome: outcomes.count(outcome) for outcome in set(outcomes)})
    # what ran is gone, but for the kernels that wait
    until(lambda: not user_processes(private_home))
    assert lifecycle.start(state)["url"]
    assert project.wait(project.submit("script")).status == "complete"


def check(project: LocalProject, execution_id: str, *, may_fail: bool) -> str:
    """One of the allowed ends, an unbroken stream, and one writer at a time."""
    row = project.row(execution_id)
    with project.services.database.read() as connection:
        query = sa.select(attempts).where(attempts.c.execution_id == execution_id).order_by(attempts.c.number)
        made = connection.execute(query).all()
    assert "open" not in [attempt.status for attempt in made]
    assert [attempt.number for attempt in made] == list(range(1, len(made) + 1))
    assert row.requeued <= 1
    ran_and_lost = [attempt for attempt in made if attempt.status == "lost" and attempt.started]
    assert len(ran_and_lost) <= 2

    events = list(project.services.stream.all(execution_id))
    assert_unbroken(events)
    if row.status == "complete":
        assert last_lines(events) == [f"line {number}" for number in range(LINES)]
    else:
        assert row.status == "crashed", row.status_detail
        # its machine was lost twice; or its own kernel or script was killed
        lost = "machine lost" in row.status_detail
        assert lost or (may_fail and re.search("killed|signal 9", row.status_detail)), row.status_detail
    return row.status


def assert_unbroken(events: list[dict[str, Any]]) -> None:
    due, attempt, number = 1, 0, 0
    for event in events:
        assert event["seq"] == due
        due += event.get("n", 1)
        assert event["a"] >= attempt, "an earlier attempt wrote after a later one"
        if event["a"] > attempt:
            attempt, number = event["a"], 0
        assert event["w"] in (number, number + event.get("n", 1))
        number = event["w"]


def last_lines(events: list[dict[str, Any]]) -> list[str]:
    last = max(event["a"] for event in events)
    logs = [event for event in events if event["k"] == "log" and event["s"] == "stdout" and event["a"] == last]
    return [line for event in logs for line in event["text"].split("\n")]
