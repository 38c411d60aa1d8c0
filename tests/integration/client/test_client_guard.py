"""What looks like a secret does not leave this machine unless somebody says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.test_submit_detecting import AWS, GITHUB, KEY
from valo_jupyter import Client
from valo_jupyter.domain.errors import SecretsFound


def _refused(client: Client, notebook: Path, **options: Any) -> list[dict[str, Any]]:
    before = len(list(client.executions()))
    with pytest.raises(SecretsFound, match="nothing was sent") as caught:
        client.run(notebook, **options)
    told = json.dumps(caught.value.to_json())
    assert AWS not in told
    assert GITHUB not in told
    assert len(list(client.executions())) == before
    return caught.value.details["findings"]


@pytest.mark.parametrize("of", ["cell", "parameter", "variable", "file"])
def test_nothing_is_sent(of: str, client: Client, make_notebook: Callable[..., Path]) -> None:
    notebook = make_notebook(f"key = {AWS!r}" if of == "cell" else "print(1)", parameters="note = ''", folder=of)
    options: dict[str, Any] = {
        "parameter": {"parameters": {"note": f"see {AWS}"}},
        "variable": {"environment_variables": {"MY_KEY": AWS}},
    }.get(of, {})
    if of == "file":
        (notebook.parent / "settings.py").write_text(f"\nKEY = {AWS!r}\n")
    [found] = _refused(client, notebook, **options)
    assert (found["where"], found["kind"], found["shown"]) == (of, "AWS Access Key", "AKIA…")
    place = {"cell": (1, 1), "file": (None, 2)}.get(of, (None, 1))
    assert (found["cell"], found["line"]) == place
    assert found["name"] == {"cell": "train.ipynb", "parameter": "note", "variable": "MY_KEY"}.get(of, "settings.py")


def test_a_secret_variable_is_none_of_its_business(client: Client, make_notebook: Callable[..., Path]) -> None:
    notebook = make_notebook("print(1)")
    assert client.run(notebook, secret_environment_variables={"MY_KEY": AWS}).counter


def test_what_was_accepted_is_not_asked_about_again(client: Client, make_notebook: Callable[..., Path]) -> None:
    notebook = make_notebook(f"key = {AWS!r}", f"token = {GITHUB!r}")
    first, second = _refused(client, notebook)
    assert [one["id"] for one in _refused(client, notebook, accept_findings=[first["id"]])] == [second["id"]]
    assert client.run(notebook, accept=["secrets"]).counter
    assert client.run(notebook).counter
    other = make_notebook(f"key = {AWS!r}", folder="another")
    assert [one["id"] for one in _refused(client, other)] == [first["id"]]


def test_files_are_looked_at_when_they_change(client: Client, make_notebook: Callable[..., Path]) -> None:
    notebook = make_notebook("print(1)")
    (notebook.parent / "data.csv").write_text(f"a,b\n1,{AWS}\n")
    (notebook.parent / "image.bin").write_bytes(b"\0\1" + AWS.encode())
    other = {"cells": [{"cell_type": "code", "source": [f"x = {GITHUB!r}"], "metadata": {}, "outputs": []}]}
    (notebook.parent / "other.ipynb").write_text(json.dumps(other))
    found = _refused(client, notebook)
    assert {(one["name"], one["cell"], one["line"]) for one in found} == {("data.csv", None, 2), ("other.ipynb", 0, 1)}
    # refused once more: nothing was remembered of the look that failed
    assert len(_refused(client, notebook)) == 2
    (notebook.parent / "data.csv").write_text("a,b\n1,2\n")
    (notebook.parent / "other.ipynb").unlink()
    assert client.run(notebook).counter
    (notebook.parent / "deploy.pem.txt").write_text(KEY)
    [found] = _refused(client, notebook)
    assert (found["name"], found["kind"], found["shown"]) == ("deploy.pem.txt", "Private Key", "")


def test_the_terminal_says_where_and_what_to_do(valo: Callable[..., Any], make_notebook: Callable[..., Path]) -> None:
    notebook = make_notebook("print(1)", f"key = {AWS!r}")
    told = valo("run", str(notebook))
    assert told.returncode == 2
    assert "AWS Access Key (AKIA…) in cell 2, line 1" in told.stderr
    assert "`jupyter valo run --accept-secrets`" in told.stderr
    assert AWS not in told.stdout + told.stderr
    assert valo("run", str(notebook), "--no-wait", "--accept-secrets").returncode == 0
