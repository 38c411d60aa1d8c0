"""The notebook that people start with gives on the server what Papermill gives."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import papermill
import pytest

from valo_jupyter import Client

QUICKSTART = Path(__file__).parents[3] / "notebooks" / "quickstart.ipynb"


def test_it_is_kept_without_outputs() -> None:
    cells = json.loads(QUICKSTART.read_text())["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert 8 <= len(code) <= 12
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)


@pytest.mark.slow
def test_on_the_server_and_with_papermill(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = tmp_path / "project" / "quickstart.ipynb"
    notebook.parent.mkdir()
    shutil.copy(QUICKSTART, notebook)
    monkeypatch.chdir(notebook.parent)
    execution = client.run(notebook, parameters={"epochs": 3}, wait=True)
    papermill.execute_notebook(notebook, tmp_path / "local.ipynb", {"epochs": 3}, progress_bar=False)

    history = json.loads((notebook.parent / "outputs/history.json").read_text())
    assert [{name: point[name] for name in history[0]} for point in execution.metadata] == history
    assert json.loads(execution.outputs["history.json"].path().read_text()) == history
    assert {"model.npz", "training.png", "confusion.png", "quickstart.ipynb"} <= set(execution.outputs)
    assert "quickstart" in execution.outputs["model.npz"].data["tags"]
