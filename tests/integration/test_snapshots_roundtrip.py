"""What arrives is what was there, and nothing of the user's is touched."""

from __future__ import annotations

import os

import pytest

from valo_jupyter.snapshots import Choice, checkout, snapshot


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def test_first(project, tmp_path):
    (project / "a.txt").write_bytes(b"one\r\ntwo\n")
    (project / "sub").mkdir()
    (project / "sub" / "run.sh").write_text("#!/bin/sh\n")
    (project / "sub" / "run.sh").chmod(0o755)
    (project / "empty" / "inner").mkdir(parents=True)
    os.symlink("a.txt", project / "link")
    taken = snapshot(project, tmp_path / "repository.git")
    report = checkout(tmp_path / "repository.git", taken.commit, tmp_path / "out")
    assert (tmp_path / "out" / "a.txt").read_bytes() == b"one\r\ntwo\n"
    assert (tmp_path / "out" / "sub" / "run.sh").stat().st_mode & 0o100
    assert (tmp_path / "out" / "empty" / "inner").is_dir()
    assert os.readlink(tmp_path / "out" / "link") == "a.txt"
    assert report.files == taken.files == 3
    assert taken.identifier == "~" + taken.tree
    assert snapshot(project, tmp_path / "repository.git", choice=Choice()).commit == taken.commit
