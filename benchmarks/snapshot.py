"""A snapshot beside `git status` of the same folder, and beside the packaging of Valohai's own client.

The folder is a git repository of 9,900 files and 124 MB. Each round changes one file, then measures both in turn.
"""

from __future__ import annotations

import gzip
import os
import random
import statistics
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.table import Row, medians, show
from valo_jupyter.snapshots import Choice, checkout, snapshot
from valo_jupyter.submit.guard import Guard

FILES = 9_900
BYTES = 124_000_000
FOLDERS = 330


def make(folder: Path) -> None:
    """Text that compresses like code does."""
    chance = random.Random(1)
    words = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz_", k=chance.randint(2, 9))) for _ in range(3000)]
    average = BYTES // FILES
    for number in range(FILES):
        place = folder / f"package{number % FOLDERS // 30:02}" / f"module{number % FOLDERS % 30:02}"
        place.mkdir(parents=True, exist_ok=True)
        size = chance.randint(average // 5, average * 9 // 5)
        text = " ".join(chance.choices(words, k=size // 6 + 1)).encode()[:size]
        (place / f"file{number // FOLDERS:02}.py").write_bytes(text)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "config", "gc.auto", "0")  # nothing of git's own beside the measurements
    git(folder, "add", ".")
    git(folder, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "-m", "first")


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def package(folder: Path, target: Path) -> None:
    """What `vh` does: the list from git, then a gzipped tar with sorted names."""
    listed = subprocess.run(
        ["git", "ls-files", "--exclude-standard", "-ocz"], cwd=folder, check=True, capture_output=True
    )
    names = sorted(os.fsdecode(name) for name in listed.stdout.split(b"\0") if name)
    with (
        target.open("wb") as file,
        gzip.GzipFile("data.tar", "w", fileobj=file, mtime=0) as stream,
        tarfile.open(name="data.tar", mode="w", fileobj=stream) as archive,
    ):
        for name in names:
            archive.add(folder / name, arcname=name)


def rows(rounds: int = 15, packages: int = 1) -> list[Row]:
    """The second snapshot of a folder in which one file has changed, and the first beside one package."""
    choice = Choice(accept=frozenset({"large"}))
    with tempfile.TemporaryDirectory() as temporary:
        folder, store = Path(temporary, "project"), Path(temporary, "repository.git")
        folder.mkdir()
        make(folder)
        time.sleep(11)  # as in a folder that was there before: fresh files are looked at more closely
        first = timed(lambda: snapshot(folder, store, choice=choice))
        changed = folder / "package03" / "module03" / "file05.py"

        def status() -> float:
            changed.write_text(f"changed at {time.time()}\n" * 400)
            return timed(lambda: git(folder, "--no-optional-locks", "status"))

        def again() -> float:
            return timed(lambda: snapshot(folder, store, choice=choice))

        packaged = statistics.median(
            timed(lambda: package(folder, Path(temporary, "data.tgz"))) for _ in range(packages)
        )
        peers, ours = medians(status, again, runs=rounds)
        looked, taken = medians(again, lambda: guarded(folder, store, changed), runs=rounds)
        out = Path(temporary, "out")
        commit = snapshot(folder, store, choice=choice).commit
        written = timed(lambda: checkout(store, commit, out))
        copied = timed(lambda: git(folder, "checkout-index", "--all", f"--prefix={temporary}/copy/"))
    return [
        Row("snapshot, 9,900 files, one changed", "git status", ours, peers, 2, 1.2),
        Row("snapshot, 9,900 files, one changed", "vh package", ours, packaged, 0.02, 0.008),
        Row("first snapshot of 9,900 files", "vh package", first, packaged, 1, 0.5),
        Row("its look for secrets, one changed", "the snapshot", taken, looked, 1, 0.3),
        Row("checkout of 9,900 files", "git checkout-index", written, copied, 2, 1),
    ]


def guarded(folder: Path, store: Path, changed: Path) -> float:
    """What is looked through before a commit leaves the machine."""
    changed.write_text(f"changed at {time.time()}\n" * 400)
    commit = snapshot(folder, store, choice=Choice(accept=frozenset({"large"}))).commit

    def look() -> None:
        guard = Guard(folder, frozenset())
        guard.files(store, commit, but="")
        guard.raise_found()

    return timed(look)


def timed(what: Callable[[], object]) -> float:
    start = time.perf_counter()
    what()
    return time.perf_counter() - start


if __name__ == "__main__":
    show(rows())
