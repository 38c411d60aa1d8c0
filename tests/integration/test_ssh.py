"""A notebook on a host over SSH: from the environment's creation to the machine that the execution names."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from tests.parts.netns import network_host
from tests.parts.server import LocalServer, local_server
from tests.parts.sshd import Sshd, sshd

pytestmark = pytest.mark.slow

ROOT = str(Path(__file__).parents[2])


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    folder = tmp_path_factory.mktemp("sshd") / "far"
    with network_host() as network, sshd(folder, network=network, hostname="far") as up:
        yield up


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LocalServer]:
    with local_server(tmp_path / "state") as running:
        yield running


def said(server: LocalServer, *words: str) -> str:
    done = server.valo(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_notebook_runs_on_a_host_over_ssh(server: LocalServer, host: Sshd, tmp_path: Path) -> None:
    options = {
        "hosts": [host.host()],
        "known_hosts": host.known_hosts,
        "python": sys.executable,
        "folder": str(tmp_path / "far"),
        "environment": {"PYTHONPATH": ROOT},
    }
    more = [f"--option={name}={json.dumps(value)}" for name, value in options.items()]
    key = f"--option-file=key={host.folder / 'user_key'}"
    said(server, "environment", "create", "far", "--engine", "ssh", "--max", "1", *more, key)
    tried = said(server, "environment", "test", "far")
    assert "far" in tried

    code = tmp_path / "code"
    code.mkdir()
    (code / "data.csv").write_text("1\n2\n3\n")
    lines = [
        "import os, socket; print(socket.gethostname(), sum(map(int, open('data.csv'))))",
        "open(os.environ['VH_OUTPUTS_DIR'] + '/result.txt', 'w').write('six')",
    ]
    cells = [nbformat.v4.new_code_cell(line) for line in lines]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), code / "sum.ipynb")
    said(server, "run", str(code / "sum.ipynb"), "--environment", "far")

    execution = json.loads(said(server, "show", "latest", "--json", "--project", "code"))
    assert execution["status"] == "complete"
    machine = execution["machine"]
    assert (machine["hostname"], machine["kind"], machine["place"]) == ("far", "ssh", "on-prem")
    assert machine["cpu_count"] >= 1
    assert machine["memory_bytes"] > 0
    assert "result.txt" in [output["name"] for output in execution["outputs"]]
    assert "far 6" in said(server, "logs", "latest", "--project", "code")
    # nothing that opens a door lies on the host
    kept = [path for path in (tmp_path / "far").rglob("*") if path.is_file() and path.suffix != ".whl"]
    assert not [path for path in kept if b"PRIVATE KEY" in path.read_bytes()]
