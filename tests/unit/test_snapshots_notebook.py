"""A notebook is cleaned of what running it left behind, and of nothing else."""

from __future__ import annotations

import json

import pytest

from valo_jupyter.domain.errors import SnapshotFailed
from valo_jupyter.snapshots.notebook import cleaned


def notebook(**changes):
    return {
        "cells": [
            {
                "cell_type": "code",
                "id": "a",
                "execution_count": 7,
                "metadata": {
                    "tags": ["parameters"],
                    "execution": {"iopub.execute_input": "2026-01-01"},
                    "papermill": {"duration": 1},
                    "ExecuteTime": {"end_time": "x"},
                    "collapsed": True,
                    "scrolled": "auto",
                    "jupyter": {"outputs_hidden": True, "source_hidden": True},
                },
                "outputs": [{"output_type": "stream", "name": "stdout", "text": ["1\n"]}],
                "source": ["print(1)\n", "é"],
            },
            {"cell_type": "markdown", "id": "b", "metadata": {}, "source": "text", "attachments": {"a.png": {}}},
        ],
        "metadata": {
            "kernelspec": {"name": "python3", "display_name": "Python 3"},
            "language_info": {"name": "python", "version": "3.11.7"},
            "papermill": {"start_time": "x"},
            "widgets": {"application/vnd.jupyter.widget-state+json": {}},
            "title": "kept",
        },
        "nbformat": 4,
        "nbformat_minor": 5,
        **changes,
    }


def test_only_the_leftovers_go():
    result = json.loads(cleaned(json.dumps(notebook()).encode(), "n.ipynb"))
    code, text = result["cells"]
    assert code["outputs"] == []
    assert code["execution_count"] is None
    assert code["metadata"] == {"tags": ["parameters"], "jupyter": {"source_hidden": True}}
    assert code["source"] == ["print(1)\n", "é"]
    assert text == {"cell_type": "markdown", "id": "b", "metadata": {}, "source": "text", "attachments": {"a.png": {}}}
    assert result["metadata"] == {
        "kernelspec": {"name": "python3", "display_name": "Python 3"},
        "language_info": {"name": "python"},
        "title": "kept",
    }


def test_the_same_code_is_the_same_bytes():
    before = notebook()
    after = notebook()
    after["cells"][0].update(
        execution_count=9, outputs=[], metadata={"tags": ["parameters"], "jupyter": {"source_hidden": True}}
    )
    after["metadata"]["language_info"]["version"] = "3.12.0"
    shuffled = dict(reversed(list(after.items())))
    one = cleaned(json.dumps(before, indent=1).encode(), "n.ipynb")
    assert one == cleaned(json.dumps(shuffled).encode("utf-8-sig"), "n.ipynb")
    assert one == cleaned(one, "n.ipynb")
    assert "é".encode() in one


def test_half_a_surrogate_pair_survives():
    content = json.dumps(notebook(cells=[{"cell_type": "markdown", "metadata": {}, "source": "\ud83d"}])).encode()
    assert json.loads(cleaned(content, "n.ipynb"))["cells"][0]["source"] == "\ud83d"


def test_format_3():
    old = {
        "nbformat": 3,
        "metadata": {},
        "worksheets": [{"cells": [{"cell_type": "code", "prompt_number": 3, "outputs": [1], "input": "1"}]}],
    }
    [cell] = json.loads(cleaned(json.dumps(old).encode(), "n.ipynb"))["worksheets"][0]["cells"]
    assert cell == {"cell_type": "code", "prompt_number": None, "outputs": [], "input": "1"}


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'{"cells": 1}', b'{"cells": [1]}', b"\xff", b"[" * 100_000]
)
def test_what_is_no_notebook_is_said(content):
    with pytest.raises(SnapshotFailed, match=r"a/n\.ipynb is not a notebook that can be read"):
        cleaned(content, "a/n.ipynb")
