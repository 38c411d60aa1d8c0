"""Data over the API, with a store that speaks S3: from settings to files, names, versions, uploads and archives."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.parts.seaweedfs import SeaweedFS
from tests.parts.web import RunningWeb, running_web
from valo_jupyter import snapshots
from valo_jupyter.stores.local import LocalStore

YAML = """
- step: {name: hello, image: 'python:3.11', command: echo hello, inputs: [{name: data, optional: true}]}
- step: {name: stored, image: 'python:3.11', command: echo hello, upload-store: bucket}
"""


@pytest.fixture
def web(tmp_path: Path) -> Iterator[RunningWeb]:
    with running_web(tmp_path / "state") as server:
        yield server


@pytest.fixture
def project(web: RunningWeb, tmp_path: Path) -> dict[str, Any]:
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "valohai.yaml").write_text(YAML)
    made = web.post("/api/v0/projects/resolve/", {"folder": str(folder), "host": "h", "name": "demo"})
    sha = snapshots.commit_folder(Path(made["repository"]), folder)
    web.post(f"/api/v0/projects/{made['id']}/commits/", {"commit": sha, "identifier": f"~{sha}"})
    return {**made, "commit": f"~{sha}"}


@pytest.fixture
def store(web: RunningWeb, project: dict[str, Any], weed: SeaweedFS) -> dict[str, Any]:
    """A store of the project, its default one."""
    settings = weed.config(weed.bucket(), prefix="team")
    given = {"project": project["id"], "name": "bucket", "default": True, **settings}
    made = web.post("/api/v0/stores/", given)
    return {**made, "bucket": settings["options"]["bucket"], "secret": settings["credentials"]}


def ask(web: RunningWeb, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    reply = web.ask(method, path, body)
    return reply.status, reply.json() if reply.data else None


def submit(web: RunningWeb, project: dict[str, Any], **fields: Any) -> tuple[int, Any]:
    body = {"project": project["id"], "commit": project["commit"], "step": "hello", **fields}
    return ask(web, "POST", "/api/v0/executions/", body)


class Machine:
    """What a machine would say, of the execution that is first in line."""

    def __init__(self, web: RunningWeb) -> None:
        order = web.services.pool.next_order(web.services.environments.list()[0].id, "e")
        assert order is not None
        self._web, self.token = web, order.token
        self.assignment = self.tell("start", {"machine": {"pid": 1, "hostname": "h"}})

    def tell(self, path: str, body: Any, status: int = 200) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        reply = urllib3.request("POST", f"{self._web.url}/run/v1/{path}", headers=headers, body=json.dumps(body))
        assert reply.status == status, reply.data
        return reply.json()

    def output(self, name: str, store: dict[str, Any], weed: SeaweedFS, content: bytes, **more: Any) -> dict[str, Any]:
        key = self.assignment["upload"]["prefix"] + name
        weed.client().put_object(Bucket=store["bucket"], Key=key, Body=content)
        return {
            "name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest(),
            "md5": hashlib.md5(content).hexdigest(), "sha1": hashlib.sha1(content).hexdigest(),
            "uri": f"s3://{store['bucket']}/{key}", "store": store["id"], **more,
        }  # fmt: skip


def test_a_store_from_its_making_to_its_end(web: RunningWeb, project: dict[str, Any], store: dict[str, Any]) -> None:
    secret = store["secret"]["secret_access_key"]
    path = f"/api/v0/stores/{store['id']}/"
    shown = web.get(path)
    assert shown["credentials"]["secret_access_key"] == {"set": True}
    assert (shown["url"], shown["default"], shown["installed"]) == (f"s3://{store['bucket']}/", True, True)
    assert web.get(f"/api/v0/projects/{project['id']}/")["default_store"] == store["id"]
    assert secret not in json.dumps(web.get(f"/api/v0/stores/?project={project['id']}"))
    report = web.post(f"{path}test/", {})
    assert report["ok"], report
    wrong = web.post("/api/v0/stores/test/", {"store": store["id"], "credentials": {"secret_access_key": "no"}})
    assert not wrong["ok"]
    # as it is shown it may come back
    assert ask(web, "PATCH", path, {**shown, "name": "renamed"})[1]["name"] == "renamed"
    moved = {"options": {**shown["options"], "endpoint_url": "https://evil.example"}}
    status, answer = ask(web, "PATCH", path, moved)
    assert (status, answer["code"], list(answer["details"])) == (400, "invalid_store", ["credentials"])
    twice = {"project": project["id"], "name": "renamed", "type": "s3", "options": {"buket": "x"}}
    status, answer = ask(web, "POST", "/api/v0/stores/", twice)
    assert (status, answer["details"].keys()) == (400, {"name", "options.buket", "options.bucket"})
    with web.services.database.read() as connection:
        assert secret not in str(connection.exec_driver_sql("SELECT credentials FROM stores").one())
    assert ask(web, "DELETE", path) == (204, None)
    assert ask(web, "GET", path)[0] == 404
    assert web.get(f"/api/v0/projects/{project['id']}/")["default_store"] is None


def test_outputs_names_versions_and_what_reads_them(
    web: RunningWeb, project: dict[str, Any], store: dict[str, Any], weed: SeaweedFS
) -> None:
    made = submit(web, project)[1]
    machine = Machine(web)
    assert machine.assignment["upload"]["store"] == store["id"]
    assert machine.assignment["upload"]["prefix"].startswith(f"team/executions/{project['id']}/1-")
    opened = machine.assignment["stores"][store["id"]]
    assert opened["credentials"] == store["secret"]
    item = machine.output(
        "m/model v1.bin", store, weed, b"content", tags=["best"], aliases=["production", "no/alias"],
        dataset_versions=["dataset://models/v1", {"uri": "dataset://models/v1", "targeting_aliases": ["good"]}],
    )  # fmt: skip
    datum = machine.tell("outputs", [item])[0]["datum"]
    machine.tell("outputs", [{**item, "uri": f"s3://{store['bucket']}/other", "name": "x"}], 400)
    status, refused = submit(web, project, inputs={"data": ["dataset://models/v1"]})
    assert (status, "still being made" in refused["message"]) == (400, True)
    machine.tell("end", {"status": "complete"})
    log = [event.get("text", "") for event in web.services.stream.all(made["id"])]
    assert any("no/alias" in text for text in log)

    found = web.get(f"/api/v0/data/{datum}/")
    assert (found["aliases"], found["tags"], found["store"]["name"]) == (["production"], ["best"], "bucket")
    assert found["datasets"] == [{"dataset": "models", "version": "v1", "name": "m/model v1.bin"}]
    queries = ["search=MOD+v1", "search=produ+best", "tag=best", "alias=production", "store=bucket", "origin=output"]
    queries += [f"execution={made['id']}", "purged=false&count=true", f"search=model&store={store['id']}"]
    for query in queries:
        listed = web.get(f"/api/v0/data/?project={project['id']}&{query}")
        assert [one["id"] for one in listed["results"]] == [datum], query
    for query in ("search=odel", "tag=worst", "store=built-in", "origin=upload", "purged=true", f"before={datum}"):
        assert web.get(f"/api/v0/data/?project={project['id']}&{query}")["results"] == [], query
    url = web.get(f"/api/v0/data/{datum}/download/")["url"]
    assert url.startswith(weed.url)
    assert urllib3.request("GET", url).data == b"content"
    part = urllib3.request(
        "GET", f"{web.url}/api/v0/data/{datum}/content/", headers={**web.headers, "Range": "bytes=1-3"}
    )
    assert (part.status, part.data, part.headers["Content-Range"]) == (206, b"ont", "bytes 1-3/7")
    assert part.headers["Content-Security-Policy"].startswith("sandbox")

    given = ["datum://production", "dataset://models/latest", "dataset://models/good"]
    reader = submit(web, project, inputs={"data": given})[1]
    assert reader["inputs"][0]["urls"] == [f"datum://{datum}", "dataset://models/v1", "dataset://models/v1"]
    assert reader["inputs"][0]["given"] == given
    reading = Machine(web)
    files = reading.assignment["inputs"][0]["files"]
    assert files["dataset://models/v1"][0]["name"] == "m/model v1.bin"
    assert files[f"datum://{datum}"][0]["sha256"] == item["sha256"]
    told = reading.tell("inputs", [{**item, "input": "data", "datum": datum}])
    assert told == [{"datum": datum, "warning": None}]
    status, answer = ask(web, "POST", f"/api/v0/data/{datum}/purge/", {})
    assert (status, "#2" in answer["message"]) == (409, True)
    reading.tell("end", {"status": "complete"})
    trace = web.get(f"/api/v0/data/{datum}/trace/")
    assert {(node["type"], node["name"]) for node in trace["nodes"]} >= {
        ("dataset", "models/v1"),
        ("execution", "hello"),
    }
    assert not trace["truncated"]
    assert ask(web, "POST", f"/api/v0/data/{datum}/purge/", {})[1]["purged"]
    assert "Contents" not in weed.client().list_objects_v2(Bucket=store["bucket"])
    status, answer = submit(web, project, inputs={"data": ["datum://production"]})
    assert (status, answer["code"], "purged" in answer["message"]) == (400, "input_unavailable", True)


@pytest.mark.parametrize(
    ("uri", "word"),
    [
        ("datum://nobody", "no alias"),
        ("datum://00000000-0000-0000-0000-000000000000", "no file"),
        ("dataset://none/latest", "dataset list"),
        ("s3://elsewhere/key", "bucket (s3://"),
        ("valo://" + "0" * 64, "no file"),
        ("dataset://none", "dataset://name/version"),
    ],
)
def test_what_is_not_there_is_refused_at_creation(
    web: RunningWeb, project: dict[str, Any], store: dict[str, Any], uri: str, word: str
) -> None:
    status, answer = submit(web, project, inputs={"data": [uri]})
    assert (status, answer["code"]) == (400, "input_unavailable"), answer
    assert "'data'" in answer["message"]
    assert word in answer["message"]
    status, answer = submit(web, project, upload_store="nowhere")
    assert (status, "bucket" in answer["message"]) == (400, True)


def test_adopt_objects_one_by_one_and_by_pattern(
    web: RunningWeb, project: dict[str, Any], store: dict[str, Any], weed: SeaweedFS
) -> None:
    for key in ("images/a.png", "images/b.png", "images/sub/c.png", "odd[1].txt"):
        weed.client().put_object(Bucket=store["bucket"], Key=key, Body=key.encode())
    root = f"s3://{store['bucket']}/"
    path = f"/api/v0/stores/{store['id']}/adopt/"
    first = web.post(path, {"project": project["id"], "url": f"{root}odd[1].txt", "tags": ["old"]})
    assert (first["ok"], list(first["created"])) == (True, [f"{root}odd[1].txt"])
    urls = [f"{root}images/*.png", f"{root}odd[1].txt", f"{root}none", "s3://elsewhere/x"]
    second = web.post(path, {"project": project["id"], "urls": urls})
    assert second["created"].keys() == {f"{root}images/a.png", f"{root}images/b.png"}
    assert second["existing"] == first["created"]
    assert {error["url"] for error in second["errors"]} == {f"{root}none", "s3://elsewhere/x"}
    version = {"project": project["id"], "dataset": "pictures", "name": "1", "patterns": [f"{root}images/**", "odd*"]}
    made = web.post("/api/v0/dataset-versions/", version)
    assert [file["name"] for file in made["files"]] == ["a.png", "b.png", "odd[1].txt", "sub/c.png"]
    status, answer = ask(web, "POST", "/api/v0/dataset-versions/", version)
    assert (status, "never change" in answer["message"]) == (409, True)
    address = web.post("/api/v0/data/archive/", {"dataset_version": made["id"]})["url"]
    with zipfile.ZipFile(io.BytesIO(urllib3.request("GET", address).data)) as archive:
        assert archive.testzip() is None
        assert archive.read("sub/c.png") == b"images/sub/c.png"
    assert ask(web, "DELETE", f"/api/v0/datasets/{made['dataset']['id']}/") == (204, None)
    assert web.get(f"/api/v0/datasets/?project={project['id']}")["results"] == []


@pytest.mark.parametrize("where", ["built-in", "bucket"])
def test_uploads_by_parts(web: RunningWeb, project: dict[str, Any], store: dict[str, Any], where: str) -> None:
    content = bytes(range(256)) * 100
    given = {"project": project["id"], "name": "d/t.bin", "size": len(content), "store": where, "aliases": ["table"]}
    made = web.post("/api/v0/uploads/", {**given, "sha256": hashlib.sha256(content).hexdigest()})
    assert (made["received"], made["datum"]) == (0, None)
    path = f"/api/v0/uploads/{made['id']}/"

    def send(start: int, end: int) -> Any:
        headers = {**web.headers, "Content-Range": f"bytes {start}-{end - 1}/{len(content)}"}
        return urllib3.request("PUT", web.url + path, headers=headers, body=content[start:end]).json()

    assert send(0, 1000)["received"] == 1000
    assert send(5000, 6000)["received"] == 1000
    assert send(500, 2000)["received"] == 2000
    assert web.get(path)["received"] == 2000
    done = send(2000, len(content))
    assert done["datum"]["sha256"] == hashlib.sha256(content).hexdigest()
    assert (done["datum"]["origin"], done["datum"]["aliases"]) == ("upload", ["table"])
    assert send(2000, len(content)) == done
    assert (done["datum"]["store"] or {}).get("name") == (None if where == "built-in" else "bucket")
    url = web.get(f"/api/v0/data/{done['datum']['id']}/download/")["url"]
    assert urllib3.request("GET", url).data == content
    empty = web.post("/api/v0/uploads/", {**given, "size": 0, "aliases": []})
    assert empty["datum"]["size"] == 0
    archive = web.post("/api/v0/data/archive/", {"data": [done["datum"]["id"], empty["datum"]["id"]]})["url"]
    with zipfile.ZipFile(io.BytesIO(urllib3.request("GET", archive).data)) as packed:
        assert {name: len(packed.read(name)) for name in packed.namelist()} == {"d/t.bin": 25600, "d/t~2.bin": 0}
    # an alias that moves keeps what it stood for
    resolved = web.get(f"/api/v0/datum-aliases/resolve/?name=table&project={project['id']}")
    assert resolved["datum"]["id"] == done["datum"]["id"]
    alias = f"/api/v0/datum-aliases/{resolved['id']}/"
    ask(web, "PATCH", alias, {"datum": empty["datum"]["id"]})
    ask(web, "PATCH", alias, {"datum": None})
    history = [change["datum"] and change["datum"]["id"] for change in web.get(f"{alias}history/")["results"]]
    assert history == [None, empty["datum"]["id"], done["datum"]["id"]]


def test_other_peoples_data_is_hidden(
    web: RunningWeb, project: dict[str, Any], store: dict[str, Any], weed: SeaweedFS
) -> None:
    submit(web, project)
    machine = Machine(web)
    item = machine.output("a.txt", store, weed, b"a", aliases=["a"], dataset_versions=["dataset://d/1"])
    datum = machine.tell("outputs", [item])[0]["datum"]
    alias = web.get(f"/api/v0/datum-aliases/?project={project['id']}")["results"][0]["id"]
    dataset = web.get(f"/api/v0/datasets/?project={project['id']}")["results"][0]
    upload = web.post("/api/v0/uploads/", {"project": project["id"], "name": "x", "size": 3})["id"]
    accounts = web.services.accounts
    headers = {**web.headers, "Authorization": f"Token {accounts.new_token(accounts.ensure('bob'))}"}
    for method, path in [
        ("GET", f"data/{datum}/"), ("PATCH", f"data/{datum}/"), ("GET", f"data/{datum}/download/"),
        ("GET", f"data/{datum}/content/"), ("GET", f"data/{datum}/trace/"), ("POST", f"data/{datum}/purge/"),
        ("GET", f"data/?project={project['id']}"), ("GET", f"stores/{store['id']}/"),
        ("PATCH", f"stores/{store['id']}/"),
        ("GET", f"stores/?project={project['id']}"), ("DELETE", f"stores/{store['id']}/"),
        ("POST", f"stores/{store['id']}/test/"), ("GET", f"datum-aliases/{alias}/"),
        ("PATCH", f"datum-aliases/{alias}/"),
        ("DELETE", f"datum-aliases/{alias}/"), ("GET", f"datum-aliases/{alias}/history/"),
        ("GET", f"datum-aliases/?project={project['id']}"), ("GET", f"datasets/{dataset['id']}/"),
        ("PATCH", f"datasets/{dataset['id']}/"), ("DELETE", f"datasets/{dataset['id']}/"),
        ("GET", f"dataset-versions/{dataset['versions'][0]['id']}/"), ("GET", f"uploads/{upload}/"),
        ("DELETE", f"dataset-versions/{dataset['versions'][0]['id']}/"), ("DELETE", f"uploads/{upload}/"),
    ]:  # fmt: skip
        reply = urllib3.request(method, f"{web.url}/api/v0/{path}", headers=headers, body=b"{}")
        assert reply.status == 404, (method, path, reply.data)
    body = json.dumps({"data": [datum]}).encode()
    assert urllib3.request("POST", f"{web.url}/api/v0/data/archive/", headers=headers, body=body).status == 404
    assert urllib3.request("GET", f"{web.url}/api/v0/stores/", headers=headers).json() == {"results": []}


def test_what_a_store_did_not_take_is_brought_there(
    web: RunningWeb, project: dict[str, Any], store: dict[str, Any], weed: SeaweedFS, tmp_path: Path
) -> None:
    made = submit(web, project)[1]
    machine = Machine(web)
    file = tmp_path / "file"
    file.write_bytes(b"kept near")
    kept = LocalStore(web.state.store).put_file(file)
    item = {"name": "r.txt", "size": 9, "md5": kept.md5, "sha1": kept.sha1, "sha256": kept.sha256, "uri": kept.uri}
    datum = machine.tell("outputs", [{**item, "wanted_store": store["id"]}])[0]["datum"]
    machine.tell("end", {"status": "complete"})
    assert web.get(f"/api/v0/data/{datum}/")["wanted_store"]["name"] == "bucket"
    path = f"/api/v0/executions/{made['id']}/"
    assert ask(web, "PATCH", f"/api/v0/stores/{store['id']}/", {"credentials": weed.reader.credentials})[0] == 200
    answer = web.post(f"{path}upload/", {})
    assert ((answer["moved"], answer["left"]), bool(answer["problem"])) == ((0, 1), True)
    ask(web, "PATCH", f"/api/v0/stores/{store['id']}/", {"credentials": store["secret"]})
    assert web.post(f"{path}upload/", {}) == {"moved": 1, "left": 0, "problem": None}
    moved = web.get(f"/api/v0/data/{datum}/")
    assert (moved["store"]["name"], moved["wanted_store"]) == ("bucket", None)
    assert urllib3.request("GET", web.get(f"/api/v0/data/{datum}/download/")["url"]).data == b"kept near"
    assert not LocalStore(web.state.store).path(kept.key).exists()
    # what was made stays when the execution is removed
    assert ask(web, "DELETE", path)[0] == 204
    assert ask(web, "GET", path)[0] == 404
    assert web.get(f"/api/v0/data/{datum}/")["output_execution"] is None
