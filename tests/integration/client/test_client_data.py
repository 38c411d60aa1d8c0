"""Files from Python, the terminal and `%valo`, against a real server: sent, named, used, traced, read."""

from __future__ import annotations

import base64
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from valo_jupyter import Client
from valo_jupyter.client.data import save
from valo_jupyter.domain import errors
from valo_jupyter.kernel.magics import Commands

Command = Callable[..., "CompletedProcess[str]"]
MakeNotebook = Callable[..., Path]

#: one, transparent
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgAAACAAAB4iG8MwAAAABJRU5ErkJggg=="

COPY = """
import os, pathlib, shutil
given = pathlib.Path(os.environ["VH_INPUTS_DIR"]) / "table"
for file in given.iterdir():
    shutil.copy(file, pathlib.Path(os.environ["VH_OUTPUTS_DIR"]) / f"copy-of-{file.name}")
"""


@pytest.fixture
def project(make_notebook: MakeNotebook, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A notebook in the current folder."""
    notebook = make_notebook(COPY)
    monkeypatch.chdir(notebook.parent)
    return notebook


@pytest.fixture
def client(server_home: Path, private_home: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Of the current folder, whose project the server knows."""
    monkeypatch.setenv("VALO_HOME", str(server_home))
    here = Client()
    here.run(project).wait(120, raise_on_failure=False)
    return here


def test_a_file_that_is_sent_is_used_and_traced(
    client: Client, project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "table.csv"
    table.write_text("a,b\n1,2\n")
    sent = client.upload(table, tags=["raw"], alias="train", metadata={"rows": 1})
    assert (sent.name, sent.size, sent.tags, sent.aliases) == ("table.csv", 8, ["raw"], ["train"])
    assert sent.data["origin"] == "upload"
    assert client.datum("train").id == client.datum(sent.address).id == client.datum("datum://train").id == sent.id
    pandas = pytest.importorskip("pandas")
    assert pandas.read_csv(client.open("datum://train")).to_dict("list") == {"a": [1], "b": [2]}

    execution = client.run(project, inputs={"table": "datum://train"}).wait(120)
    assert execution.outputs["copy-of-table.csv"].path().read_bytes() == table.read_bytes()
    # the file that it was, whatever the alias stands for later
    assert execution.data["inputs"][0]["urls"] == [sent.address]

    made = next(each for each in client.data("copy-of", execution=execution.counter) if each.name.startswith("copy"))
    trace = made.trace("back")
    assert {node["id"] for node in trace["nodes"]} >= {made.id, execution.id, sent.id}
    shown = repr(Commands().run(f"trace {execution.counter}"))
    assert "table.csv" in shown
    assert "copy-of-table.csv" in shown
    assert [each.id for each in client.data("tab", tag="raw")] == [sent.id]
    assert client.data("nothing-like-it") == []


def test_a_large_file_goes_in_parts_and_an_empty_one_in_one(client: Client, project: Path, tmp_path: Path) -> None:
    large = tmp_path / "large.bin"
    large.write_bytes(os.urandom(20_000_000))
    told: list[int] = []
    sent = client.upload(large, name="folder/large.bin", progress=lambda done, total: told.append(done))
    assert len(told) == 3
    assert told[-1] == sent.size == 20_000_000
    assert sent.path().read_bytes() == large.read_bytes()
    empty = tmp_path / "empty"
    empty.touch()
    assert client.upload(empty).size == 0
    with pytest.raises(errors.Invalid, match="cannot be read"):
        client.upload(tmp_path / "no-such-file")
    with pytest.raises(errors.Invalid, match="relative path"):
        client.upload(empty, name="../empty")


def test_an_alias_moves_and_remembers(client: Client, project: Path, tmp_path: Path) -> None:
    (tmp_path / "one").write_text("1")
    (tmp_path / "two").write_text("2")
    one, two = client.upload(tmp_path / "one", alias="number"), client.upload(tmp_path / "two")
    two.alias("number")
    assert client.datum("number").id == two.id
    assert one.aliases == []
    (alias,) = [
        each
        for each in client.http.get("datum-aliases/", {"project": one.data["project"]})["results"]
        if each["name"] == "number"
    ]
    history = client.http.get(f"datum-aliases/{alias['id']}/history/")["results"]
    assert [each["datum"]["id"] for each in history] == [two.id, one.id]
    with pytest.raises(errors.NotFound, match="no file"):
        client.datum("nobody")


def test_a_version_of_a_dataset_is_an_input(client: Client, project: Path, tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(name)
    files = [client.upload(tmp_path / name) for name in ("a.csv", "b.csv")]
    version = client.create_dataset_version("letters", "v1", files={"first.csv": files[0], "second.csv": files[1].id})
    assert version.address == "dataset://letters/v1"
    assert sorted(version.files) == ["first.csv", "second.csv"]
    assert client.dataset("letters").version()["name"] == "v1"
    execution = client.run(project, inputs={"table": "dataset://letters/latest"}).wait(120)
    assert set(execution.outputs) >= {"copy-of-first.csv", "copy-of-second.csv"}
    with pytest.raises(errors.ValoError):
        client.create_dataset_version("letters", "v1", files=files)
    assert [path.name for path in version.download(tmp_path / "all")] == ["first.csv", "second.csv"]


def test_purging_keeps_the_record(client: Client, project: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("to be gone")
    sent = client.upload(tmp_path / "secret.txt")
    assert sent.purge().data["purged"] is True
    with pytest.raises(errors.Conflict, match="purged"):
        client.datum(sent.id).download(tmp_path / "again")
    with pytest.raises(errors.ValoError, match="purged"):
        client.run(project, inputs={"table": sent.address})


def test_several_files_as_one_zip(client: Client, project: Path, tmp_path: Path) -> None:
    names = ("x.txt", "y.txt")
    for name in names:
        (tmp_path / name).write_text(name)
    ids = [client.upload(tmp_path / name).id for name in names]
    with zipfile.ZipFile(save(client, ids, tmp_path / "both.zip")) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name).decode() for name in archive.namelist()} == {
            "x.txt": "x.txt",
            "y.txt": "y.txt",
        }
    with pytest.raises(errors.Invalid, match="is there already"):
        save(client, ids, tmp_path / "both.zip")


def test_the_terminal(client: Client, project: Path, tmp_path: Path, valo: Command) -> None:
    (tmp_path / "picture.txt").write_text("a picture")
    sent = valo("data", "upload", str(tmp_path / "picture.txt"), "--tag", "art", "--alias", "mona")
    assert sent.returncode == 0, sent.stderr
    assert "datum://" in sent.stdout
    listed = valo("data", "list", "pict", "--json")
    assert [each["aliases"] for each in json.loads(listed.stdout)] == [["mona"]]
    assert "mona" in valo("data", "show", "mona").stdout
    assert "wall" in valo("data", "tag", "mona", "wall").stdout
    got = valo("data", "download", "mona", "-o", str(tmp_path / "here"))
    assert Path(got.stdout.strip()).read_text() == "a picture"
    assert "picture.txt" in valo("data", "trace", "mona").stdout
    refused = valo("data", "purge", "mona")
    assert refused.returncode == 2
    assert "--yes" in refused.stderr
    assert valo("data", "purge", "mona", "--yes").returncode == 0
    assert "built-in" in valo("store", "list").stdout
    assert "bucket" in valo("store", "types").stdout
    wrong = valo("store", "add", "mine", "--type", "s3", "--found", "-o", "bukket=x")
    assert wrong.returncode == 2
    assert "no option 'bukket'" in wrong.stderr
    assert "No datasets" in valo("dataset", "list").stdout or "letters" in valo("dataset", "list").stdout


def test_cells(client: Client, project: Path, tmp_path: Path) -> None:
    run = Commands().run
    pixel = base64.b64decode(PIXEL)
    (tmp_path / "pixel.png").write_bytes(pixel)
    assert "pixel.png" in repr(run(f"upload {tmp_path / 'pixel.png'} --alias pixel"))
    assert "pixel.png" in repr(run("data pix"))
    shown = run("file pixel")
    assert "sha256" in repr(shown)
    assert "data:image/png;base64," in shown._repr_html_()
    assert "built-in" in repr(run("stores"))
    assert run("datasets") is not None
