"""Locks die with their holder, say who it is, and are refused where they mean nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from valo_jupyter.domain.errors import StateFolder as StateFolderError
from valo_jupyter.server.locks import Lock, holder, is_held, last_holder, refuse_network

HOLD = """
import sys, time
from pathlib import Path
from valo_jupyter.server.locks import Lock
lock = Lock.take(Path(sys.argv[1]), version="9.9")
print("held" if lock else "refused", flush=True)
time.sleep(60)
"""


@pytest.fixture
def other(tmp_path: Path):
    """A process that holds the lock `x.lock`."""
    root = str(Path(__file__).parents[2])
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "x.lock")], stdout=subprocess.PIPE, text=True, cwd=root
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_process_is_refused_and_told_who_holds_it(tmp_path: Path, other: subprocess.Popen) -> None:
    path = tmp_path / "x.lock"
    assert Lock.take(path) is None
    found = holder(path)
    assert found is not None
    assert found["pid"] == other.pid
    assert found["version"] == "9.9"


def test_a_killed_holder_leaves_nothing_in_the_way(tmp_path: Path, other: subprocess.Popen) -> None:
    path = tmp_path / "x.lock"
    other.kill()
    other.wait()
    assert not is_held(path)
    assert holder(path) is None
    assert last_holder(path)["pid"] == other.pid
    lock = Lock.take(path)
    assert lock is not None
    assert is_held(path)
    lock.release()
    assert not is_held(path)


def test_patience_waits_for_the_holder_to_end(tmp_path: Path, other: subprocess.Popen) -> None:
    killer = subprocess.Popen([sys.executable, "-c", f"import os, time; time.sleep(0.3); os.kill({other.pid}, 9)"])
    lock = Lock.take(tmp_path / "x.lock", patience=20)
    assert lock is not None
    lock.release()
    killer.wait()


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs", "lustre", "ceph"])
def test_a_network_file_system_is_refused_with_advice(kind: str) -> None:
    mounts = [("/", "ext4"), ("/home", kind), ("/home/ana/fast", "xfs")]
    with pytest.raises(StateFolderError, match="VALO_HOME to a folder on a local disk"):
        refuse_network(Path("/home/ana/.local/share/jupyter/valo"), mounts)
    refuse_network(Path("/home/ana/fast/valo"), mounts)
    refuse_network(Path("/homes/valo"), mounts)


def test_this_computers_own_disks_are_accepted(tmp_path: Path) -> None:
    refuse_network(tmp_path)
