"""The user is asked before a personal or unusually large folder is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.parts.folders import write
from valo_jupyter.domain.errors import ConfirmSnapshot
from valo_jupyter.snapshots import Choice, checkout, confirm, snapshot

NOTEBOOK = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


def test_the_home_folder_is_asked_about_every_time(private_home, tmp_path):
    write(private_home, {"work/a.txt": "x", "n.ipynb": NOTEBOOK})
    store = tmp_path / "repository.git"
    for _ in range(2):
        with pytest.raises(ConfirmSnapshot) as raised:
            snapshot(private_home, store)
        assert raised.value.details["reason"] == "home"
        assert raised.value.details["options"] == ["notebook", "folder"]
        snapshot(private_home, store, choice=Choice(accept=frozenset({"home"})))
    alone = snapshot(private_home, store, notebook=private_home / "n.ipynb", choice=Choice(include="notebook"))
    assert alone.files == 1


def test_folders_around_the_home_folder_are_personal_too(private_home):
    assert confirm.is_home(Path("/"))
    assert confirm.is_home(private_home)
    assert confirm.is_home(private_home.parent)
    assert not confirm.is_home(private_home / "project")


def test_a_large_folder_is_asked_about_once_with_its_largest_folders(tmp_path):
    folder, store = tmp_path / "project", tmp_path / "repository.git"
    write(folder, {f"few/{number}": b"x" * 1000 for number in range(10)})
    write(folder, {f"data/raw/{number}": b"x" * 5000 for number in range(20)})
    write(folder, {"n.ipynb": NOTEBOOK})
    small = Choice(ask_bytes=50_000)
    with pytest.raises(ConfirmSnapshot) as raised:
        snapshot(folder, store, choice=small)
    details = raised.value.details
    assert details["reason"] == "large"
    assert details["files"] == 31
    assert details["bytes"] == 110_000 + len(NOTEBOOK)
    assert details["largest"][0] == {"path": "data/raw", "files": 20, "bytes": 100_000}
    assert "data" not in {entry["path"] for entry in details["largest"]}
    assert raised.value.code == "confirm_snapshot"
    assert not any((store / "objects").rglob("*/*[0-9a-f]"))  # nothing was read into the repository
    with pytest.raises(ConfirmSnapshot):
        snapshot(folder, store, choice=Choice(ask_files=30))
    snapshot(folder, store, choice=Choice(ask_bytes=50_000, accept=frozenset({"large"})))
    assert snapshot(folder, store, choice=small).files == 31


def test_an_endless_home_is_not_counted_to_its_end(private_home, tmp_path, monkeypatch):
    write(private_home, {f"{folder}/{number}": "" for folder in "abcd" for number in range(30)})
    monkeypatch.setattr(confirm, "COUNT_AT_MOST", 50)
    with pytest.raises(ConfirmSnapshot) as raised:
        snapshot(private_home, tmp_path / "repository.git")
    assert raised.value.details["at_least"] is True
    assert 50 < raised.value.details["files"] < 120
    assert "more than" in raised.value.message


def test_the_notebook_alone(tmp_path):
    folder, store = tmp_path / "project", tmp_path / "repository.git"
    write(folder, {"deep/n.ipynb": NOTEBOOK, "deep/data.csv": "x", "other/file": "x"})
    taken = snapshot(folder, store, notebook=folder / "deep" / "n.ipynb", choice=Choice(include="notebook"))
    checkout(store, taken.commit, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").rglob("*")] == ["deep", "n.ipynb"]
    assert [(entry.path, entry.rule) for entry in taken.left_out] == [
        ("deep/data.csv", "only the notebook was sent"),
        ("other/", "only the notebook was sent"),
    ]
