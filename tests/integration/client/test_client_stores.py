"""The main job with a store of the team's own: a real S3 server, a real local server, notebooks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.parts.ports import free_port
from tests.parts.seaweedfs import SeaweedFS
from valo_jupyter import Client
from valo_jupyter.client.stores import Store
from valo_jupyter.domain import errors

Command = Callable[..., "CompletedProcess[str]"]
MakeNotebook = Callable[..., Path]

COUNT = """
import json, os, pathlib
given = sorted(path for path in (pathlib.Path(os.environ["VH_INPUTS_DIR"]) / "images").rglob("*") if path.is_file())
outputs = pathlib.Path(os.environ["VH_OUTPUTS_DIR"])
(outputs / "count.json").write_text(json.dumps([path.name for path in given]))
(outputs / "count.json.metadata.json").write_text(json.dumps({
    "valohai.tags": ["counted"], "valohai.alias": "count", "valohai.dataset-versions": ["dataset://counts/v1"],
}))
"""


@pytest.fixture
def notebook(make_notebook: MakeNotebook, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = make_notebook(COUNT)
    monkeypatch.chdir(made.parent)
    return made


@pytest.fixture
def client(server_home: Path, private_home: Path, notebook: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setenv("VALO_HOME", str(server_home))
    here = Client()
    here.run(notebook).wait(120, raise_on_failure=False)
    return here


@pytest.fixture
def bucket(weed: SeaweedFS) -> str:
    return weed.bucket()


@pytest.fixture
def store(client: Client, weed: SeaweedFS, bucket: str) -> Store:
    config = weed.config(bucket, prefix="valo")
    return client.create_store(
        "team", type="s3", options=config["options"], credentials=config["credentials"], default=True
    )


def test_the_main_job_with_a_store(
    client: Client, store: Store, weed: SeaweedFS, bucket: str, notebook: Path, server_home: Path, valo: Command
) -> None:
    found = store.test()
    assert (found["ok"], [step["name"] for step in found["steps"] if not step["ok"]]) == (True, [])
    for key in ("images/a.png", "images/b.png", "images/deep/c.png", "other.txt"):
        weed.client().put_object(Bucket=bucket, Key=key, Body=key.encode())

    execution = client.run(notebook, inputs={"images": f"s3://{bucket}/images/*.png"}).wait(120)
    output = execution.outputs["count.json"]
    assert json.loads(output.path().read_text()) == ["a.png", "b.png"]
    assert output.uri.startswith(f"s3://{bucket}/valo/executions/")
    assert weed.client().head_object(Bucket=bucket, Key=output.uri.removeprefix(f"s3://{bucket}/"))
    # all of it is there: the notebook, too
    assert {each["store"]["name"] for each in execution.data["outputs"]} == {"team"}
    files = execution.data["inputs"][0]["files"]
    assert [(each["name"], each["store"]["name"]) for each in files] == [("a.png", "team"), ("b.png", "team")]

    datum = client.datum("count")
    assert (datum.tags, datum.name) == (["counted"], "count.json")
    assert client.dataset("counts").version("v1").data["sealed"]
    nodes = {node["name"] for node in datum.trace("back")["nodes"]}
    assert {"count.json", "a.png", "b.png"} <= nodes

    again = client.run(notebook, inputs={"images": "dataset://counts/v1"}).wait(120)
    assert json.loads(again.outputs["count.json"].path().read_text()) == ["count.json"]

    adopted = store.adopt(f"s3://{bucket}/images/**", tags=["old"])
    assert len(adopted["created"]) + len(adopted["existing"]) == 3
    assert adopted["ok"]
    assert not store.adopt(f"s3://{bucket}/nothing")["ok"]
    assert "team" in valo("store", "list").stdout

    datum.purge()
    assert datum.data["purged"]
    with pytest.raises(weed.client().exceptions.ClientError):
        weed.client().head_object(Bucket=bucket, Key=output.uri.removeprefix(f"s3://{bucket}/"))
    # neither a log, an event, a job nor the database has the secret
    secret = weed.keys.secret_access_key.encode()
    leaks = [path for path in server_home.rglob("*") if path.is_file() and secret in path.read_bytes()]
    assert leaks == []


def test_what_the_store_does_not_take_is_kept_and_brought_later(
    client: Client, store: Store, weed: SeaweedFS, bucket: str, notebook: Path, valo: Command
) -> None:
    config = weed.config(bucket, prefix="valo")
    away = {**config["options"], "endpoint_url": f"http://127.0.0.1:{free_port()}"}
    store.edit(options=away, credentials=config["credentials"])
    execution = client.run(notebook, inputs={}).wait(240, raise_on_failure=False)
    outputs = execution.outputs
    assert outputs["count.json"].uri.startswith("valo://")
    assert outputs["count.json"].data["wanted_store"]["name"] == "team"
    assert outputs["count.json"].path().read_text() == "[]"
    said = "\n".join(line.text for line in execution.logs())
    assert "upload-again" in said
    refused = valo("upload-again", str(execution.counter))
    assert refused.returncode == 1
    store.edit(options=config["options"], credentials=config["credentials"])
    brought = valo("upload-again", str(execution.counter))
    assert brought.returncode == 0, brought.stdout + brought.stderr
    output = client.execution(execution.counter).outputs["count.json"]
    assert output.uri.startswith(f"s3://{bucket}/valo/")
    assert output.data["wanted_store"] is None
    assert output.path().read_text() == "[]"


def test_what_cannot_be_read_is_said_before_anything_runs(
    client: Client, store: Store, bucket: str, notebook: Path
) -> None:
    for address, said in (
        ("s3://another-bucket/x", "no store of the project"),
        ("datum://nobody", "no alias 'nobody'"),
        ("dataset://none/v1", "no dataset://none/v1"),
    ):
        with pytest.raises(errors.ValoError, match=said):
            client.run(notebook, inputs={"images": address})
    missing = client.run(notebook, inputs={"images": f"s3://{bucket}/missing.png"}).wait(120, raise_on_failure=False)
    assert missing.data["status"] == "error"
    assert "images" in missing.data["status_detail"]
    with pytest.raises(errors.Invalid) as caught:
        client.create_store("bad", type="s3", options={"bukket": "x"}, credentials={"password": "y"})
    assert {"options.bukket", "options.bucket", "credentials.password"} <= set(caught.value.details)
