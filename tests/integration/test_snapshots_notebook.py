"""The submitted notebook enters cleaned; its file stays as it is, and other notebooks are files like any other."""

from __future__ import annotations

import json
import os
import threading

import pytest

from tests.parts.folders import state, write
from valo_jupyter.snapshots import checkout, read_file, snapshot


def notebook(number: int = 1, source: str = "1") -> str:
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "source": source, "execution_count": number, "outputs": []}
    if number:
        cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": str(number)}]
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "project"
    write(path, {"a.ipynb": notebook(), "b.ipynb": notebook(), "code.py": "x"})
    return path


def test_it_enters_without_outputs_and_its_file_is_untouched(folder, tmp_path):
    store = tmp_path / "repository.git"
    before = state(folder)
    taken = snapshot(folder, store, notebook=folder / "a.ipynb")
    assert state(folder) == before
    checkout(store, taken.commit, tmp_path / "out")
    assert json.loads((tmp_path / "out" / "a.ipynb").read_bytes())["cells"][0]["outputs"] == []
    assert (tmp_path / "out" / "b.ipynb").read_text() == notebook()


def test_running_it_again_does_not_change_the_commit(folder, tmp_path):
    store = tmp_path / "repository.git"
    taken = snapshot(folder, store, notebook=folder / "a.ipynb")
    write(folder, {"a.ipynb": notebook(number=5)})
    again = snapshot(folder, store, notebook=folder / "a.ipynb")
    assert again.commit == taken.commit
    assert again.changed == 0
    write(folder, {"a.ipynb": notebook(source="2")})
    assert snapshot(folder, store, notebook=folder / "a.ipynb").commit != taken.commit


def test_each_notebook_is_cleaned_when_it_is_the_one_that_runs(folder, tmp_path):
    store = tmp_path / "repository.git"
    for path in folder.iterdir():
        os.utime(path, (1_000_000_000, 1_000_000_000))
    for name, other in [("a", "b"), ("b", "a"), ("a", "b")]:
        taken = snapshot(folder, store, notebook=folder / f"{name}.ipynb")
        mine = read_file(store, taken.commit, f"{name}.ipynb")
        assert mine is not None
        assert json.loads(mine)["cells"][0]["outputs"] == []
        assert read_file(store, taken.commit, f"{other}.ipynb") == notebook().encode()
    taken = snapshot(folder, store)
    assert read_file(store, taken.commit, "a.ipynb") == notebook().encode()


def test_a_notebook_that_is_a_link_enters_as_the_file_it_leads_to(folder, tmp_path):
    write(tmp_path, {"shared.ipynb": notebook()})
    os.symlink(tmp_path / "shared.ipynb", folder / "linked.ipynb")
    taken = snapshot(folder, tmp_path / "repository.git", notebook=folder / "linked.ipynb")
    checkout(tmp_path / "repository.git", taken.commit, tmp_path / "out")
    assert not (tmp_path / "out" / "linked.ipynb").is_symlink()
    assert json.loads((tmp_path / "out" / "linked.ipynb").read_bytes())["cells"][0]["source"] == "1"


def test_saved_from_two_tabs_meanwhile(folder, tmp_path):
    """Jupyter saves by replacing the file: each snapshot holds one of the two versions, whole."""
    store = tmp_path / "repository.git"
    versions = {number: notebook(0, f"{number}" * 50_000) for number in (1, 2)}
    write(folder, {"a.ipynb": versions[1]})
    stop = threading.Event()

    def save(number: int) -> None:
        while not stop.is_set():
            temporary = folder / f".~a{number}.ipynb"
            temporary.write_text(versions[number])
            temporary.replace(folder / "a.ipynb")

    tabs = [threading.Thread(target=save, args=(number,)) for number in versions]
    for tab in tabs:
        tab.start()
    try:
        for _ in range(10):
            taken = snapshot(folder, store, notebook=folder / "a.ipynb")
            content = read_file(store, taken.commit, "a.ipynb")
            assert content is not None
            assert set(json.loads(content)["cells"][0]["source"]) in ({"1"}, {"2"})
            assert read_file(store, taken.commit, ".~a1.ipynb") is None
    finally:
        stop.set()
        for tab in tabs:
            tab.join(10)
