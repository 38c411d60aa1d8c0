"""Cells, the submitted notebook and differences over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tests.parts.web import RunningWeb, running_web
from valo_jupyter import snapshots


@pytest.fixture
def web(tmp_path: Path) -> Iterator[RunningWeb]:
    with running_web(tmp_path / "state") as server:
        yield server


@pytest.fixture
def execution(web: RunningWeb, tmp_path: Path) -> dict[str, Any]:
    """Of a notebook, on its machine, which has told of the first cell and skipped the second."""
    folder = tmp_path / "code"
    folder.mkdir()
    cells = [new_code_cell("lr = 0.1", id="a"), new_code_cell("ü()", id="b", metadata={"tags": ["local-only"]})]
    (folder / "nb.ipynb").write_text(json.dumps(new_notebook(cells=cells)))
    (folder / "valohai.yaml").write_text("- step: {name: hi, image: none, command: echo}\n")
    project = web.post("/api/v0/projects/resolve/", {"folder": str(folder), "host": "h", "name": "demo"})
    sha = snapshots.commit_folder(Path(project["repository"]), folder)
    web.post(f"/api/v0/projects/{project['id']}/commits/", {"commit": sha, "identifier": f"~{sha}"})
    body = {"project": project["id"], "commit": f"~{sha}", "notebook": {"path": "nb.ipynb"}}
    made = web.post("/api/v0/executions/", body)
    given = web.services.pool.next_order(web.services.environments.get("local").id, "test")
    assert given is not None
    web.services.runs.start(given.token, {"pid": 1})
    told = [
        {"k": "cell", "cell": 0, "code": 1, "of": 2, "state": "started"},
        {"k": "cell", "cell": 0, "code": 1, "of": 2, "state": "done", "seconds": 0.5, "peak_memory_bytes": 1000},
        {"k": "cell", "cell": 1, "code": 2, "of": 2, "state": "skipped", "why": "local-only"},
    ]
    web.services.runs.events(given.token, 1, told)
    return made


def test_cells_as_the_contract_says(web: RunningWeb, execution: dict[str, Any]) -> None:
    first, second = web.get(f"/api/v0/executions/{execution['id']}/cells/")["results"]
    assert first.pop("started") is not None
    assert first == {
        "cell": 0, "code": 1, "line": "lr = 0.1", "state": "done", "why": None,
        "seconds": 0.5, "peak_memory_bytes": 1000, "cost": None,
    }  # fmt: skip
    assert (second["state"], second["why"], second["line"]) == ("skipped", "local-only", "ü()")
    shown = web.get(f"/api/v0/executions/{execution['id']}/")
    assert shown["skipped_cells"] == [{"cell": 1, "code": 2, "tag": "local-only"}]


def test_the_submitted_notebook(web: RunningWeb, execution: dict[str, Any]) -> None:
    reply = web.ask("GET", f"/api/v0/executions/{execution['id']}/source/")
    assert reply.headers["Content-Type"] == "application/x-ipynb+json"
    assert "nb.ipynb" in reply.headers["Content-Disposition"]
    assert [cell["id"] for cell in reply.json()["cells"]] == ["a", "b"]


def test_differences(web: RunningWeb, execution: dict[str, Any]) -> None:
    address = f"/api/v0/executions/{execution['id']}"
    again = web.post(f"{address}/copy/", {"environment_variables": {"A": "ü"}})
    found = web.get(f"{address}/diff/?other={again['id']}")
    assert {"left", "right", "facts", "files", "same", "problems", "notebooks"} == set(found)
    assert (found["left"]["id"], found["right"]["id"]) == (execution["id"], again["id"])
    assert {"group": "environment", "name": "variable A", "left": None, "right": "ü"} in found["facts"]
    assert (found["files"], found["problems"], found["same"]) == ([], [], False)
    assert found["notebooks"]["diff"] == []
    assert [cell["source"] for cell in found["notebooks"]["left"]["cells"]] == ["lr = 0.1", "ü()"]

    step = {"project": execution["project"]["id"], "commit": execution["commit"]["identifier"], "step": "hi"}
    commands = web.post("/api/v0/executions/", step)
    assert web.get(f"{address}/diff/?other={commands['id']}")["notebooks"] is None
    assert web.get(f"/api/v0/executions/{commands['id']}/cells/") == {"results": []}
    assert web.ask("GET", f"/api/v0/executions/{commands['id']}/source/").status == 404
    assert web.ask("GET", f"{address}/diff/").status == 400
    assert web.ask("GET", f"{address}/diff/?other=00000000-0000-0000-0000-000000000000").status == 404
