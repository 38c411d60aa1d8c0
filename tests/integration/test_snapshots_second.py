"""A later snapshot takes short ways; it must come to the very commit that a first one would."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.parts.folders import git, tree, write
from valo_jupyter.snapshots import checkout, keeping, scan, snapshot, statindex, taking


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "repository.git"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "project"
    path.mkdir()
    return path


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust files soon, so that a test meets what people meet after some seconds."""
    monkeypatch.setattr(taking, "_RACY_NS", 15_000_000)


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let git compare even a few files, as soon as that is safe: it sees whole seconds."""
    monkeypatch.setattr(taking, "_RACY_NS", 1_050_000_000)
    monkeypatch.setattr(statindex, "AT_LEAST", 1)
    monkeypatch.setattr(statindex, "_SETTLED_NS", 1_050_000_000)


def settle() -> None:
    """Wait until files are no longer too fresh to be trusted, for an `impatient` snapshot."""
    time.sleep(0.03)


class Change:
    """Random things that people do to folders."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.random = random.Random(seed)
        self.folder = folder

    def paths(self, *, folders: bool) -> list[Path]:
        found = [path for path in sorted(self.folder.rglob("*")) if ".git" not in path.parts]
        return [path for path in found if (path.is_dir() and not path.is_symlink()) == folders]

    def somewhere(self) -> Path:
        return self.random.choice([self.folder, *self.paths(folders=True)])

    def some_file(self) -> Path | None:
        files = self.paths(folders=False)
        return self.random.choice(files) if files else None

    def new_file(self) -> None:
        name = self.random.choice(["a", "b.log", "c.txt", "D", "e.py", "é", "f.bin"]) + str(self.random.randrange(4))
        path = self.somewhere() / name
        if not path.is_dir() and not path.is_symlink():
            path.write_bytes(self.random.randbytes(self.random.randrange(50)))

    def new_folder(self) -> None:
        path = self.somewhere() / self.random.choice(["x", "y", "data", "e.py1"])
        if not path.exists() and not path.is_symlink():
            path.mkdir()

    def new_link(self) -> None:
        path = self.somewhere() / f"link{self.random.randrange(3)}"
        if not path.is_symlink() and not path.exists():
            os.symlink(self.random.choice(["a0", "../c.txt1", "/abs", "x"]), path)

    def remove(self) -> None:
        path = self.some_file()
        if path is not None:
            path.unlink()

    def remove_folder(self) -> None:
        folders = self.paths(folders=True)
        if folders:
            shutil.rmtree(self.random.choice(folders))

    def edit(self) -> None:
        path = self.some_file()
        if path is not None and not path.is_symlink():
            path.write_bytes(self.random.randbytes(self.random.randrange(50)))

    def swap(self) -> None:
        path = self.some_file()
        if path is not None:
            path.rename(path.with_name("renamed" + path.name[-3:]))

    def mode(self) -> None:
        path = self.some_file()
        if path is not None and not path.is_symlink():
            path.chmod(self.random.choice([0o644, 0o755]))

    def ignore(self) -> None:
        lines = self.random.sample(["*.log", "data/", "!b.log1", "/x", "*.bin", "e.*"], 2)
        (self.somewhere() / ".gitignore").write_text("\n".join(lines) + "\n")

    def track(self) -> None:
        path = self.some_file()
        if path is not None:
            git(self.folder, "add", "-f", "--", str(path), check=False)

    def commit(self) -> None:
        git(self.folder, "commit", "-q", "-am", "x", check=False)

    def any(self) -> str:
        what = self.random.choice(
            [self.new_file] * 4 + [self.new_folder, self.new_link, self.remove, self.remove_folder]
            + [self.edit] * 3 + [self.swap, self.mode, self.ignore, self.track, self.commit]
        )  # fmt: skip
        what()
        return what.__name__


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("seed", range(6))
def test_random_changes_come_to_what_a_first_snapshot_would(folder, store, tmp_path, seed):
    go_on_changing(folder, store, tmp_path, seed, 0.03)


@pytest.mark.slow
@pytest.mark.usefixtures("compared")
@pytest.mark.parametrize("seed", range(6, 8))
def test_random_changes_are_seen_when_git_compares(folder, store, tmp_path, seed):
    go_on_changing(folder, store, tmp_path, seed, 1.2)


def go_on_changing(folder, store, tmp_path, seed, patience):
    change = Change(seed, folder)
    if seed % 2:
        git(folder, "init", "-q", "-b", "main")
        write(folder, {"a0": "x"})
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", "first")
    for _ in range(15):
        change.new_file()
    for step in range(16):
        done = [change.any() for _ in range(change.random.randrange(1, 4))]
        if change.random.random() < 0.5:
            time.sleep(patience)
        if change.random.random() < 0.5:
            keeping._recent.clear()  # as another process would find it
        taken = snapshot(folder, store)
        fresh = snapshot(folder, tmp_path / f"fresh{step}.git")
        told = f"seed {seed}, step {step}: {done}"
        assert taken.commit == fresh.commit, told
        assert taken.left_out == fresh.left_out, told
        assert (taken.files, taken.bytes, taken.empty_folders) == (fresh.files, fresh.bytes, fresh.empty_folders), told
        assert taken.git == fresh.git, told
        assert taken.warnings == fresh.warnings, told
    checkout(store, taken.commit, tmp_path / "out")
    left = {entry.path.rstrip("/") for entry in taken.left_out}
    arrived, there = tree(tmp_path / "out"), tree(folder)
    assert {path: what for path, what in there.items() if not any(_below(path, one) for one in left)} == arrived


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + "/")


@pytest.mark.usefixtures("impatient")
def test_a_change_that_keeps_size_and_times_is_seen(folder, store):
    write(folder, {"a": "one"})
    os.utime(folder / "a", (1_000_000_000, 1_000_000_000))
    settle()
    first = snapshot(folder, store)
    write(folder, {"a": "two"})
    os.utime(folder / "a", (1_000_000_000, 1_000_000_000))
    settle()
    second = snapshot(folder, store)
    assert second.commit != first.commit
    assert second.changed == 1


def test_changes_within_one_tick_of_the_clock_are_seen(folder, store):
    """The file may be written again at the very time it had when it was read."""
    seen = set()
    for number in range(30):
        (folder / "a").write_text(f"{number:04}")
        seen.add(snapshot(folder, store).commit)
    assert len(seen) == 30


@pytest.mark.usefixtures("impatient")
def test_only_what_changed_is_stored(folder, store):
    write(folder, {f"sub{number % 7}/{number}": os.urandom(100) for number in range(100)})
    settle()
    assert snapshot(folder, store).changed == 100
    before = {path for path in (store / "objects").rglob("*") if path.is_file()}
    write(folder, {"sub3/3": "new"})
    taken = snapshot(folder, store)
    after = {path for path in (store / "objects").rglob("*") if path.is_file()}
    assert taken.changed == 1
    assert len(after - before) == 4  # the file, its folder, the root, the commit
    (folder / "sub1" / "1").unlink()
    assert snapshot(folder, store).changed == 1


def test_the_same_code_is_the_same_commit_wherever_it_lies(tmp_path):
    for place in ("one", "two"):
        write(tmp_path / place, {"a": "x", "sub/b": "y"})
    one = snapshot(tmp_path / "one", tmp_path / "1.git")
    two = snapshot(tmp_path / "two", tmp_path / "2.git")
    assert one.commit == two.commit
    assert one.identifier == two.identifier == "~" + one.tree


@pytest.mark.slow
@pytest.mark.usefixtures("compared")
def test_git_compares_what_is_quiet_and_python_reads_none_of_it(folder, store, monkeypatch):
    write(folder, {f"sub{number % 7}/{number}": os.urandom(100) for number in range(100)})
    time.sleep(1.2)
    first = snapshot(folder, store)
    looked: list[bytes] = []
    as_it_was = scan._as_it_was
    monkeypatch.setattr(scan, "_as_it_was", lambda record, found: looked.append(b"") or as_it_was(record, found))
    assert snapshot(folder, store).commit == first.commit
    assert looked == []
    write(folder, {"sub3/3": "new"})
    time.sleep(1.2)
    second = snapshot(folder, store)
    assert second.changed == 1
    assert len(looked) == 1
    [index] = (store / "valo").glob("*.index")
    index.write_bytes(b"DIRC" + bytes(40))  # one that the memory does not speak of
    assert snapshot(folder, store).commit == second.commit
    assert len(looked) > 8


def test_two_folders_share_a_repository(tmp_path, store):
    for place in ("one", "two"):
        write(tmp_path / place, {"a": place})
    commits = [snapshot(tmp_path / place, store).commit for place in ("one", "two", "one", "two")]
    assert commits[:2] == commits[2:]
    assert commits[0] != commits[1]


def test_damaged_memory_is_as_none(folder, store):
    write(folder, {"a": "x", "b": "y"})
    taken = snapshot(folder, store)
    [memory] = [path for path in (store / "valo").iterdir() if path.suffix == ""]
    whole = memory.read_bytes()
    for damaged in (b"", b"nonsense" * 10, whole[:-3], whole[:40] + b"\0" + whole[41:]):
        memory.write_bytes(damaged)
        keeping._recent.clear()
        assert snapshot(folder, store).commit == taken.commit


@pytest.mark.usefixtures("impatient")
def test_an_addition_cut_off_is_forgotten(folder, store):
    write(folder, {"a": "x", **{f"{number}/b": "y" for number in range(20)}})
    settle()
    snapshot(folder, store)
    [memory] = [path for path in (store / "valo").iterdir() if path.suffix == ""]
    complete = memory.stat().st_size
    write(folder, {"3/b": "changed"})
    taken = snapshot(folder, store)
    added = memory.stat().st_size
    assert complete < added < complete * 2
    with memory.open("r+b") as file:
        file.truncate(added - 5)
    keeping._recent.clear()
    again = snapshot(folder, store)
    assert again.commit == taken.commit
    assert again.changed == 1
    keeping._recent.clear()
    assert snapshot(folder, store).changed == 0


def test_snapshots_at_once(folder, store):
    write(folder, {f"{number}/file": os.urandom(1000) for number in range(60)})
    commits: list[str] = []
    threads = [threading.Thread(target=lambda: commits.append(snapshot(folder, store).commit)) for _ in range(6)]
    code = "import sys; from pathlib import Path; from valo_jupyter.snapshots import snapshot\n"
    code += "print(snapshot(Path(sys.argv[1]), Path(sys.argv[2])).commit)"
    processes = [
        subprocess.Popen([sys.executable, "-c", code, folder, store], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for process in processes:
        commits.append(process.communicate(timeout=60)[0].strip())
    assert len(commits) == 9
    assert len(set(commits)) == 1


def test_killed_at_any_moment_nothing_stands_in_the_way(folder, store, tmp_path):
    write(folder, {f"{number % 20}/{number}": os.urandom(3000) for number in range(600)})
    git(folder, "init", "-q")
    git(folder, "add", ".")
    seed = random.randrange(10_000)
    print("seed", seed)
    moments = random.Random(seed)
    code = "import sys; from pathlib import Path; from valo_jupyter.snapshots import snapshot\n"
    code += "print('ready', flush=True); snapshot(Path(sys.argv[1]), Path(sys.argv[2]))"
    for number in range(8):
        write(folder, {f"{number}/changed": os.urandom(500_000)})
        process = subprocess.Popen([sys.executable, "-c", code, folder, store], stdout=subprocess.PIPE)
        with process:
            assert process.stdout
            process.stdout.readline()
            time.sleep(moments.uniform(0, 0.25))
            process.send_signal(signal.SIGKILL)
    taken = snapshot(folder, store)
    assert taken.commit == snapshot(folder, tmp_path / "fresh.git").commit
    checkout(store, taken.commit, tmp_path / "out")
    assert tree(tmp_path / "out") == tree(folder)
    done = subprocess.run(["git", "fsck", "--strict", "--full"], cwd=store, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
