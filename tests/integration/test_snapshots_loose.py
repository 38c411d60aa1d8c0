"""Small loose objects are read without git, all others through it; what comes is the same."""

from __future__ import annotations

import os
import subprocess

import pytest

from valo_jupyter.domain.errors import NotFound, SnapshotFailed
from valo_jupyter.snapshots import checkout, read_file, snapshot


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    (folder / "sub" / "empty").mkdir(parents=True)
    (folder / "nb.ipynb").write_text('{"cells": []}')
    (folder / "sub" / "data.txt").write_bytes(b"x" * 1000)
    os.symlink("nb.ipynb", folder / "link")
    return folder


@pytest.fixture
def repository(tmp_path):
    return tmp_path / "repository.git"


def contents(folder):
    return {path.relative_to(folder): path.is_dir() or path.read_bytes() for path in folder.rglob("*")}


def test_needs_no_git(project, repository, tmp_path, monkeypatch):
    taken = snapshot(project, repository)
    monkeypatch.setenv("PATH", str(tmp_path))
    checkout(repository, taken.commit, tmp_path / "out")
    assert contents(tmp_path / "out") == contents(project)
    assert read_file(repository, taken.commit, "sub/data.txt") == b"x" * 1000
    assert read_file(repository, taken.commit, "link") == b"nb.ipynb"


def test_packed_objects_come_through_git(project, repository, tmp_path):
    first = snapshot(project, repository)
    subprocess.run(["git", "repack", "-adq", "--keep-unreachable"], cwd=repository, check=True)
    subprocess.run(["git", "prune-packed"], cwd=repository, check=True)
    # one more loose file, beside a folder that is in the pack
    (project / "new.txt").write_text("new")
    taken = snapshot(project, repository)
    checkout(repository, taken.commit, tmp_path / "out")
    assert contents(tmp_path / "out") == contents(project)
    for commit in (first.commit, taken.commit):
        assert read_file(repository, commit, "sub/data.txt") == b"x" * 1000


def test_large_objects_come_through_git(project, repository, tmp_path):
    (project / "large.bin").write_bytes(b"\0" * 3_000_000 + b"end")
    (project / "random.bin").write_bytes(os.urandom(1_500_000))
    (project / "zuletzt.txt").write_text("small again")
    taken = snapshot(project, repository)
    checkout(repository, taken.commit, tmp_path / "out")
    assert contents(tmp_path / "out") == contents(project)
    assert read_file(repository, taken.commit, "random.bin") == (project / "random.bin").read_bytes()


@pytest.mark.parametrize("path", ["missing.txt", "sub", "sub/missing.txt", "nb.ipynb/below", "sub/../nb.ipynb"])
def test_no_such_file(project, repository, path):
    assert read_file(repository, snapshot(project, repository).commit, path) is None


def test_a_damaged_object_is_no_file(project, repository, tmp_path):
    taken = snapshot(project, repository)
    listing = ["git", "rev-parse", f"{taken.commit}:sub/data.txt"]
    name = subprocess.run(listing, cwd=repository, check=True, capture_output=True, text=True).stdout.strip()
    damaged = repository / "objects" / name[:2] / name[2:]
    damaged.chmod(0o600)
    damaged.write_bytes(damaged.read_bytes()[:-6])
    with pytest.raises((NotFound, SnapshotFailed)):
        checkout(repository, taken.commit, tmp_path / "out")
