"""A machine that runs as an ordinary account: what runs inside has that account's number, and can install packages."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.job.conftest import TOKEN
from valo_jupyter.snapshots import commit_folder, ensure_repository

ACCOUNT = 12345
ROOT = Path(__file__).parents[3]
JOB = """
import sys
from pathlib import Path
from valo_jupyter.runtime.job import run_job
from valo_jupyter.runtime.kernels import KernelPool
url, execution, token, scratch = sys.argv[1:]
kernels = KernelPool(size=0, socket_folder=Path(scratch))
print(run_job(url, execution, 1, token, kernels=kernels))
"""


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Where other accounts may go: pytest's own folders are closed to them, and each run closes them again."""
    folder = Path(tempfile.mkdtemp(prefix="account-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_an_ordinary_account(bench, box, dockerd, tmp_path):
    dockerd.folder.chmod(0o711)
    (bench.project / "notebook.ipynb").write_text(json.dumps(NOTEBOOK))
    git_dir = bench.state / "repository.git"
    ensure_repository(git_dir)
    bench.server.assignment = {
        **bench.assignment,
        "code": {"git_dir": str(git_dir), "commit": commit_folder(git_dir, bench.project)},
        "notebook": {"path": "notebook.ipynb", "kernel": None, "inject": {}},
        "container": box(),
    }
    scratch = tmp_path / "s"
    scratch.mkdir()
    subprocess.run(["chown", "-R", f"{ACCOUNT}:{ACCOUNT}", bench.state, scratch], check=True)
    group = os.stat(dockerd.host.removeprefix("unix://")).st_gid
    command = ["setpriv", "--reuid", str(ACCOUNT), "--regid", str(ACCOUNT), "--groups", str(group)]
    job = [sys.executable, "-c", JOB, bench.server.url, bench.assignment["execution"]["id"], TOKEN, str(scratch)]
    environment = {**os.environ, "HOME": str(scratch), "PYTHONPATH": str(ROOT), "DOCKER_HOST": dockerd.host}
    ran = subprocess.run([*command, *job], env=environment, capture_output=True, text=True, timeout=120)
    assert (ran.stdout, bench.end["reason"]) == ("complete\n", ""), ran.stderr
    assert bench.server.lines("stdout") == [f"{ACCOUNT} /valohai/home True"]
    assert not any((bench.state / "jobs").iterdir())
    assert not any(scratch.glob("valo-*"))


CELLS = [
    "import os, pathlib, site, subprocess, sys",
    # what pip does where the system's packages are not to be written to
    "folder = pathlib.Path(site.getusersitepackages())\n"
    "folder.mkdir(parents=True)\n"
    "folder.joinpath('installed.py').touch()\n"
    "found = subprocess.run([sys.executable, '-c', 'import installed']).returncode == 0\n"
    "print(os.getuid(), os.environ['HOME'], found)",
    "pathlib.Path(os.environ['VH_OUTPUTS_DIR'], 'out').write_text('x')",
]
NOTEBOOK = {
    "cells": [
        {"cell_type": "code", "id": f"c{n}", "execution_count": None, "metadata": {}, "outputs": [], "source": cell}
        for n, cell in enumerate(CELLS)
    ],
    "metadata": {},
    "nbformat": 4,
    "nbformat_minor": 5,
}
