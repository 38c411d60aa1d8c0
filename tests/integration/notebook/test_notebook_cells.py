"""What is known of each cell: its time, the memory it took, and why it was skipped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

Run = Callable[..., Any]

MB = 1_000_000
#: a program of 200 MB for a while
CHILD = """
import subprocess, sys
subprocess.run([sys.executable, "-c", "x = b'1' * 200_000_000; import time; time.sleep(0.4)"])
"""


def tagged(source: str, *tags: str) -> nbformat.NotebookNode:
    return new_code_cell(source, metadata={"tags": list(tags)})


def peaks(ran: Any) -> list[int]:
    return [event["peak_memory_bytes"] for event in ran.sink.events("cell") if event["state"] in ("done", "error")]


def test_each_cell_tells_the_memory_it_took(run: Run) -> None:
    ran = run("1", "x = b'1' * 200_000_000; del x", "2", "y = b'1' * 100_000_000", "len(y)", CHILD, "1/0")
    small, freed, after, kept, holding, child, failed = peaks(ran)
    # what was given back before the cell's end counts, and only there
    assert freed - small > 190 * MB
    assert after - small < 100 * MB
    assert kept - after > 90 * MB
    assert abs(holding - kept) < 20 * MB
    assert child - holding > 190 * MB
    assert failed - holding < 100 * MB
    assert ran.outcome.peak_memory_bytes >= max(peaks(ran))


def test_the_executed_notebook_has_the_same(run: Run) -> None:
    ran = run("1", new_markdown_cell("text"), "1/0", "never")
    first, text, failed, never = (
        cell.metadata.get("valo") for cell in ran.notebook.cells if "papermill-error" not in str(cell.metadata)
    )
    ended = [event for event in ran.sink.events("cell") if event["state"] in ("done", "error")]
    assert [first, failed] == [{name: event[name] for name in ("seconds", "peak_memory_bytes")} for event in ended]
    assert text is None
    assert never is None


@pytest.mark.parametrize("tag", ["local-only", "skip-execution"])
def test_a_tag_skips_a_cell(run: Run, tag: str) -> None:
    cells = ["x = 1", tagged("raise SystemExit('not here')", "other", tag), "", "print(x)"]
    stale = new_code_cell("2", metadata={"valo": {"skipped": "local-only"}})
    ran = run(*cells, stale, inject={"x": 3})
    assert ran.outcome.status == "complete"
    skipped = [event for event in ran.sink.events("cell") if event["state"] == "skipped"]
    assert [(event["cell"], event["code"], event["of"], event["why"]) for event in skipped] == [
        (2, 3, 6, tag),
        (3, 4, 6, "empty"),
    ]
    injected, _, cell, empty, printed, stale = ran.notebook.cells
    assert "injected-parameters" in injected.metadata.tags
    assert cell.metadata.valo == {"skipped": tag}
    assert "valo" not in empty.metadata
    assert "skipped" not in stale.metadata.valo
    # papermill's own record of it is as of any other cell
    assert (cell.metadata.papermill.status, cell.metadata.papermill.exception) == ("completed", False)
    assert (cell.execution_count, cell.outputs) == (None, [])
    assert (printed.execution_count, printed.outputs[0].text) == (3, "1\n")
