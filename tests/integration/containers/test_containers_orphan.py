"""A driver that is killed, with nobody there to clear up: what runs in its container ends by itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests.integration.job.conftest import TOKEN
from tests.parts.local import until
from valo_jupyter.runtime.containers.folder import unmount_below
from valo_jupyter.snapshots import commit_folder, ensure_repository

ROOT = Path(__file__).parents[3]
JOB = """
import sys
from pathlib import Path
from valo_jupyter.runtime.job import run_job
from valo_jupyter.runtime.kernels import KernelPool
url, execution, token, scratch = sys.argv[1:]
run_job(url, execution, 1, token, kernels=KernelPool(size=0, socket_folder=Path(scratch)))
"""
CELL = (
    "import subprocess, time\nsubprocess.Popen(['sleep', '600'], start_new_session=True)\n"
    "print('ready')\ntime.sleep(600)"
)


@pytest.mark.parametrize("kind", ["notebook", "commands"])
def test_a_killed_driver_takes_its_container_along(bench, box, dockerd, tmp_path_factory, kind: str):
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)]), bench.project / "n.ipynb")
    git_dir = bench.state / "repository.git"
    ensure_repository(git_dir)
    code = {
        "notebook": {"path": "n.ipynb", "kernel": None, "inject": {}} if kind == "notebook" else None,
        "commands": None if kind == "notebook" else ["(setsid sleep 600 &); echo ready; sleep 600"],
    }
    commit = {"git_dir": str(git_dir), "commit": commit_folder(git_dir, bench.project)}
    bench.server.assignment = {**bench.assignment, **code, "code": commit, "container": box()}
    scratch = tmp_path_factory.getbasetemp() / kind[0]
    scratch.mkdir()
    job = [sys.executable, "-c", JOB, bench.server.url, bench.assignment["execution"]["id"], TOKEN, str(scratch)]
    driver = subprocess.Popen(job, env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        until(lambda: "ready" in bench.server.lines())
        (container,) = dockerd.client.containers.list()
        os.kill(driver.pid, signal.SIGKILL)
        until(lambda: dockerd.client.containers.list() == [], 20)
        container.remove()
    finally:
        driver.kill()
        driver.wait()
        unmount_below(scratch)
