"""The files that one commit has and another has not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from valo_jupyter.snapshots import changes, ensure_repository, snapshot
from valo_jupyter.snapshots.changes import changed_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return ensure_repository(tmp_path / "store" / "repository.git")


def names(store: Path, before: str | None, commit: str, **options: str) -> list[str]:
    return [path for path, _ in changed_files(store, before, commit, largest=1000, **options)]


def test_what_is_new_or_another_with_its_content(folder: Path, store: Path) -> None:
    for name in ("a.py", "b.py", "large.py"):
        (folder / name).write_text(name * (1000 if name == "large.py" else 1))
    (folder / "linked.py").symlink_to("a.py")
    first = snapshot(folder, store).commit
    assert dict(changed_files(store, None, first, largest=1000)) == {"a.py": b"a.py", "b.py": b"b.py"}
    (folder / "b.py").write_text("other")
    (folder / "c.py").touch()
    os.unlink(folder / "linked.py")
    (folder / "linked.py").write_text("now a file")
    (folder / "a.py").unlink()
    second = snapshot(folder, store).commit
    assert dict(changed_files(store, first, second, largest=1000)) == {
        "b.py": b"other", "c.py": b"", "linked.py": b"now a file"
    }  # fmt: skip
    assert names(store, second, second) == []
    assert names(store, first, second, first="c.py") == ["c.py", "linked.py"]
    assert names(store, "0" * 40, second) == ["b.py", "c.py", "linked.py"]


def test_many_come_in_parts_and_in_order(folder: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "_MOST", 7)
    for number in range(50):
        (folder / f"f{number:02}.py").write_text(f"x = {number}\n")
    commit = snapshot(folder, store).commit
    found = list(changed_files(store, None, commit, largest=1000))
    assert found == [(f"f{number:02}.py", f"x = {number}\n".encode()) for number in range(50)]
