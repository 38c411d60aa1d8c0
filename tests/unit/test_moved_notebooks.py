"""What is known of a notebook's past from the file operations of the Jupyter server."""

import asyncio
import json
from pathlib import Path

import pytest

from valo_jupyter.jupyter import moves
from valo_jupyter.jupyter.moves import Moves

W = Path("/w")


@pytest.fixture
def told(tmp_path):
    return Moves(tmp_path / "moved.jsonl")


def paths(origin):
    return [place.file for place in origin.places]


def test_renames_and_moves_of_folders_are_followed_back(told):
    told.add(W / "a.ipynb", W / "sub/b.ipynb")
    told.add(W / "sub", W / "other")
    now, before, first = told.origin(W / "other/b.ipynb").places
    assert [now.file, before.file, first.file] == [W / "other/b.ipynb", W / "sub/b.ipynb", W / "a.ipynb"]
    assert (now.until, now.since) == (None, before.until)
    assert (before.since, first.since) == (first.until, None)
    assert first.until < before.until
    assert told.origin(W / "new.ipynb").places == (moves.Place(W / "new.ipynb", None, None),)


def test_what_stands_at_an_old_path_now_is_another_notebook(told):
    told.add(W / "a.ipynb", W / "b.ipynb")
    (place,) = told.origin(W / "a.ipynb").places
    assert place.since == told.origin(W / "b.ipynb").places[1].until
    told.add(W / "c.ipynb", W / "a.ipynb")
    assert paths(told.origin(W / "a.ipynb")) == [W / "a.ipynb", W / "c.ipynb"]


def test_a_notebook_that_comes_back_keeps_its_past(told):
    told.add(W / "a.ipynb", W / "b.ipynb")
    told.add(W / "b.ipynb", W / "a.ipynb")
    assert paths(told.origin(W / "a.ipynb")) == [W / "a.ipynb", W / "b.ipynb", W / "a.ipynb"]


def test_a_copy_names_its_original_and_has_no_past_of_its_own(told):
    told.add(W / "a.ipynb", W / "b.ipynb")
    told.add(W / "b.ipynb", W / "b-Copy1.ipynb", copy=True)
    told.add(W / "b-Copy1.ipynb", W / "c.ipynb")
    origin = told.origin(W / "c.ipynb")
    assert origin.copy_of == W / "b.ipynb"
    assert paths(origin) == [W / "c.ipynb", W / "b-Copy1.ipynb"]
    assert told.origin(W / "b.ipynb").copy_of is None


def test_the_original_of_a_copy_is_followed_until_it_is_deleted(told):
    told.add(W / "a.ipynb", W / "copy.ipynb", copy=True)
    told.add(W / "a.ipynb", W / "sub/b.ipynb")
    told.add(W / "sub/b.ipynb", W / "sub/b-Copy1.ipynb", copy=True)
    told.add(W / "sub", W / "other")
    assert told.origin(W / "copy.ipynb").copy_of == W / "other/b.ipynb"
    told.add(W / "other/b.ipynb", None)
    told.add(W / "new.ipynb", W / "other/b.ipynb")
    assert told.origin(W / "copy.ipynb").copy_of is None


def test_what_is_made_where_one_was_deleted_begins_anew(told):
    told.add(W / "a.ipynb", W / "sub/b.ipynb")
    told.add(W / "sub/b.ipynb", None)
    (place,) = told.origin(W / "sub/b.ipynb").places
    assert (place.since is None, place.until) == (False, None)
    told.add(W / "sub", None)
    (again,) = told.origin(W / "sub/b.ipynb").places
    assert again.since > place.since
    told.add(W / "sub/b.ipynb", W / "c.ipynb")
    now, before = told.origin(W / "c.ipynb").places
    assert (now.since, before.since, before.until) == (before.until, again.since, now.since)


def test_links_lead_to_the_same_notebook(told, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    told.add(tmp_path / "link/a.ipynb", tmp_path / "link/b.ipynb")
    assert paths(told.origin(tmp_path / "real/b.ipynb")) == [tmp_path / "real/b.ipynb", tmp_path / "real/a.ipynb"]


def test_what_jupyter_tells_of(told, tmp_path):
    listen = told.listener(lambda: tmp_path)

    def tell(action, path, source=None):
        asyncio.run(listen(None, moves.SCHEMA, {"action": action, "path": path, "source_path": source}))

    for name in ("data.csv", "sub/a.ipynb", "v1.0"):
        tell("delete", name)
    tell("save", "sub/a.ipynb")
    tell("rename", "b.txt", "b.ipynb")
    tell("rename", "c.txt", "d.txt")
    lines = [json.loads(line) for line in (tmp_path / "moved.jsonl").read_text().splitlines()]
    assert [(Path(line["from"]).name, line["to"] and Path(line["to"]).name) for line in lines] == [
        ("a.ipynb", None),
        ("v1.0", None),
        ("b.ipynb", "b.txt"),
    ]


def test_a_torn_line_is_no_move_and_old_ones_go(told, monkeypatch, tmp_path):
    monkeypatch.setattr(moves, "KEPT", 2)
    monkeypatch.setattr(moves, "MOST", 3)
    (tmp_path / "moved.jsonl").write_text('5\n{"at": "2026-01-')
    for number in range(5):
        told.add(W / f"{number}.ipynb", W / f"{number + 1}.ipynb")
    assert len((tmp_path / "moved.jsonl").read_text().splitlines()) <= 3
    assert paths(told.origin(W / "5.ipynb"))[1] == W / "4.ipynb"
