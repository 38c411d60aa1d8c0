"""Executions with an image on a whole local server: where their containers go when one of its processes dies."""

from __future__ import annotations

import getpass
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.parts import images
from tests.parts.docker import Engine
from tests.parts.local import LocalProject, processes_of, until
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.engines.processes import container_labels, machines_folder
from valo_jupyter.runtime.containers.daemon import containers
from valo_jupyter.server import lifecycle

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
STEPS = {"quick": ["echo quick"], "waits": ["echo begun", "(setsid sleep 600 &)", "sleep 600"]}


@pytest.fixture
def state(private_home: Path, dockerd: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[StateFolder]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("DOCKER_HOST", dockerd.host)
    folder = StateFolder.default()
    lifecycle.start(folder)
    yield folder
    lifecycle.stop(folder, force=True)
    assert processes_of(private_home) == []


@pytest.fixture
def line(state: StateFolder, tmp_path: Path) -> Iterator[LocalProject]:
    code = tmp_path / "code"
    code.mkdir()
    cells = [nbformat.v4.new_code_cell(source) for source in ("import sys; print('in', sys.prefix)", "6 * 7")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), code / "notebook.ipynb")
    # the one account of a personal server
    line = LocalProject(state, code, STEPS, getpass.getuser())
    yield line
    line.close()


def containers_of(state: StateFolder, dockerd: Engine, **labels: str) -> list[dict[str, Any]]:
    return list(containers(dockerd.host, {**container_labels(machines_folder(state)), **labels}))


def test_a_notebook_and_what_is_recorded_of_its_image(line: LocalProject) -> None:
    row = line.wait(line.submit_notebook("notebook.ipynb", image=images.NOTEBOOK))
    assert (row.status, row.status_detail) == ("complete", "")
    assert line.lines(row.id) == ["in /usr/local"]
    assert row.image_digest.startswith("sha256:")
    assert row.peak_memory_bytes > 10_000_000
    assert row.machine["containers"]["engine"].startswith("Docker ")


def test_what_could_not_begin_says_so_with_its_code(line: LocalProject) -> None:
    row = line.wait(line.submit_notebook("notebook.ipynb", image=images.PYTHON))
    assert (row.status, row.error["code"]) == ("error", "image_without_kernel")
    row = line.wait(line.submit("quick", image="127.0.0.1:1/no/such:1"))
    assert (row.status, row.error["code"]) == ("error", "registry_unreachable")


@pytest.mark.parametrize("process", ["machine", "engine"])
def test_a_killed_process_leaves_no_container(
    line: LocalProject, state: StateFolder, dockerd: Engine, process: str
) -> None:
    execution_id = line.submit("waits", image=images.TINY)
    until(lambda: "begun" in line.lines(execution_id))
    (before,) = containers_of(state, dockerd, **{"valo.execution": execution_id, "valo.attempt": "1"})
    status = lifecycle.status(state)
    pids = {
        "engine": status["engine_pid"],
        "machine": next(each["pid"] for each in status["machines"] if each["execution"] == execution_id),
    }
    os.kill(pids[process], signal.SIGKILL)
    until(lambda: line.lines(execution_id).count("begun") == 2)
    (after,) = containers_of(state, dockerd)
    assert (after["Id"] != before["Id"], after["Labels"]["valo.attempt"]) == (True, "2")
    line.services.executions.stop(line.user, execution_id)
    assert line.wait(execution_id).status == "stopped"
    until(lambda: containers_of(state, dockerd) == [])


def test_a_server_that_is_stopped_by_force_leaves_no_container(
    line: LocalProject, state: StateFolder, dockerd: Engine
) -> None:
    execution_id = line.submit("waits", image=images.TINY)
    until(lambda: "begun" in line.lines(execution_id))
    lifecycle.stop(state, force=True)
    assert containers_of(state, dockerd) == []
