"""How an open notebook differs from its executions, asked of the real Valo server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from tornado.httpclient import HTTPClientError

from tests.parts.web import running_web
from valo_jupyter import snapshots
from valo_jupyter.jupyter.drift import _Kept


@pytest.fixture
def web(tmp_path, monkeypatch):
    with running_web(tmp_path / "state") as running:
        monkeypatch.setenv("VALO_URL", running.url)
        monkeypatch.setenv("VALO_TOKEN", running.token)
        yield running


def submit(web: Any, folder: Path, *sources: str) -> str:
    """An execution of a notebook with these cells, which waits for ever: its id."""
    folder.mkdir(exist_ok=True)
    cells = [new_code_cell(source, id=f"c{index}") for index, source in enumerate(sources)]
    nbformat.write(new_notebook(cells=cells), folder / "nb.ipynb")
    project = web.post("/api/v0/projects/resolve/", {"folder": str(folder), "host": "h", "name": "demo"})
    sha = snapshots.commit_folder(Path(project["repository"]), folder)
    web.post(f"/api/v0/projects/{project['id']}/commits/", {"commit": sha, "identifier": f"~{sha}"})
    body = {"project": project["id"], "commit": f"~{sha}", "notebook": {"path": "nb.ipynb"}}
    return web.post("/api/v0/executions/", body)["id"]


async def ask(jp_fetch: Any, **body: Any) -> Any:
    return json.loads((await jp_fetch("valo/drift", method="POST", body=json.dumps(body))).body)


async def test_an_open_notebook_and_its_executions(web, jp_fetch, tmp_path):
    first = submit(web, tmp_path / "code", "a", "b")
    second = submit(web, tmp_path / "code", "a", "b", "c")
    again = submit(web, tmp_path / "code", "a", "b", "c")
    gone = "00000000-0000-0000-0000-000000000000"
    cells = [
        {"id": "c0", "type": "code", "source": "a"},
        {"id": "c1", "type": "code", "source": "changed"},
        {"id": "new", "type": "markdown", "source": "# added"},
    ]
    found = await ask(jp_fetch, path="nb.ipynb", cells=cells, executions=[first, second, again, gone])
    marked = [
        {"id": "c1", "index": 1, "state": "changed", "was": 1},
        {"id": "new", "index": 2, "state": "added", "was": None},
    ]
    assert found[first] == {"changed": 2, "cells": marked, "removed": 0, "error": None}
    assert found[second] == found[again] == {"changed": 3, "cells": marked, "removed": 1, "error": None}
    assert "no such execution" in found[gone]["error"]

    # what was submitted does not change, and is not asked for again
    web.post(f"/api/v0/executions/{first}/stop/", {})
    assert web.ask("DELETE", f"/api/v0/executions/{first}/").status == 204
    assert (await ask(jp_fetch, path="nb.ipynb", cells=cells, executions=[first]))[first] == found[first]


async def test_what_is_saved_and_what_is_refused(web, jp_fetch, jp_root_dir, tmp_path):
    execution = submit(web, tmp_path / "code", "a", "b")
    nbformat.write(new_notebook(cells=[new_code_cell("b"), new_code_cell("a")]), jp_root_dir / "open.ipynb")
    found = await ask(jp_fetch, path="open.ipynb", cells=None, executions=[execution])
    assert found[execution] == {"changed": 0, "cells": [], "removed": 0, "error": None}
    for body in (
        {},
        {"path": "open.ipynb", "executions": "x"},
        {"path": "open.ipynb", "executions": ["../users/me"]},
        {"path": "open.ipynb", "executions": ["x"] * 101},
        {"path": "open.ipynb", "executions": [], "cells": ["a"]},
        {"path": "open.ipynb", "executions": [], "cells": [{}] * 10_001},
    ):
        with pytest.raises(HTTPClientError) as caught:
            await ask(jp_fetch, **body)
        assert caught.value.code == 400
    with pytest.raises(HTTPClientError) as caught:
        await ask(jp_fetch, path="none.ipynb", cells=None, executions=[execution])
    assert caught.value.code == 404


@pytest.mark.parametrize("wrong", [{"id": []}, {"type": {}}, {"source": 1}, {"source": [[]]}])
async def test_a_cell_of_another_form_is_named(upstream, jp_fetch, wrong):
    with pytest.raises(HTTPClientError) as caught:
        await ask(jp_fetch, path="open.ipynb", cells=[{"id": "a"}, wrong], executions=["e1"])
    assert caught.value.code == 400
    (field,) = wrong
    assert json.loads(caught.value.response.body)["message"] == f"`{field}` of `cells[1]` is a text."


def test_what_is_kept_is_bounded():
    kept: _Kept[str, int] = _Kept(10)
    for number, name in enumerate("abc"):
        kept.put(name, number, 4)
    assert [kept.get(name) for name in "abc"] == [None, 1, 2]
    assert kept.get("b") == 1
    kept.put("d", 3, 4)
    assert [kept.get(name) for name in "bcd"] == [1, None, 3]
    kept.put("large", 4, 11)
    assert kept.get("large") is None
