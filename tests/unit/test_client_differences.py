"""What differs between two executions, as a terminal and a cell show it."""

from __future__ import annotations

from typing import Any

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from valo_jupyter.client.cells import Cell, row
from valo_jupyter.client.differences import CellDifference, Difference
from valo_jupyter.domain.notebook_diff import difference, steady
from valo_jupyter.kernel.difference import ShownDifference


def image(content: str) -> Any:
    return new_output("display_data", {"image/png": content, "text/plain": "<Figure>"})


def side(*cells: Any) -> dict[str, Any]:
    return new_notebook(cells=list(cells))


LEFT = side(
    new_markdown_cell("# Title", id="t"),
    new_code_cell("import a\nlr = 0.1\nb()", id="1", outputs=[new_output("stream", text="one\ntwo\n")]),
    new_code_cell("old()", id="2"),
    new_code_cell("plot()", id="3", outputs=[image("aaaa")]),
)
RIGHT = side(
    new_code_cell("-- first", id="0"),
    new_markdown_cell("# Title", id="t"),
    new_code_cell("import a\nlr = 0.2\nb()", id="1", outputs=[new_output("stream", text="one\nthree\n")]),
    new_code_cell("plot()", id="3", outputs=[image("bbbb")]),
    new_code_cell("1/0", id="4", outputs=[new_output("error", ename="E", evalue="<no>", traceback=[])]),
    new_markdown_cell("end", id="5"),
)


def data(left: Any = LEFT, right: Any = RIGHT, **more: Any) -> dict[str, Any]:
    left, right = steady(left), steady(right)
    return {
        "left": {"counter": 12, "title": "quick"},
        "right": {"counter": 11, "title": "quick"},
        "facts": [
            {"group": "parameters", "name": "lr", "left": 0.1, "right": 0.2},
            {"group": "parameters", "name": "epochs", "left": 5, "right": None},
            {"group": "result", "name": "duration", "left": 1.2, "right": 125.0},
        ],
        "files": [{"path": "lib.py", "status": "changed"}],
        "same": False,
        "problems": [],
        "notebooks": {"left": left, "right": right, "diff": difference(left, right)},
    } | more


def test_cells_are_told_apart() -> None:
    first, one, old, plot, failed, end = Difference(data()).cells
    assert first == CellDifference("added", "code", None, 0, ["+-- first"], [])
    assert one == CellDifference(
        "changed", "code", 1, 2, [" import a", "-lr = 0.1", "+lr = 0.2", " b()"], [" one", "-two", "+three"]
    )
    assert old == CellDifference("removed", "code", 2, None, ["-old()"], [])
    assert (plot.state, plot.left, plot.right, plot.source) == ("changed", 3, 3, [])
    assert [line[:11] for line in plot.outputs] == ["-[image/png", "+[image/png", " [text/plai"]
    assert (failed.state, failed.right, failed.outputs) == ("added", 4, ["+E: <no>"])
    assert (end.kind, end.source) == ("markdown", ["+end"])
    assert Difference(data(right=LEFT)).cells == []
    assert Difference(data(notebooks=None)).cells == []


def test_lines_for_a_terminal() -> None:
    lines = repr(Difference(data(problems=["The outputs are too much."]))).splitlines()
    assert lines[0] == "#12 quick and #11 quick: different"
    assert lines[2].split() == ["parameters", "lr", "0.1", "0.2"]
    assert lines[3].split() == ["epochs", "5", "–"]
    assert lines[4].split() == ["result", "duration", "1.2", "s", "2", "m", "5", "s"]
    assert lines[5] == "changed: lib.py"
    assert "cell 4 changed: outputs" in lines
    assert "cell 6 (markdown) added" in lines
    assert lines[-1] == "The outputs are too much."


def test_a_cell_shows_it_without_running_any_of_it() -> None:
    html = ShownDifference(data(facts=[{"group": "code", "name": "<b>", "left": "<i>", "right": 1}]))._repr_html_()
    assert "&lt;no&gt;" in html
    assert "&lt;b&gt;" in html
    assert "<i>" not in html
    assert html.count("<ins") == html.count("</ins>") > 0
    assert html.count("<del") == html.count("</del>") > 0


@pytest.mark.parametrize(
    ("wire", "status", "expected"),
    [
        ({"state": "waiting"}, "started", ["3", "·", "waiting", "", "", "", "x = 1"]),
        ({"state": "waiting"}, "error", ["3", "·", "not run", "", "", "", "x = 1"]),
        ({"state": "skipped", "why": "local-only"}, "complete", ["3", "–", "skipped: local-only", "", "", "", "x = 1"]),
        (
            {"state": "done", "seconds": 2.0, "peak_memory_bytes": 1_500_000_000, "cost": 0.00123},
            "complete",
            ["3", "✓", "done", "2.0 s", "1.5 GB", "$0.0012", "x = 1"],
        ),
    ],
)
def test_cells_as_rows(wire: dict[str, Any], status: str, expected: list[str]) -> None:
    assert row(Cell.of({"cell": 4, "code": 3, "line": "x = 1", **wire}), status) == expected
