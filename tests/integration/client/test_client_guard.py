"""What looks like a secret does not leave this machine unless somebody says so."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.test_submit_detecting import AWS, GITHUB, KEY
from valo_jupyter import Client
from valo_jupyter.domain.errors import SecretsFound
from valo_jupyter.submit import guard


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


def test_text_beside_code_and_outputs_of_other_notebooks_are_sent_and_looked_at(
    client: Client, make_notebook: Callable[..., Path]
) -> None:
    notebook = make_notebook("print(1)")
    content = json.loads(notebook.read_text())
    content["cells"].append({"cell_type": "markdown", "metadata": {}, "id": "m", "source": f"use `{AWS}`"})
    notebook.write_text(json.dumps(content))
    output = {"output_type": "stream", "name": "stdout", "text": [f"token {GITHUB}\n"]}
    cell = {"cell_type": "code", "source": [], "metadata": {}, "outputs": [output]}
    (notebook.parent / "other.ipynb").write_text(json.dumps({"cells": [cell]}))
    (notebook.parent / "broken.ipynb").write_text(f'{{"cells": [ "{KEY}"')
    (notebook.parent / "old.ipynb").write_text('{"worksheets": [], "nbformat": 3}')
    found = {(one["name"], one["kind"]) for one in _refused(client, notebook)}
    assert found == {
        ("train.ipynb", "AWS Access Key"), ("other.ipynb", "GitHub Token"), ("broken.ipynb", "Private Key")
    }  # fmt: skip


def test_a_line_that_was_taken_out_is_not_told_in_the_patch(client: Client, make_notebook: Callable[..., Path]) -> None:
    notebook = make_notebook("print(1)")
    folder = notebook.parent
    git = ["git", "-c", "user.name=ana", "-c", "user.email=ana@example.org", "-C", str(folder)]
    (folder / "settings.py").write_text(f"KEY = {AWS!r}\n")
    (folder / "other.py").write_text("a = 1\n")
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    (folder / "other.py").write_text("a = 2\n")
    content = json.loads(notebook.read_text())
    content["cells"][0]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": f"{GITHUB}\n"}]
    notebook.write_text(json.dumps(content))
    (folder / "settings.py").write_text("KEY = None\n")
    told = client.run(notebook).data["git"]
    assert AWS not in json.dumps(told)
    assert GITHUB not in json.dumps(told)
    assert "not kept" in told["patch"]
    subprocess.run([*git, "commit", "-qm", "second", "settings.py"], check=True, capture_output=True)
    told = client.run(notebook).data["git"]
    assert "+a = 2" in told["patch"]
    assert GITHUB not in told["patch"]


def test_what_is_committed_is_not_asked_about(client: Client, make_notebook: Callable[..., Path]) -> None:
    notebook = make_notebook("print(1)")
    folder = notebook.parent
    git = ["git", "-c", "user.name=ana", "-c", "user.email=ana@example.org", "-C", str(folder)]
    (folder / "tests.py").write_text(f"KEY = {AWS!r}\n")
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    assert client.run(notebook).counter
    (folder / "new").mkdir()
    (folder / "new" / "settings.py").write_text(f"KEY = {AWS!r}\n")
    assert [one["name"] for one in _refused(client, notebook)] == ["new/settings.py"]


def test_what_there_was_no_time_for_is_looked_at_the_next_time(
    client: Client, make_notebook: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = make_notebook("print(1)")
    (notebook.parent / "late.py").write_text(f"KEY = {AWS!r}\n")
    for _ in range(2):
        with monkeypatch.context() as hurried:
            hurried.setattr(guard, "_SECONDS", -1.0)
            assert client.run(notebook).counter
        # what comes later changes nothing of what is still to be looked at
        (notebook.parent / "zz.py").write_text("x = 1")
    [found] = _refused(client, notebook)
    assert found["name"] == "late.py"


def test_the_terminal_says_where_and_what_to_do(valo: Callable[..., Any], make_notebook: Callable[..., Path]) -> None:
    notebook = make_notebook("print(1)", f"key = {AWS!r}")
    told = valo("run", str(notebook))
    assert told.returncode == 2
    assert "AWS Access Key (AKIA…) in cell 2, line 1" in told.stderr
    assert "`jupyter valo run --accept-secrets`" in told.stderr
    assert AWS not in told.stdout + told.stderr
    assert valo("run", str(notebook), "--no-wait", "--accept-secrets").returncode == 0
