"""Files and disks that are not as one would wish."""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.parts.folders import git, tree, write
from valo_jupyter.domain.errors import Conflict, NotFound, SnapshotFailed
from valo_jupyter.snapshots import Choice, checkout, read_file, snapshot, write_zip


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "state" / "repository.git"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "project"
    path.mkdir()
    return path


def rules(taken) -> dict[str, str]:
    return {entry.path: entry.rule for entry in taken.left_out}


def arrived(store: Path, taken, out: Path):
    checkout(store, taken.commit, out)
    return tree(out)


def test_names_that_are_not_unicode_and_names_with_anything_in_them(folder, store, tmp_path):
    for name in (
        b"caf\xe9.txt",
        "café.txt".encode(),
        b"a\nb",
        b'"quoted"',
        b"back\\slash",
        b" space ",
        b"-dash",
        b"\x01",
    ):
        (Path(os.fsdecode(os.fsencode(folder) + b"/" + name))).write_bytes(name)
    (Path(os.fsdecode(os.fsencode(folder) + b"/d\xff"))).mkdir()
    (Path(os.fsdecode(os.fsencode(folder) + b"/d\xff/inner"))).write_text("x")
    git(folder, "init", "-q")
    taken = snapshot(folder, store)
    assert arrived(store, taken, tmp_path / "out") == tree(folder)
    assert taken.to_json()  # every text of it is Unicode
    for entry in taken.git["dirty"]:
        entry["path"].encode()


def test_links_are_links(folder, store, tmp_path):
    write(folder, {"a.txt": "x", "sub/b.txt": "y"})
    for name, target in {
        "file": "a.txt", "folder": "sub", "sub/up": "../a.txt", "dangling": "nowhere", "loop": "loop",
        "outside": "../../secret", "absolute": "/etc/passwd", "sub/round": "../sub/../../x",
    }.items():  # fmt: skip
        os.symlink(target, folder / name)
    taken = snapshot(folder, store)
    assert arrived(store, taken, tmp_path / "out") == tree(folder)
    for attempt in (taken, snapshot(folder, store)):
        warned = {text.split(" ")[0] for text in attempt.warnings}
        assert warned == {"outside", "absolute", "sub/round"}


def test_what_is_no_file_is_left_out_until_it_is_one(folder, store):
    os.mkfifo(folder / "pipe")
    listener = socket.socket(socket.AF_UNIX)
    cwd = os.getcwd()
    os.chdir(folder)
    try:
        listener.bind("socket")
    finally:
        os.chdir(cwd)
        listener.close()
    assert rules(snapshot(folder, store)) == {"pipe": "not a file: a fifo", "socket": "not a file: a socket"}
    (folder / "pipe").unlink()
    (folder / "pipe").write_text("x")
    taken = snapshot(folder, store)
    assert rules(taken) == {"socket": "not a file: a socket"}
    assert taken.files == 1


def test_empty_and_large_files(folder, store, tmp_path):
    (folder / "empty").touch()
    with (folder / "sparse").open("wb") as file:
        file.truncate(101_000_000)
    with (folder / "medium").open("wb") as file:
        file.write(os.urandom(9_000_000))
    taken = snapshot(folder, store)
    assert [(entry.path, entry.rule, entry.size) for entry in taken.left_out] == [
        ("sparse", "over 100 MB (file size limit)", 101_000_000)
    ]
    found = arrived(store, taken, tmp_path / "out")
    assert found["medium"] == ("file", (folder / "medium").read_bytes())
    assert found["empty"] == ("file", b"")


@pytest.mark.slow
def test_one_gigabyte_in_bounded_memory(folder, store, tmp_path):
    with (folder / "huge").open("wb") as file:
        file.truncate(1_000_000_000)
        file.seek(500_000_000)
        file.write(b"here")
    code = """
import resource, sys
from pathlib import Path
from valo_jupyter.snapshots import Choice, checkout, snapshot
folder, store, out = map(Path, sys.argv[1:])
taken = snapshot(folder, store, choice=Choice(max_file_bytes=2_000_000_000, accept=frozenset({"large"})))
checkout(store, taken.commit, out)
# not ru_maxrss of this process, which begins with what its parent had
own = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
    answer = subprocess.run(
        [sys.executable, "-c", code, folder, store, tmp_path / "out"], capture_output=True, text=True, check=True
    )
    own, git_memory = map(int, answer.stdout.split())
    assert own < 150_000
    assert git_memory < 150_000
    assert (tmp_path / "out" / "huge").stat().st_size == 1_000_000_000
    assert subprocess.run(["cmp", folder / "huge", tmp_path / "out" / "huge"], check=False).returncode == 0


def test_permissions_and_times(folder, store, tmp_path):
    write(folder, {"a": "x", "b": "x", "c": "x"})
    (folder / "a").chmod(0o400)
    (folder / "b").chmod(0o777)
    (folder / "c").chmod(0o654)
    taken = snapshot(folder, store)
    found = arrived(store, taken, tmp_path / "out")
    assert {path: kind for path, (kind, _) in found.items()} == {"a": "file", "b": "program", "c": "file"}
    (folder / "c").chmod(0o755)
    changed = snapshot(folder, store)
    assert arrived(store, changed, tmp_path / "out2")["c"][0] == "program"


def without_privileges(code: str, *arguments: Path) -> str:
    """Run where permissions count, which they do not for root."""
    libc = ctypes.CDLL(None)

    def lower() -> None:
        for capability in (1, 2, 3):  # DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER
            libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP

    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        preexec_fn=lower if sys.platform == "linux" and os.geteuid() == 0 else None,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


TAKE = """
import sys
from pathlib import Path
from valo_jupyter.domain.errors import ValoError
from valo_jupyter.snapshots import snapshot
try:
    taken = snapshot(Path(sys.argv[1]), Path(sys.argv[2]))
except ValoError as error:
    print(type(error).__name__, error.message)
else:
    print(taken.files, [(one.path, one.rule) for one in taken.left_out], taken.warnings)
"""


def test_unreadable_files_and_folders_are_left_out(folder, store):
    write(folder, {"ok": "x", "locked": "x", "closed/inside": "x"})
    (folder / "locked").chmod(0)
    (folder / "closed").chmod(0)
    try:
        for _ in range(2):
            said = without_privileges(TAKE, folder, store)
            assert said.startswith("1 [")
            assert "('closed/', 'not readable: Permission denied')" in said
            assert "('locked', 'not readable: Permission denied')" in said
            assert "locked was left out" in said
        (folder / "locked").chmod(0o444)
        assert without_privileges(TAKE, folder, store).startswith("2 ")
    finally:
        (folder / "closed").chmod(0o755)


def test_a_read_only_project_is_no_obstacle(folder, store):
    write(folder, {"a": "x", "sub/b": "y"})
    git(folder, "init", "-q")
    git(folder, "add", ".")
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        assert without_privileges(TAKE, folder, store).startswith("2 ")
    finally:
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)


def test_a_state_folder_that_cannot_be_written_is_said(folder, store, tmp_path):
    write(folder, {"a": "x"})
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    said = without_privileges(TAKE, folder, closed / "repository.git")
    assert said.startswith("SnapshotFailed The repository")
    assert "VALO_HOME" in said
    without_privileges(TAKE, folder, store)
    write(folder, {"a": "changed"})
    (store / "objects").chmod(0o555)
    said = without_privileges(TAKE, folder, store)
    assert said.startswith("SnapshotFailed The snapshot could not be stored")
    assert "VALO_HOME" in said


@pytest.mark.parametrize("count", [1, 150])
def test_a_full_disk_is_said(folder, tmp_path, count):
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("mounting a small disk needs root")
    try:
        write(folder, {f"a{number}": os.urandom(3_000_000 // count) for number in range(count)})
        with pytest.raises(SnapshotFailed, match="The disk is full"):
            snapshot(folder, small / "repository.git")
        assert not [path for path in small.rglob("*") if path.name.startswith(("tmp_", "fast_import"))]
        for path in folder.iterdir():
            path.write_bytes(b"")
        assert snapshot(folder, small / "repository.git").files == count
    finally:
        subprocess.run(["umount", small], check=True)


def test_a_file_that_is_being_written_to_arrives_as_it_was_at_one_moment(folder, store, tmp_path):
    """A log that grows all the time: whole lines up to some line, and a warning if it never held still."""
    code = "import sys\nwith open(sys.argv[1], 'ab', 0) as f:\n  while True: f.write(b'0123456789abcde\\n' * 64)"
    write(folder, {"log": "", "other": "x"})
    writer = subprocess.Popen([sys.executable, "-c", code, folder / "log"])
    try:
        while (folder / "log").stat().st_size < 100_000:
            assert writer.poll() is None
        taken = snapshot(folder, store)
    finally:
        writer.kill()
        writer.wait()
    kind, content = arrived(store, taken, tmp_path / "out")["log"]
    assert kind == "file"
    assert (folder / "log").read_bytes().startswith(content)
    assert len(content) >= 100_000


def test_wrong_paths_are_said(folder, store, tmp_path):
    with pytest.raises(SnapshotFailed, match="does not exist"):
        snapshot(tmp_path / "nowhere", store)
    with pytest.raises(SnapshotFailed, match="does not exist"):
        snapshot(folder, store, notebook=folder / "none.ipynb")
    write(tmp_path, {"elsewhere.ipynb": "{}"})
    with pytest.raises(SnapshotFailed, match="not in the project folder"):
        snapshot(folder, store, notebook=tmp_path / "elsewhere.ipynb")
    write(folder, {"bad.ipynb": "{", "empty.ipynb": "", "list.ipynb": "[]"})
    for name in ("bad", "empty", "list"):
        with pytest.raises(SnapshotFailed, match=f"{name}.ipynb is not a notebook"):
            snapshot(folder, store, notebook=folder / f"{name}.ipynb")


def test_a_broken_repository_of_the_user_does_not_prevent_a_snapshot(folder, store):
    write(folder, {"a.txt": "x"})
    git(folder, "init", "-q")
    (folder / ".git" / "index").write_bytes(b"nonsense")
    taken = snapshot(folder, store)
    assert taken.files == 1
    assert taken.git is None
    assert "not recorded" in taken.warnings[0]


def test_checkout_refuses_what_it_cannot_do(folder, store, tmp_path):
    write(folder, {"a.txt": "x"})
    taken = snapshot(folder, store)
    write(tmp_path, {"full/file": "x"})
    with pytest.raises(Conflict, match="not empty"):
        checkout(store, taken.commit, tmp_path / "full")
    with pytest.raises(NotFound, match="is missing"):
        checkout(store, "1" * 40, tmp_path / "out")
    with pytest.raises(NotFound):
        write_zip(store, "1" * 40, (tmp_path / "zip").open("wb"))
    assert read_file(store, taken.commit, "a.txt") == b"x"
    assert read_file(store, taken.commit, "none") is None
    assert read_file(store, taken.commit, "../a.txt") is None


def test_git_that_is_not_installed_is_said(folder, store, monkeypatch):
    write(folder, {"a.txt": "x"})
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(SnapshotFailed, match="git is not installed"):
        snapshot(folder, store)


def test_errors_of_the_disk_keep_their_reason():
    from valo_jupyter.snapshots.objects import storing

    with pytest.raises(SnapshotFailed, match="read-only"), storing(Path("/state")):
        raise OSError(errno.EROFS, "Read-only file system")
    assert Choice().accept == frozenset()
