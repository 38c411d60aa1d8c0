"""What is found in an outputs folder, and what is made of modes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from valo_jupyter.runtime.found import find_outputs, held, make_readable


def names(folder: Path) -> list[str]:
    return [found.name for found in find_outputs(folder, folder, lambda problem: None)]


def test_modes_are_mended_only_when_asked(tmp_path: Path):
    (tmp_path / "closed" / "deeper").mkdir(parents=True)
    for name in ("closed/deeper/file", "plain", "unreadable"):
        (tmp_path / name).write_text("x")
    (tmp_path / "link").symlink_to("plain")
    (tmp_path / "unreadable").chmod(0)
    (tmp_path / "closed" / "deeper").chmod(0)
    (tmp_path / "closed").chmod(0)
    find_outputs(tmp_path, tmp_path, lambda problem: None)
    assert (tmp_path / "closed").stat().st_mode & 0o777 == 0
    make_readable(tmp_path)
    assert names(tmp_path) == ["closed/deeper/file", "link", "plain", "unreadable"]
    assert (tmp_path / "unreadable").stat().st_mode & 0o777 == 0o400
    assert (tmp_path / "plain").stat().st_mode & 0o777 == 0o666 & ~current_umask()


def current_umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask


def test_read_only_means_readable_and_not_writable(tmp_path: Path):
    for name, mode in (("a", 0o444), ("b", 0o400), ("c", 0o644), ("d", 0), ("e", 0o464)):
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(mode)
    found = find_outputs(tmp_path, tmp_path, lambda problem: None)
    assert [file.name for file in found if file.read_only] == ["a", "b"]


def test_a_folder_that_was_replaced_by_a_link(tmp_path: Path):
    (tmp_path / "job").mkdir()
    (tmp_path / "secret").write_text("x")
    (tmp_path / "job" / "outputs").symlink_to(tmp_path)
    said: list[str] = []
    make_readable(tmp_path / "job" / "outputs")
    assert list(find_outputs(tmp_path / "job" / "outputs", tmp_path / "job", said.append)) == []
    assert "was replaced by a link" in said[0]


def test_a_folder_that_is_gone(tmp_path: Path):
    make_readable(tmp_path / "gone")
    assert names(tmp_path / "gone") == []


def test_a_file_that_is_read_while_code_runs_is_the_one_that_was_found(tmp_path):
    outputs, secret = tmp_path / "outputs", tmp_path / "secret"
    (outputs / "sub").mkdir(parents=True)
    secret.mkdir()
    (outputs / "sub" / "file").write_text("mine")
    (secret / "file").write_text("not mine")
    (file,) = find_outputs(outputs, tmp_path, print)
    with held(file, outputs) as path:
        (outputs / "sub").rename(outputs / "moved")
        (outputs / "sub").symlink_to(secret)
        assert path.read_text() == "mine"
    with pytest.raises(OSError, match="sub"), held(file, outputs):
        pass
    (outputs / "sub").unlink()
    (outputs / "sub").mkdir()
    (outputs / "sub" / "file").symlink_to(secret / "file")
    with pytest.raises(OSError, match="file"), held(file, outputs):
        pass
