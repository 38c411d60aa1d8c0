"""What is refused before anything is recorded or sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from valo_jupyter import Client
from valo_jupyter.domain.errors import Invalid, NotFound
from valo_jupyter.server import cli
from valo_jupyter.submit.notebook import read_notebook
from valo_jupyter.submit.secrets import named_secrets


def test_what_is_no_notebook(tmp_path: Path) -> None:
    script, broken = tmp_path / "notes.py", tmp_path / "broken.ipynb"
    script.write_text("print(1)")
    broken.write_text('{"cells": [')
    with pytest.raises(Invalid, match=r"notes\.py is not a notebook \(\.ipynb\)\.$"):
        read_notebook(script)
    with pytest.raises(Invalid, match=r"is a folder, not a notebook \(\.ipynb\)\.$"):
        read_notebook(tmp_path)
    with pytest.raises(Invalid, match=r"broken\.ipynb cannot be read as a notebook, which is JSON: Expecting value"):
        read_notebook(broken)
    with pytest.raises(NotFound):
        read_notebook(tmp_path / "none.ipynb")


def test_a_secret_file_is_named_by_its_path_in_the_project(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / ".env").touch()
    assert named_secrets(["conf/../conf/.env", str(tmp_path / "conf")], tmp_path) == ("conf/.env", "conf")


@pytest.mark.parametrize("name", ["nothere.env", ".env", "/etc/hostname", "../other/.env"])
def test_a_secret_file_that_is_not_in_the_project_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=name):
        named_secrets([name], tmp_path)


def test_the_command_line_exits_2_without_a_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VALO_URL", "http://127.0.0.1:9")  # nobody listens there
    notebook = tmp_path / "n.ipynb"
    notebook.write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    monkeypatch.chdir(tmp_path)
    assert cli.main(["run", "."]) == 2
    assert cli.main(["run", "n.ipynb", "--send-secret", "nothere.env"]) == 2
    assert "There is no nothere.env" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"resources": 5}, "resources is a dictionary, a value for each name, not an int."),
        ({"parameters": [("lr", 1)]}, "parameters is a dictionary, a value for each name, not a list."),
        ({"secret_environment_variables": "TOKEN=hush"}, "secret_environment_variables is a dictionary.* not a str."),
        ({"tags": "first"}, "tags is a list of texts, not a str."),
        ({"tags": [1]}, "tags is a list of texts, and an int is none."),
        ({"name_secrets": ".env"}, "name_secrets is a list of texts, not a str."),
        ({"accept": ["larg"]}, "accept may have large, home, secrets, not 'larg'."),
        ({"include": "all"}, "include is one of folder, notebook, not 'all'."),
        ({"environment": {"slug": "gpu"}}, "environment is a text, not a dict."),
        ({"inputs": {"data": 5}}, "Input data is a list of texts, not an int."),
        ({"inputs": {"data": [Path("a.csv")]}}, "Input data is a list of texts, and a PosixPath is none."),
    ],
)
def test_an_argument_of_the_wrong_kind_is_told_by_its_name(given: dict[str, Any], message: str, tmp_path: Path) -> None:
    notebook = tmp_path / "n.ipynb"
    notebook.write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    client = Client("http://127.0.0.1:9", "token")  # nobody listens there
    with pytest.raises(Invalid, match=f"^{message}$") as caught:
        client.run(notebook, **given)
    assert "hush" not in str(caught.value)


def test_a_notebook_is_a_path() -> None:
    with pytest.raises(Invalid, match="notebook is the path of a notebook, not a dict"):
        Client("http://127.0.0.1:9", "token").run({"cells": []})  # pyright: ignore[reportArgumentType]
