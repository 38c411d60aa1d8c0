"""The same notebook through papermill's own engine and through ours: the same outcome, the same outputs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from nbclient.exceptions import CellTimeoutError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from papermill.exceptions import PapermillExecutionError

PYTHON = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


def tagged(source: str, *tags: str) -> nbformat.NotebookNode:
    return new_code_cell(source, metadata={"tags": list(tags)})


PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="

#: papermill starts a kernel for each of them
pytestmark = pytest.mark.slow

NOTEBOOKS: dict[str, list[Any]] = {
    "outputs of every kind": [
        new_markdown_cell("# Title"),
        "1 + 1",
        "print('a', end=''); print('b'); 'result'",
        "import sys\nprint('out', flush=True); print('err', file=sys.stderr, flush=True); print('out again')",
        "",
        "   \n",
        "from IPython.display import HTML, Image, JSON, Latex, Markdown, SVG, clear_output, display, update_display\n"
        "display(HTML('<b>x</b>'), Markdown('*m*'), Latex('$x$'), JSON({'a': [1, None]}))",
        "display(SVG('<svg xmlns=\"http://www.w3.org/2000/svg\"/>'), metadata={'isolated': True})",
        f"import base64\npng = base64.b64decode('{PIXEL}')\ndisplay(Image(png)); Image(png)",
        "print('žluťoučký 日本 🎉 \\x1b[31mred\\x1b[0m \\x00 \\u2028')",
        "for i in range(3):\n    print(i); clear_output(wait=True)\nprint('end')",
        "print('gone'); clear_output(); display('kept')",
        "print('waiting'); clear_output(wait=True)",
        "h = display('first', display_id=True)\nprint('between')",
        "h.update('second'); h.display('third')",
        "h.update('fourth')\nupdate_display('none such', display_id='unknown')",
        "display({'text/plain': 'p', 'application/x-own+json': {'k': 1}}, raw=True)",
        "_",
        "In[2], Out[2], len(In)",
        "%precision 3\n!echo from a shell",
        "%%writefile made.txt\nhello",
        "open('made.txt').read(), __name__, get_ipython().starting_dir == __import__('os').getcwd()",
        "raise_later = []; raise_later",
        "from IPython.display import publish_display_data as p\np({'text/html': 'é'}, {'text/html': {'m': 1}})",
        "import asyncio\nawait asyncio.sleep(0.01)\nprint('awaited')",
        "import warnings; warnings.warn('careful')",
        "import os; os.write(1, b'from the descriptor\\n'); __import__('time').sleep(.3)",
    ],
    "an error ends it": ["x = 1\nprint('before')", "x / 0", "print('never')"],
    "an error with unicode": ["raise RuntimeError('č 日本\\nsecond line')"],
    "a syntax error": ["def f(:\n  pass"],
    "an allowed error": [tagged("1/0", "raises-exception"), "print('after')"],
    "a skipped cell": [tagged("1/0", "skip-execution"), "print('after')"],
    "sys.exit()": ["import sys", "sys.exit()", "print('never')"],
    "sys.exit(0)": ["import sys; sys.exit(0)"],
    "sys.exit(3)": ["import sys; sys.exit(3)", "print('never')"],
    "raise KeyboardInterrupt": ["raise KeyboardInterrupt", "print('never')"],
    "input is refused": ["input('name?')"],
    "widgets": [
        "import ipywidgets as w\ns = w.IntSlider(value=3, description='é'); display(s)",
        "s.value = 7",
        "out = w.Output()\nwith out:\n    print('inside'); display('shown inside')\nout",
        "out.clear_output()\nwith out:\n    print('new')\nprint('outside')",
        "@out.capture()\ndef f(): print('captured')\nf()",
        "list(w.IntProgress(max=2).keys)[:2]",
    ],
}


@pytest.mark.parametrize("title", NOTEBOOKS)
def test_as_papermill(title: str, run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = [new_code_cell(cell) if isinstance(cell, str) else cell for cell in NOTEBOOKS[title]]
    folder = tmp_path / "papermill"
    folder.mkdir()
    nbformat.write(new_notebook(cells=cells, metadata=PYTHON), folder / "book.ipynb")
    # ipykernel does not redirect descriptors within pytest
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    failure = as_papermill_alone(folder)
    monkeypatch.chdir(tmp_path)
    expected = nbformat.read(folder / "out.ipynb", as_version=4)

    ran = run(*NOTEBOOKS[title])

    assert ran.outcome.status == ("complete" if failure is None else "error"), ran.outcome
    if failure is not None:
        assert ran.outcome.error is not None
        assert ran.outcome.error["cell"] == failure.cell_index
        assert ran.outcome.error["ename"] == failure.ename
        assert ran.outcome.error["evalue"] == failure.evalue
    ours, theirs = comparable(ran.notebook), comparable(expected)
    for our_cell, their_cell in zip(ours["cells"], theirs["cells"], strict=True):
        assert our_cell == their_cell
    assert ours["metadata"] == theirs["metadata"]


def as_papermill_alone(folder: Path) -> PapermillExecutionError | None:
    for _ in range(3):
        try:
            papermill.execute_notebook(
                str(folder / "book.ipynb"),
                str(folder / "out.ipynb"),
                progress_bar=False,
                cwd=str(folder),
                execution_timeout=20,
            )
        except PapermillExecutionError as error:
            return error
        except CellTimeoutError:
            # on a busy machine papermill's client sometimes misses a message, and waits for ever
            continue
        return None
    pytest.fail("papermill itself did not come to an end in three tries: there is nothing to compare with")


def comparable(notebook: nbformat.NotebookNode) -> dict[str, Any]:
    """Without times, identifiers, addresses; pieces of one stream are one."""
    cells = []
    for cell in notebook.cells:
        outputs: list[dict[str, Any]] = []
        for output in cell.get("outputs", []):
            last = outputs[-1] if outputs else {}
            if output.output_type == "stream" and last.get("output_type") == "stream" and last["name"] == output.name:
                last["text"] += output.text
            else:
                outputs.append(dict(output))
        ours = ("papermill", "execution", "valo")
        metadata = {name: value for name, value in cell.metadata.items() if name not in ours}
        papermill_metadata = cell.metadata.get("papermill", {})
        cells.append(
            {
                "source": cell.source,
                "type": cell.cell_type,
                "count": cell.get("execution_count"),
                "outputs": outputs,
                "metadata": metadata,
                "timed": sorted(cell.metadata.get("execution", {})),
                "status": (papermill_metadata.get("status"), papermill_metadata.get("exception")),
            }
        )
    metadata = {name: value for name, value in notebook.metadata.items() if name != "papermill"}
    return _steady({"cells": cells, "metadata": metadata})


_IDENTIFIER = re.compile(r"(?<![0-9a-f])([0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(_\d+_\d+)?)\b")


def _steady(value: Any) -> Any:
    """Replace what differs between two runs of the same thing."""
    if isinstance(value, dict):
        if any(_IDENTIFIER.fullmatch(name) for name in value):
            # widget models, which are written in the order of their random names
            return sorted((_steady(item) for item in value.values()), key=json.dumps)
        return {name: _steady(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_steady(item) for item in value]
    if isinstance(value, str):
        value = re.sub(r"0x[0-9a-f]+", "0x…", value)
        value = re.sub(r"\d+(\.\d+)? (ns|μs|µs|us|ms|s)\b", "# s", value)
        value = re.sub(r"/tmp/ipykernel_\S+", "ipykernel", value)
        return _IDENTIFIER.sub("identifier", value)
    return value
