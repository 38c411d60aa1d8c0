"""The local server's life: one per user, found again, revived, replaced by a newer one, gone when nobody needs it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.parts.local import processes_of, until
from valo_jupyter.domain.errors import ServerUnreachable
from valo_jupyter.domain.errors import StateFolder as StateFolderError
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.server import lifecycle

ROOT = Path(__file__).parents[2]
START = """
import json
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.server import lifecycle
print(json.dumps(lifecycle.start(StateFolder.default())))
"""


@pytest.fixture
def state(private_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StateFolder]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    folder = StateFolder.default()
    yield folder
    lifecycle.stop(folder, force=True)
    assert processes_of(private_home) == []


def test_two_terminals_at_once_get_the_same_server(state: StateFolder, private_home: Path) -> None:
    starters = [subprocess.Popen([sys.executable, "-c", START], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    found = [json.loads(starter.communicate(timeout=60)[0]) for starter in starters]
    assert len({(one["url"], one["pid"], one["engine_pid"]) for one in found}) == 1
    assert found[0]["url"].startswith("http://127.0.0.1:")
    assert lifecycle.start(state)["pid"] == found[0]["pid"]
    authority = state.root / "tls/ca-key.pem"
    for path in (state.server_file, state.token_file, state.engine_file, state.secret_file, authority):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(state.root.stat().st_mode) == 0o700
    listening = [
        connection.laddr.ip
        for process in processes_of(private_home)
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert set(listening) == {"127.0.0.1"}


def test_either_process_is_revived_by_the_other_at_its_old_address(state: StateFolder) -> None:
    first = lifecycle.start(state)
    os.kill(first["pid"], signal.SIGKILL)
    second = until(lambda: (s := lifecycle.status(state))["url"] and s["pid"] != first["pid"] and s)
    assert second["url"] == first["url"]
    assert second["engine_pid"] == first["engine_pid"]
    os.kill(second["engine_pid"], signal.SIGKILL)
    third = until(lambda: (s := lifecycle.status(state))["engine_pid"] not in (None, first["engine_pid"]) and s)
    assert third["pid"] == second["pid"]


def test_nothing_is_in_the_way_of_a_start_after_both_were_killed(state: StateFolder) -> None:
    first = lifecycle.start(state)
    os.kill(first["engine_pid"], signal.SIGSTOP)
    os.kill(first["pid"], signal.SIGKILL)
    os.kill(first["engine_pid"], signal.SIGKILL)
    until(lambda: not psutil.pid_exists(first["engine_pid"]) or not psutil.pid_exists(first["pid"]))
    second = lifecycle.start(state)
    assert second["url"] == first["url"]
    assert second["pid"] != first["pid"]


def test_stop_ends_all_and_is_idempotent(state: StateFolder) -> None:
    found = lifecycle.start(state)
    assert lifecycle.stop(state) == {"message": "The Valo server is stopped."}
    assert not psutil.pid_exists(found["pid"])
    assert not psutil.pid_exists(found["engine_pid"])
    assert not state.server_file.exists()
    assert not state.engine_file.exists()
    assert lifecycle.stop(state) == {"message": "No Valo server is running."}
    assert lifecycle.status(state)["url"] is None


def test_it_ends_by_itself_when_nobody_needs_it(state: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VALO_IDLE_SECONDS", "1")
    found = lifecycle.start(state)
    until(lambda: not psutil.pid_exists(found["pid"]) and not psutil.pid_exists(found["engine_pid"]))
    assert not state.server_file.exists()


def test_a_newer_version_replaces_an_older_server_and_not_the_reverse(
    state: StateFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = tmp_path / "older"
    shutil.copytree(
        ROOT / "valo_jupyter", older / "valo_jupyter", ignore=shutil.ignore_patterns("labextension", "__pycache__")
    )
    init = older / "valo_jupyter/__init__.py"
    init.write_text(init.read_text().replace('__version__ = "', '__version__ = "0.0.'))
    environment = {**os.environ, "PYTHONPATH": str(older)}
    subprocess.run([sys.executable, "-c", START], env=environment, check=True, timeout=60, cwd=tmp_path)
    old = lifecycle.status(state)
    assert old["version"].startswith("0.0.")

    new = lifecycle.start(state)
    assert not new["version"].startswith("0.0.")
    assert new["pid"] != old["pid"]
    assert new["engine_pid"] != old["engine_pid"]
    assert new["url"] == old["url"]
    until(lambda: not psutil.pid_exists(old["engine_pid"]))

    # the older package uses the newer server as it is
    subprocess.run([sys.executable, "-c", START], env=environment, check=True, timeout=60, cwd=tmp_path)
    assert lifecycle.status(state)["pid"] == new["pid"]


def test_a_server_whose_state_was_removed_ends(state: StateFolder) -> None:
    found = lifecycle.start(state)
    shutil.rmtree(state.root)
    until(lambda: not psutil.pid_exists(found["pid"]) and not psutil.pid_exists(found["engine_pid"]))
    assert lifecycle.start(state)["url"]


def test_a_server_that_cannot_start_says_why(state: StateFolder) -> None:
    state.root.mkdir(parents=True)
    state.database.write_bytes(b"this is no database" * 100)
    with pytest.raises(ServerUnreachable, match="file is not a database"):
        lifecycle.start(state)
    state.database.unlink()
    assert lifecycle.start(state)["url"]


def test_a_place_where_no_state_can_be_kept_is_refused_with_advice(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateFolderError, match="Set VALO_HOME to a folder of yours"):
        lifecycle.start(StateFolder(tmp_path / "file" / "valo"))
