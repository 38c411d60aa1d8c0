"""The API over real HTTP: who may ask, what is refused and how, long polls, downloads, the OpenAPI document."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3
from openapi_spec_validator import validate

from tests.parts.web import RunningWeb, running_web
from valo_jupyter import snapshots
from valo_jupyter.api.routing import ROUTES

OPEN = {
    ("GET", "/download/{id}/{expires}/{signature}/{name}"),
    ("GET", "/download/archives/{id}/{expires}/{signature}/{name}"),
}


@pytest.fixture
def web(tmp_path: Path) -> Iterator[RunningWeb]:
    with running_web(tmp_path / "state") as server:
        yield server


@pytest.fixture
def project(web: RunningWeb, tmp_path: Path) -> dict[str, Any]:
    """A project with one commit of a step and a notebook."""
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "valohai.yaml").write_text("- step: {name: hello, image: 'python:3.11', command: echo hello}\n")
    (folder / "nb.ipynb").write_text(json.dumps(NOTEBOOK))
    made = web.post("/api/v0/projects/resolve/", {"folder": str(folder), "host": "h", "name": "demo"})
    sha = snapshots.commit_folder(Path(made["repository"]), folder)
    commit = web.post(f"/api/v0/projects/{made['id']}/commits/", {"commit": sha, "identifier": f"~{sha}"})
    return {**made, "commit": commit["identifier"]}


NOTEBOOK = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    "cells": [
        {"id": "p", "cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "lr = 0.1\nepochs = 5",
         "outputs": [], "execution_count": None},
    ],
}  # fmt: skip


def submit(web: RunningWeb, project: dict[str, Any], **fields: Any) -> dict[str, Any]:
    body = {"project": project["id"], "commit": project["commit"], **fields}
    if "notebook" not in fields:
        body["step"] = "hello"
    return web.post("/api/v0/executions/", body)


def test_every_route_refuses_strangers(web: RunningWeb) -> None:
    seen = set()
    for route in ROUTES:
        path = route.pattern.replace("{", "").replace("}", "")
        for token in (None, "wrong"):
            headers = {"Authorization": f"Token {token}"} if token else {}
            reply = urllib3.request(route.method, web.url + path, headers=headers, body=b"{}")
            machine = 409 if token else 401
            of_machines = dict.fromkeys(("attempt", "trial", "machine"), machine)
            expected = {"user": 401, "signed": 403, **of_machines}[route.auth]
            assert reply.status == expected, (route.method, path, token, reply.data)
            assert reply.json()["code"]
            assert reply.headers["X-Content-Type-Options"] == "nosniff"
        seen.add((route.method, route.pattern))
    assert {(r.method, r.pattern) for r in ROUTES if r.auth == "signed"} == OPEN
    assert len(seen) == len(ROUTES) > 30
    for method, path in (("GET", "/nothing"), ("DELETE", "/api/v0/users/me/")):
        assert urllib3.request(method, web.url + path).status == 401


def test_other_host_names_are_refused(web: RunningWeb) -> None:
    reply = urllib3.request("GET", web.url + "/api/v0/users/me/", headers={**web.headers, "Host": "evil.example"})
    assert reply.status == 403


def test_errors_say_what_to_do(web: RunningWeb, project: dict[str, Any]) -> None:
    cases = [
        ({"parameters": {"rate": 1}, "notebook": {"path": "nb.ipynb"}}, 400, "unknown_parameter", "lr"),
        ({"parameters": {"epochs": "many"}, "notebook": {"path": "nb.ipynb"}}, 400, "wrong_parameter_type", "whole"),
        ({"notebook": {"path": "other.ipynb"}}, 404, "not_found", "other.ipynb"),
        ({"environment": "gpu"}, 400, "does_not_exist", "local"),
        ({"step": "train", "notebook": None}, 404, "not_found", "hello"),
        ({"commit": "~missing"}, 404, "not_found", "~missing"),
        ({"time_limit": "soon"}, 400, "invalid", "seconds"),
        ({"tags": [""]}, 400, "invalid", "tag"),
    ]
    for fields, status, code, word in cases:
        body = {"project": project["id"], "commit": project["commit"], "step": "hello", **fields}
        reply = web.ask("POST", "/api/v0/executions/", body)
        answer = reply.json()
        assert (reply.status, answer["code"]) == (status, code), answer
        assert word in answer["message"]
    broken = urllib3.request("POST", web.url + "/api/v0/executions/", headers=web.headers, body=b"{no")
    assert (broken.status, broken.json()["code"]) == (400, "invalid")


def test_an_execution_as_the_wire_says(web: RunningWeb, project: dict[str, Any]) -> None:
    made = submit(
        web, project, notebook={"path": "nb.ipynb"}, parameters={"lr": 1}, tags=["a", "b"],
        environment_variables={"A": 1}, secret_environment_variables={"T": "hidden-value"},
    )  # fmt: skip
    assert made["counter"] == 1
    assert (made["status_detail"], made["queue_position"]) == ("in line", 1)
    assert made["parameters"] == {"lr": 1.0, "epochs": 5}
    assert made["environment_variables"] == {"A": {"value": "1", "secret": False}, "T": {"value": None, "secret": True}}
    assert "hidden-value" not in json.dumps(made)
    for address in (made["id"], f"{project['id']}:1", f"{project['id']}:latest"):
        assert web.get(f"/api/v0/executions/{address}/")["id"] == made["id"]
    edited = web.ask("PATCH", f"/api/v0/executions/{made['id']}/", {"tags": ["c"], "title": "T"}).json()
    assert (edited["tags"], edited["title"]) == (["c"], "T")
    stopped = web.post(f"/api/v0/executions/{made['id']}/stop/", {})
    assert "taken out of the line" in stopped["message"]
    again = web.post(f"/api/v0/executions/{made['id']}/copy/", {"parameters": {"epochs": 2}})
    assert (again["counter"], again["parameters"]) == (2, {"lr": 1.0, "epochs": 2})
    listed = web.get(f"/api/v0/executions/?project={project['id']}&limit=9001&ordering=-counter&deleted=false")
    assert [item["counter"] for item in listed["results"]] == [2, 1]


def test_a_waiting_list_answers_when_something_changes(web: RunningWeb, project: dict[str, Any]) -> None:
    first = submit(web, project)
    address = f"/api/v0/executions/?project={project['id']}"
    revision = web.get(address)["revision"]
    answers: list[tuple[float, Any]] = []

    def wait() -> None:
        answer = web.get(f"{address}&changed_after={revision}&wait=20")
        answers.append((time.monotonic(), answer))

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.5)
    assert not answers, "nothing has changed yet"
    web.post(f"/api/v0/executions/{first['id']}/stop/", {})
    thread.join(10)
    assert [item["status"] for item in answers[0][1]["results"]] == ["stopped"]
    assert web.get(f"{address}&changed_after={answers[0][1]['revision']}&wait=0.2")["results"] == []


def test_a_server_that_ends_answers_those_who_wait(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    answers: list[Any] = []
    with running_web(tmp_path / "state") as web:
        made = web.post("/api/v0/projects/resolve/", {"folder": "/x", "host": "h", "name": "x"})
        address = f"/api/v0/executions/?project={made['id']}&changed_after=0&wait=20"
        thread = threading.Thread(target=lambda: answers.append(web.ask("GET", address)))
        thread.start()
        time.sleep(0.5)
    thread.join(10)
    assert [answer.status for answer in answers] == [200]
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_a_folder_s_project_can_be_asked_for_without_making_one(web: RunningWeb, project: dict[str, Any]) -> None:
    address, folder = "/api/v0/projects/resolve/", project["folder"].partition(":")[2]
    assert web.post(address, {"folder": folder, "host": "h", "create": False})["id"] == project["id"]
    before = web.get("/api/v0/projects/")
    assert web.ask("POST", address, {"folder": "/nowhere", "host": "h", "create": False}).status == 404
    assert web.get("/api/v0/projects/") == before


def test_the_stream_and_the_log(web: RunningWeb, project: dict[str, Any]) -> None:
    made = submit(web, project)
    services = web.services
    order = services.pool.next_order(services.environments.list()[0].id, "e")
    assert order is not None
    machine = {**web.headers, "Authorization": f"Bearer {order.token}"}

    def tell(path: str, body: Any, method: str = "POST") -> urllib3.BaseHTTPResponse:
        return urllib3.request(method, f"{web.url}/run/v1/{path}", headers=machine, body=json.dumps(body))

    assert tell("start", {"machine": {"pid": 1}}).json()["execution"]["counter"] == 1
    lines = [f"line {number}" for number in range(1000)]
    batch = [{"k": "log", "s": "stdout", "n": 1000, "t": "2026-01-01T10:00:00.000000", "text": "\n".join(lines)}]
    assert tell("events", {"first": 1, "events": batch}).json() == {"ack": 1000, "stop": None}
    address = f"/api/v0/executions/{made['id']}"
    log = web.get(f"{address}/events/?limit=0")
    assert [event["message"] for event in log["events"]] == lines
    assert len({event["time"] for event in log["events"]}) == log["total"] == 1000
    some = web.get(f"{address}/events/?limit=10")
    assert ([event["message"] for event in some["events"]], some["truncated"]) == (lines[-10:], True)
    stream = web.get(f"{address}/stream/?after=0")
    assert [event["k"] for event in stream["events"]] == ["status", "log"]
    assert not stream["done"]
    assert web.get(f"{address}/stream/?after={stream['last']}&wait=0.1")["events"] == []
    assert tell("notebook", {"cells": []}, "PUT").status == 200
    assert web.get(f"{address}/notebook/") == {"cells": []}
    assert tell("end", {"status": "complete"}).status == 200
    assert tell("events", {"first": 1001, "events": []}).json()["code"] == "stale_attempt"
    rest = web.get(f"{address}/stream/?after={stream['last']}&wait=5")
    assert ([event["status"] for event in rest["events"]], rest["done"]) == (["complete"], True)


def test_downloads_are_signed_and_can_go_on(web: RunningWeb, project: dict[str, Any]) -> None:
    from valo_jupyter.stores.local import LocalStore

    submit(web, project)
    services = web.services
    order = services.pool.next_order(services.environments.list()[0].id, "e")
    assert order is not None
    services.runs.start(order.token, {})
    file = web.state.root / "made"
    file.write_bytes(bytes(range(256)) * 4000)
    info = LocalStore(web.state.store).put_file(file)
    item = {"name": 'sub/ü "x".bin', "size": info.size, "sha256": info.sha256, "uri": info.uri}
    (made,) = services.runs.outputs(order.token, [item])
    url = web.get(f"/api/v0/data/{made['datum']}/download/")["url"]
    whole = urllib3.request("GET", url)
    assert whole.data == bytes(range(256)) * 4000
    assert "filename*=UTF-8''%C3%BC%20%22x%22.bin" in whole.headers["Content-Disposition"]
    assert "sandbox" in whole.headers["Content-Security-Policy"]
    part = urllib3.request("GET", url, headers={"Range": "bytes=1000-1009"})
    assert (part.status, part.data) == (206, whole.data[1000:1010])
    other = url.replace(made["datum"], project["id"])
    assert urllib3.request("GET", other).status == 403
    expires = url.split("/")[-3]
    assert urllib3.request("GET", url.replace(expires, "1")).status == 403


def test_code_as_zip(web: RunningWeb, project: dict[str, Any], tmp_path: Path) -> None:
    import io
    import zipfile

    made = submit(web, project)
    reply = web.ask("GET", f"/api/v0/executions/{made['id']}/code/")
    names = zipfile.ZipFile(io.BytesIO(reply.data)).namelist()
    assert {"nb.ipynb", "valohai.yaml"} <= set(names)
    assert list((web.state.root / "uploads").iterdir()) == []


def test_the_schema_is_valid_and_whole(web: RunningWeb) -> None:
    document = web.get("/api/schema/")
    validate(document)
    documented = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    assert documented == {(route.method, route.pattern) for route in ROUTES}
    assert all(item["summary"] for path in document["paths"].values() for item in path.values())


def test_a_failure_of_the_server_tells_nothing_of_its_inside(web: RunningWeb, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(web.services.projects, "list", fail)
    reply = web.ask("GET", "/api/v0/projects/")
    assert (reply.status, reply.json()["code"]) == (500, "internal")
    assert "secret inside" not in reply.data.decode()


def test_many_waiting_readers_do_not_starve_others(web: RunningWeb, project: dict[str, Any]) -> None:
    made = submit(web, project)
    threads = [
        threading.Thread(target=web.get, args=(f"/api/v0/executions/{made['id']}/stream/?after=9&wait=4",))
        for _ in range(40)
    ]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    assert web.get("/api/v0/users/me/")["id"]
    web.post(f"/api/v0/executions/{made['id']}/stop/", {})
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
