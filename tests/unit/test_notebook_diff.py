"""What differs between two notebooks, and which of their cells belong together."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import nbformat
import pytest
from nbdime import patch_notebook
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from valo_jupyter.domain.cell_pairs import pairs
from valo_jupyter.domain.notebook_diff import difference, steady


def printed(text: str, name: str = "stdout") -> Any:
    return new_output("stream", name=name, text=text)


def executed(lr: float, *more: Any, count: int = 1, **metadata: Any) -> dict[str, Any]:
    """With what each run changes: counters, times, the identifier of the injected cell."""
    cells = [
        new_markdown_cell("# Title", id="title"),
        new_code_cell("lr = 0.1", id="lr", metadata={"tags": ["parameters"]}, execution_count=count),
        new_code_cell(f"# Parameters\nlr = {lr}", metadata={"tags": ["injected-parameters"]}),
        new_code_cell(
            "train()",
            id="train",
            execution_count=count + 1,
            metadata={"papermill": {"duration": lr}, "valo": {"seconds": lr}, "execution": {"a": str(lr)}},
            outputs=[
                printed("a\n"),
                printed("b\n"),
                new_output("execute_result", {"text/plain": "1"}, execution_count=count),
            ],
        ),
        *more,
    ]
    return json.loads(json.dumps(new_notebook(cells=cells, metadata={"papermill": {"duration": count}, **metadata})))


def ops(left: dict[str, Any], right: dict[str, Any]) -> Any:
    """nbdime's operations, which lead from one to the other."""
    left, right = steady(left), steady(right)
    found = difference(left, right)
    for one in (left, right):
        one["cells"] = [{**cell, "id": "x"} for cell in one["cells"]]
    patched = patch_notebook(nbformat.from_dict(left), found)
    for cell in patched["cells"]:
        cell["id"] = "x"
    assert patched == right
    return found


def test_what_each_run_changes_is_no_difference() -> None:
    assert ops(executed(0.1), executed(0.1, count=7)) == []
    whole = executed(0.1)
    whole["cells"][3]["outputs"][:2] = [printed(["a\n", "b\n"])]
    whole["cells"][3]["source"] = ["train()"]
    assert ops(executed(0.1), whole) == []


def test_a_changed_cell_is_changed_where_it_is() -> None:
    (patch,) = ops(executed(0.1), executed(0.2))
    assert (patch["op"], patch["key"]) == ("patch", "cells")
    assert [(one["op"], one["key"], [part["key"] for part in one["diff"]]) for one in patch["diff"]] == [
        ("patch", 2, ["source"])
    ]


def test_cells_and_outputs_that_come_and_go() -> None:
    longer = executed(0.1, new_code_cell("late()", outputs=[printed("x")]), new_markdown_cell("end"), kind="other")
    assert {one["key"] for one in ops(executed(0.1), longer)} == {"cells", "metadata"}
    assert {one["key"] for one in ops(longer, executed(0.1))} == {"cells", "metadata"}
    failed = executed(0.1)
    failed["cells"][3]["outputs"] = [new_output("error", ename="E", evalue="no", traceback=["E: no"])]
    failed["cells"].insert(0, new_markdown_cell("failed", metadata={"tags": ["papermill-error-cell-tag"]}))
    (patch,) = ops(executed(0.1), failed)
    assert [one["key"] for one in patch["diff"]] == [3]


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (["a", "b", "c"], ["a", "b", "c"], [(0, 0), (1, 1), (2, 2)]),
        (["a", "x = 1\ny = 2", "c"], ["a", "x = 1\ny = 3", "c"], [(0, 0), (1, 1), (2, 2)]),
        (["a", "b"], ["new", "a", "b"], [(0, 1), (1, 2)]),
        (["import numpy", "b"], ["load('z')", "import numpy as np"], [(0, 1)]),
        ([], ["a"], []),
    ],
)
def test_cells_without_identifiers_are_found_by_their_source(left: Any, right: Any, expected: Any) -> None:
    one, other = ([{"cell_type": "code", "source": source} for source in cells] for cells in (left, right))
    assert pairs(one, other) == expected


def test_an_identifier_says_which_cell_it_is() -> None:
    one = [{"cell_type": "code", "source": "a", "id": "1"}, {"cell_type": "code", "source": "b", "id": "2"}]
    other = [{"cell_type": "code", "source": "entirely different", "id": "2"}]
    assert pairs(one, other) == [(1, 0)]


def test_as_a_program() -> None:
    def run(*notebooks: Any) -> subprocess.CompletedProcess[bytes]:
        program = [sys.executable, "-m", "valo_jupyter.domain.notebook_diff", "--no-outputs"]
        both = b"\0".join(json.dumps(notebook).encode() for notebook in notebooks)
        return subprocess.run(program, input=both, capture_output=True, timeout=60)

    found = json.loads(run(executed(0.1), executed(0.2)).stdout)
    assert [one["key"] for one in found["diff"]] == ["cells"]
    assert [cell.get("outputs") for cell in found["left"]["cells"]] == [None, [], [], []]
    assert [cell["id"] for cell in found["right"]["cells"]][3] == "train"
    assert b"format 4" in run(executed(0.1), {"worksheets": []}).stderr
