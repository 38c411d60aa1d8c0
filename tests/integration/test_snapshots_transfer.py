"""Commits travel between repositories as packs, arrive as packages, and leave as zips."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import threading
import zipfile
from pathlib import Path

import pytest

from tests.parts.folders import tree, write
from valo_jupyter.domain.errors import Invalid, MissingObjects, NotFound, SnapshotFailed
from valo_jupyter.snapshots import (
    checkout,
    commit_folder,
    ensure_repository,
    has_commit,
    pack,
    read_file,
    receive_pack,
    snapshot,
    write_zip,
)
from valo_jupyter.snapshots.objects import Objects


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "project"
    write(path, {"a.txt": os.urandom(1000), "sub/b.txt": "b", "c.sh": "#!/bin/sh\n"})
    (path / "c.sh").chmod(0o755)
    (path / "empty" / "inner").mkdir(parents=True)
    os.symlink("a.txt", path / "link")
    return path


def test_a_pack_and_then_only_what_changed(folder, tmp_path):
    here, there = tmp_path / "here.git", ensure_repository(tmp_path / "there.git")
    first = snapshot(folder, here).commit
    whole = b"".join(pack(here, first))
    receive_pack(there, io.BytesIO(whole), first)
    assert has_commit(there, first)
    write(folder, {"sub/b.txt": "changed"})
    second = snapshot(folder, here).commit
    small = b"".join(pack(here, second, [first]))
    assert len(small) < len(whole) - 900  # a.txt's bytes are not sent again
    (tmp_path / "pack").write_bytes(small)
    receive_pack(there, tmp_path / "pack", second)
    checkout(there, second, tmp_path / "out")
    assert tree(tmp_path / "out") == tree(folder)
    receive_pack(there, io.BytesIO(small), second)
    done = subprocess.run(["git", "fsck", "--strict", "--full"], cwd=there, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_pack_that_builds_on_what_is_not_there_leaves_nothing(folder, tmp_path):
    here, there = tmp_path / "here.git", ensure_repository(tmp_path / "there.git")
    first = snapshot(folder, here).commit
    write(folder, {"sub/b.txt": "changed"})
    second = snapshot(folder, here).commit
    small = b"".join(pack(here, second, [first]))
    with pytest.raises(MissingObjects):
        receive_pack(there, io.BytesIO(small), second)
    assert not has_commit(there, second)
    assert os.listdir(there / "objects" / "pack") == []
    assert sorted(os.listdir(there / "objects")) == ["info", "pack"]
    receive_pack(there, io.BytesIO(b"".join(pack(here, second))), second)
    assert has_commit(there, second)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PACK\0\0\0\2\0\0\0\5"])
def test_what_is_no_pack_is_refused(folder, tmp_path, content):
    there = ensure_repository(tmp_path / "there.git")
    with pytest.raises((Invalid, MissingObjects)):
        receive_pack(there, io.BytesIO(content), "1" * 40)
    assert sorted(os.listdir(there / "objects")) == ["info", "pack"]


def test_a_pack_must_bring_the_commit_it_is_for_and_stay_within_the_limit(folder, tmp_path):
    here, there = tmp_path / "here.git", ensure_repository(tmp_path / "there.git")
    commit = snapshot(folder, here).commit
    content = b"".join(pack(here, commit))
    with pytest.raises(MissingObjects):
        receive_pack(there, io.BytesIO(content), "1" * 40)
    with pytest.raises(Invalid, match="refused"):
        receive_pack(there, io.BytesIO(content), commit, max_bytes=500)
    with pytest.raises(Invalid, match="not a commit"):
        receive_pack(there, io.BytesIO(content), "--upload-pack=touch /tmp/x")
    with pytest.raises(NotFound):
        b"".join(pack(here, "1" * 40))


@pytest.mark.parametrize("name", [b".git", b"..", b".", b"a/b", b".GIT"])
def test_names_that_would_leave_the_checkout_are_refused_everywhere(tmp_path, name):
    here, there = ensure_repository(tmp_path / "here.git"), ensure_repository(tmp_path / "there.git")
    objects = Objects(here)
    blob = objects.write(b"blob", b"evil")
    commit = objects.write_commit(objects.write_tree([(b"100644", name, blob)]))
    with pytest.raises(SnapshotFailed, match="forbidden name"):
        checkout(here, commit, tmp_path / "out")
    with pytest.raises(Invalid, match="refused"):
        receive_pack(there, io.BytesIO(b"".join(pack(here, commit))), commit)


def test_a_link_and_a_folder_of_one_name_cannot_write_elsewhere(tmp_path):
    here = ensure_repository(tmp_path / "here.git")
    objects = Objects(here)
    target = objects.write(b"blob", os.fsencode(tmp_path / "outside"))
    inner = objects.write_tree([(b"100644", b"x", objects.write(b"blob", b"evil"))])
    (tmp_path / "outside").mkdir()
    commit = objects.write_commit(objects.write_tree([(b"120000", b"a", target), (b"40000", b"a", inner)]))
    with pytest.raises(SnapshotFailed):
        checkout(here, commit, tmp_path / "out")
    assert os.listdir(tmp_path / "outside") == []


def test_the_zip_holds_the_bytes(folder, tmp_path):
    write(
        folder,
        {".gitattributes": "* text eol=crlf export-ignore\n*.s export-subst\n", "x.s": "$Format:%H$", "y": "a\nb\n"},
    )
    store = tmp_path / "repository.git"
    taken = snapshot(folder, store)
    target = io.BytesIO()
    write_zip(store, taken.commit, target)
    with zipfile.ZipFile(target) as archive:
        found = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
        mode = archive.getinfo("c.sh").external_attr >> 16
        folders = {name for name in archive.namelist() if name.endswith("/")}
    assert found["x.s"] == b"$Format:%H$"
    assert found["y"] == b"a\nb\n"
    assert found["a.txt"] == (folder / "a.txt").read_bytes()
    assert found["link"] == b"a.txt"
    assert mode & stat.S_IXUSR
    assert "empty/inner/" in folders


def test_files_are_read_by_path(folder, tmp_path):
    store = tmp_path / "repository.git"
    write(folder, {"valohai.yaml": "- step:\n", "sub/new\nline": "x", "a:b": "c"})
    commit = snapshot(folder, store).commit
    assert read_file(store, commit, "valohai.yaml") == b"- step:\n"
    assert read_file(store, commit, "a:b") == b"c"
    assert read_file(store, commit, "sub") is None
    assert read_file(store, commit, "sub/none") is None
    for path in ("", "/etc/passwd", "../x", "sub/../a.txt"):
        assert read_file(store, commit, path) is None
    with pytest.raises(Invalid):
        read_file(store, "HEAD", "a.txt")


def test_a_repository_is_made_once_by_many(tmp_path):
    path = tmp_path / "deep" / "repository.git"
    threads = [threading.Thread(target=ensure_repository, args=(path,)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert [child.name for child in path.parent.iterdir()] == ["repository.git"]
    assert subprocess.run(["git", "fsck"], cwd=path, capture_output=True, check=False).returncode == 0
    assert not (path / "hooks").exists()
    assert "-export-subst" in (path / "info" / "attributes").read_text()
    (path / "info" / "attributes").unlink()
    ensure_repository(path)
    assert (path / "info" / "attributes").exists()


def test_a_plain_folder_is_taken_whole(tmp_path):
    folder, store = tmp_path / "unpacked", tmp_path / "repository.git"
    write(folder, {".gitignore": "*\n", ".env": "x", "node_modules/a.js": "x", "deep/er/n": "x", ".git/config": "no"})
    (folder / "empty").mkdir()
    os.symlink("deep", folder / "link")
    commit = commit_folder(store, folder)
    checkout(store, commit, tmp_path / "out")
    assert tree(tmp_path / "out") == tree(folder)
    assert commit_folder(store, folder) == commit


def test_environment_of_the_caller_leads_nowhere_else(folder, tmp_path, monkeypatch):
    """As in a hook or `git rebase --exec`, where git sets these for its children."""
    other = ensure_repository(tmp_path / "other.git")
    for name, value in {"GIT_DIR": other, "GIT_INDEX_FILE": other / "x", "GIT_OBJECT_DIRECTORY": other / "o"}.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'core.bare'='nonsense'")
    store = tmp_path / "repository.git"
    taken = snapshot(folder, store)
    checkout(store, taken.commit, tmp_path / "out")
    assert tree(tmp_path / "out") == tree(folder)
    assert not (other / "o").exists()
    assert Path(other / "objects").is_dir()
