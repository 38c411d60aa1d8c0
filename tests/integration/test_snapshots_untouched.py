"""The user's folder and repository stay as they are, whatever state they are in, and what arrives is what was there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.parts.folders import git, state, tree, write
from valo_jupyter.snapshots import checkout, snapshot


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "state" / "repository.git"


def repository(folder: Path) -> Path:
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    write(folder, {"code.py": "print(1)\n", "sub/module.py": "x = 1\n"})
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    return folder


def arrives_untouched(folder: Path, store: Path, out: Path):
    """Two snapshots (the second takes the short ways), nothing changed by either, both arriving whole."""
    before = state(folder)
    taken = snapshot(folder, store)
    assert state(folder) == before
    again = snapshot(folder, store)
    assert state(folder) == before
    assert again.commit == taken.commit
    assert again.git == taken.git
    checkout(store, taken.commit, out)
    left = {entry.path for entry in taken.left_out}
    expected = {
        path: what
        for path, what in tree(folder).items()
        if not any(path == one or path + "/" == one or (path.startswith(one) and one.endswith("/")) for one in left)
    }
    assert tree(out) == expected
    return taken


def test_staged_unstaged_untracked_and_ignored(tmp_path, store):
    folder = repository(tmp_path / "project")
    write(folder, {".gitignore": "*.log\nbuild/\n", "tracked.txt": "one\n"})
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "second")
    write(folder, {"code.py": "staged\n"})
    git(folder, "add", "code.py")
    write(folder, {"code.py": "unstaged\n", "new.txt": "untracked\n", "noise.log": "x", "build/out.o": "x"})
    (folder / "tracked.txt").unlink()
    git(folder, "stash", "push", "-q", "--", "sub/module.py", check=False)
    taken = arrives_untouched(folder, store, tmp_path / "out")
    assert taken.git is not None
    assert taken.git["branch"] == "main"
    assert taken.git["head"] == git(folder, "rev-parse", "HEAD").strip()
    dirty = {entry["path"]: entry["status"] for entry in taken.git["dirty"]}
    assert dirty == {"code.py": "M", "new.txt": "?", "tracked.txt": "D"}
    assert "+unstaged" in taken.git["patch"]
    assert {(entry.path, entry.rule) for entry in taken.left_out} == {
        (".git/", "default ignore list: .git"),
        ("noise.log", ".gitignore:1 *.log"),
        ("build/", ".gitignore:2 build/"),
    }


def test_unmerged(tmp_path, store):
    folder = repository(tmp_path / "project")
    git(folder, "checkout", "-q", "-b", "other")
    write(folder, {"code.py": "theirs\n"})
    git(folder, "commit", "-q", "-am", "theirs")
    git(folder, "checkout", "-q", "main")
    write(folder, {"code.py": "ours\n"})
    git(folder, "commit", "-q", "-am", "ours")
    git(folder, "merge", "-q", "other", check=False)
    taken = arrives_untouched(folder, store, tmp_path / "out")
    assert {"path": "code.py", "status": "U"} in taken.git["dirty"]
    assert b"<<<<<<<" in (tmp_path / "out" / "code.py").read_bytes()


def test_line_ends_encodings_and_keywords_stay_bytes(tmp_path, store):
    folder = repository(tmp_path / "project")
    write(
        folder,
        {
            ".gitattributes": "*.txt text eol=lf\n*.bat text eol=crlf\n*.c ident\n*.u16 working-tree-encoding=UTF-16\n"
            "*.x export-ignore\n*.s export-subst\n",
            "a.txt": b"one\r\ntwo\r\n",
            "b.bat": b"one\ntwo\n",
            "c.c": b"$Id$\n",
            "d.u16": "text".encode("utf-16"),
            "e.x": "x",
            "f.s": "$Format:%H$\n",
        },
    )
    git(folder, "config", "core.autocrlf", "true")
    arrives_untouched(folder, store, tmp_path / "out")


@pytest.mark.parametrize("kind", ["clean", "process"])
def test_filters_are_not_run(tmp_path, store, kind):
    folder = repository(tmp_path / "project")
    marker = tmp_path / "ran"
    write(folder, {".gitattributes": "*.bin filter=large\n"})
    write(folder, {"big.bin": b"\0" * 100})
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "large")
    git(folder, "config", "filter.large.required", "true")
    git(folder, "config", f"filter.large.{kind}", f"touch {marker}; exit 1")
    git(folder, "config", "filter.large.smudge", f"touch {marker}; exit 1")
    write(folder, {"big.bin": b"\1" * 200})
    taken = arrives_untouched(folder, store, tmp_path / "out")
    assert not marker.exists()
    assert {"path": "big.bin", "status": "M"} in taken.git["dirty"]


def test_hooks_fsmonitor_and_diff_programs_are_not_run(tmp_path, store):
    folder = repository(tmp_path / "project")
    marker = tmp_path / "ran"
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch {marker}\n")
    script.chmod(0o755)
    for name in ("pre-commit", "post-index-change", "post-checkout", "reference-transaction"):
        os.symlink(script, folder / ".git" / "hooks" / name)
    write(folder, {".gitattributes": "*.py diff=custom\n", "code.py": "changed\n"})
    for key in ("core.fsmonitor", "diff.external", "diff.custom.textconv", "diff.custom.command", "core.pager"):
        git(folder, "config", key, str(script))
    arrives_untouched(folder, store, tmp_path / "out")
    assert not marker.exists()


def test_submodules_and_nested_repositories_enter_as_files(tmp_path, store):
    library = repository(tmp_path / "library")
    folder = repository(tmp_path / "project")
    git(folder, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(library), "lib")
    git(folder, "commit", "-q", "-m", "lib")
    write(folder, {"lib/new.py": "in the submodule\n"})
    nested = repository(folder / "vendor" / "nested")
    write(nested, {"more.txt": "x"})
    taken = arrives_untouched(folder, store, tmp_path / "out")
    assert (tmp_path / "out" / "lib" / "code.py").read_text() == "print(1)\n"
    assert (tmp_path / "out" / "vendor" / "nested" / "more.txt").is_file()
    assert "lib/.git" in {entry.path for entry in taken.left_out}
    assert not (tmp_path / "out" / "lib" / ".git").exists()


def test_second_worktree(tmp_path, store):
    main = repository(tmp_path / "main")
    git(main, "worktree", "add", "-q", "-b", "feature", str(tmp_path / "project"))
    folder = tmp_path / "project"
    write(folder, {"code.py": "on the feature\n"})
    before = state(main)
    taken = arrives_untouched(folder, store, tmp_path / "out")
    assert state(main) == before
    assert taken.git["branch"] == "feature"
    assert taken.git["dirty"] == [{"path": "code.py", "status": "M"}]


def test_a_folder_that_is_no_repository(tmp_path, store):
    folder = tmp_path / "project"
    write(folder, {"a.txt": "a", ".gitignore": "*.tmp\n", "b.tmp": ""})
    write(folder, {"deep/.gitignore": "!keep.tmp\n", "deep/keep.tmp": ""})
    (folder / "empty" / "inner").mkdir(parents=True)
    taken = arrives_untouched(folder, store, tmp_path / "out")
    assert taken.git is None
    assert taken.empty_folders == 1
    assert (tmp_path / "out" / "empty" / "inner").is_dir()
    assert (tmp_path / "out" / "deep" / "keep.tmp").is_file()
    assert not (folder / ".git").exists()


def test_without_a_first_commit_and_with_a_detached_head(tmp_path, store):
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    write(folder, {"a.txt": "a"})
    git(folder, "add", ".")
    taken = arrives_untouched(folder, store, tmp_path / "out")
    assert taken.git == {
        "head": None, "branch": "main", "remote": None, "dirty": [{"path": "a.txt", "status": "A"}], "patch": None
    }  # fmt: skip
    git(folder, "commit", "-q", "-m", "first")
    git(folder, "checkout", "-q", "--detach")
    taken = arrives_untouched(folder, store, tmp_path / "out2")
    assert taken.git["branch"] is None
    assert taken.git["dirty"] == []


def test_a_remote_is_recorded_without_its_password(tmp_path, store):
    folder = repository(tmp_path / "project")
    git(folder, "remote", "add", "origin", "https://ana:token@example.org/team/project.git")
    assert snapshot(folder, store).git["remote"] == "https://example.org/team/project.git"
    git(folder, "remote", "set-url", "origin", "git@example.org:team/project.git")
    assert snapshot(folder, store).git["remote"] == "git@example.org:team/project.git"


def test_the_patch_shows_no_secret(tmp_path, store):
    folder = repository(tmp_path / "project")
    write(folder, {".env": "TOKEN=a\n"})
    git(folder, "add", "-f", ".env")
    git(folder, "commit", "-q", "-m", "careless")
    write(folder, {".env": "TOKEN=hush\n", "code.py": "print(2)\n"})
    taken = snapshot(folder, store)
    assert "print(2)" in taken.git["patch"]
    assert "hush" not in taken.git["patch"]
    assert (".env", "secret place: .env") in {(entry.path, entry.rule) for entry in taken.left_out}
