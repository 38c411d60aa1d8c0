"""The notebook that a single cell is sent as."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from valo_jupyter.domain.errors import Invalid
from valo_jupyter.submit import cell
from valo_jupyter.submit.notebook import read_notebook

PYTHON = {"name": "python3"}


def notebook(folder: Path, source: str, **parameters: Any) -> Any:
    return cell.cell_notebook(source, parameters, beside=folder / "train.ipynb", kernelspec=PYTHON)


def source_of(path: Path) -> str:
    return read_notebook(path)["cells"][-1]["source"]


def test_cells_at_once_have_a_file_each(tmp_path: Path) -> None:
    mine = tmp_path / ".train.cell.ipynb"
    mine.write_text("the user's own")
    with notebook(tmp_path, "one") as one, notebook(tmp_path, "two") as two:
        assert (source_of(one), source_of(two)) == ("one", "two")
        assert [path.name for path in (one, two)] == [".train-2.cell.ipynb", ".train-3.cell.ipynb"]
        assert all(path.name.endswith(cell.CELL_ENDING) for path in (one, two))
    assert [path.read_text() for path in tmp_path.iterdir()] == ["the user's own"]
    mine.unlink()
    # the same cell again is the same code, also by its name
    for _ in range(2):
        with notebook(tmp_path, "one") as one:
            assert one == mine


def test_where_no_file_can_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Invalid, match="cannot be written"), notebook(tmp_path / "gone", "1"):
        pass
    monkeypatch.setattr(cell, "_AT_ONCE", 1)
    with notebook(tmp_path, "1"), pytest.raises(Invalid, match="Remove those"), notebook(tmp_path, "2"):
        pass


def test_values_are_python(tmp_path: Path) -> None:
    given = {"x": math.nan, "y": [math.inf, {"a": -math.inf}], "z": "nan", "n": None, "t": [True, 1.5, {}]}
    with notebook(tmp_path, "1", **given) as path:
        found: dict[str, Any] = {}
        exec(read_notebook(path)["cells"][0]["source"], found)
    assert math.isnan(found["x"])
    assert {name: found[name] for name in "yznt"} == {name: given[name] for name in "yznt"}
