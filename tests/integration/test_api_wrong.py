"""What is wrong is refused by every route: walked from the OpenAPI document, with bodies and addresses of any kind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import urllib3

from tests.parts.postgres import new_database
from tests.parts.web import RunningWeb, running_web
from valo_jupyter import snapshots
from valo_jupyter.domain.errors import Overtaken
from valo_jupyter.stores.local import LocalStore

BODIES = [b"null", b"[]", b'"text"', b"1e999", b"{", b"\xff\x00", b"[" * 500 + b"]" * 500, b"[" * 100_000]
VALUES: list[Any] = [0, 1.5, True, "text", [], [1], ["a", None], {"a": {"b": 1}}, {"a": [{"b": [None, {}]}]}, 10**30]
#: fit for a text, and for no column
ODD = ["\0", "\ud800", "💥\r\n" * 100, "x" * 1_000_000]
ADDRESSES = ["%00", "%ff", "..%2f..%2fx", "9" * 40, "x:" + "9" * 30, "a" * 3000]
QUERIES = ["%00", "9" * 40]
#: what machines send in lists
TOLD: list[tuple[str, Any]] = [
    ("inputs", [5]),
    ("inputs", [{}]),
    ("inputs", [{"input": 1, "name": "n", "uri": "u", "size": 1, "sha256": "s"}]),
    ("outputs", [{"name": "n", "uri": "u", "size": "large", "sha256": "s"}]),
    ("outputs", [{"name": "n", "uri": "u", "size": 1, "sha256": "s", "aliases": 5}]),
    ("outputs", [{"name": "n", "uri": "u", "size": 1, "sha256": "s", "tags": [None]}]),
    ("events", {"first": 1, "events": [{}]}),
    ("events", {"first": 1, "events": [{"k": "log", "s": "stdout", "text": "", "n": 0}]}),
    ("events", {"first": 1, "events": [{"k": "log", "s": "stdout", "text": ["a"]}]}),
    ("events", {"first": 1, "events": [{"k": "log", "s": "stdout"}]}),
    ("events", {"first": 1, "events": [{"k": "log", "s": "stdout", "text": None}]}),
    ("events", {"first": 1, "events": [{"k": "log", "s": "stdout", "text": "a", "t": "today"}]}),
    ("events", {"first": 1, "events": [{"k": "metadata", "values": 5}]}),
    ("events", {"first": 1, "events": [{"k": "cell", "cell": 1, "code": "one", "of": 2, "state": "done"}]}),
    ("image", {"digest": "latest"}),
    ("end", {"status": "done"}),
]


@dataclass
class World:
    """A server with one of each thing, by what routes call it."""

    web: RunningWeb
    ids: dict[str, str]
    commit: str
    machine: str
    trial: str


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    url = None if request.param == "sqlite" else new_database(request.getfixturevalue("postgres"))
    folder = tmp_path_factory.mktemp("wrong")
    with running_web(folder / "state", url) as web:
        yield _furnished(web, folder)


def _furnished(web: RunningWeb, folder: Path) -> World:
    code = folder / "code"
    code.mkdir()
    (code / "valohai.yaml").write_text("- step: {name: hello, image: 'python:3.11', command: echo hello}\n")
    project = web.post("/api/v0/projects/resolve/", {"folder": str(code), "host": "h", "name": "demo"})
    sha = snapshots.commit_folder(Path(project["repository"]), code)
    commit = web.post(f"/api/v0/projects/{project['id']}/commits/", {"commit": sha, "identifier": f"~{sha}"})
    submitted = {"project": project["id"], "commit": commit["identifier"], "step": "hello"}
    runs, waits = (web.post("/api/v0/executions/", submitted) for _ in range(2))
    services = web.services
    order = services.pool.next_order(services.environments.list()[0].id, "e")
    assert order is not None
    assert order.execution_id == runs["id"]
    services.runs.start(order.token, {})
    (folder / "made").write_bytes(b"made")
    info = LocalStore(web.state.store).put_file(folder / "made")
    output = {"name": "made", "size": info.size, "sha256": info.sha256, "uri": info.uri}
    (datum,) = services.runs.outputs(order.token, [output])
    alias = web.post("/api/v0/datum-aliases/", {"project": project["id"], "name": "a", "datum": datum["datum"]})
    version = web.post(
        "/api/v0/dataset-versions/",
        {"project": project["id"], "dataset": "d", "name": "1", "files": [{"datum": datum["datum"]}]},
    )
    upload = web.post("/api/v0/uploads/", {"project": project["id"], "name": "f", "size": 100})
    given = {"project": project["id"], "name": "s", "type": "s3", "options": {"bucket": "b"}}
    store = web.post("/api/v0/stores/", given)
    entry = {"match": "127.0.0.1:1/x/*", "type": "generic", "username": "u", "password": "long-password"}
    registry = web.post("/api/v0/registries/", entry)
    tested = web.post("/api/v0/environments/local/test/", {})
    trial = services.trials.take("e")
    assert trial is not None
    ids = {
        "projects": project["id"],
        "commits": commit["id"],
        "executions": waits["id"],
        "data": datum["datum"],
        "datum-aliases": alias["id"],
        "datasets": version["dataset"]["id"],
        "dataset-versions": version["id"],
        "uploads": upload["id"],
        "stores": store["id"],
        "registries": registry["id"],
        "environments": web.get("/api/v0/environments/local/")["id"],
        "tests": tested["id"],
        "blobs": info.sha256,
    }
    return World(web, ids, commit["identifier"], order.token, trial.token)


def _operations(world: World) -> Iterator[tuple[str, str, dict[str, Any]]]:
    paths = world.web.get("/api/schema/")["paths"]
    for path, item in paths.items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def _address(world: World, path: str) -> str:
    """The route's address, of things that there are."""
    parts = path.split("/")
    for number, part in enumerate(parts):
        if part.startswith("{"):
            parts[number] = world.ids.get(parts[number - 1], "x")
    return "/".join(parts)


class Asking:
    """One connection; every answer is one of the API's own."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._pool = urllib3.connectionpool.connection_from_url(world.web.url)
        self.failed: list[str] = []
        self.count = 0

    def ask(self, method: str, address: str, body: bytes | None, note: str, **more: str) -> urllib3.BaseHTTPResponse:
        token = f"Token {self._world.web.token}"
        if address.startswith("/run/v1/"):
            token = f"Bearer {self._world.trial if '/probe' in address else self._world.machine}"
        headers = {"Authorization": token, "Content-Type": "application/json", **more}
        # an address that is no text ends the connection, after the answer
        again = urllib3.Retry(1, status=0, allowed_methods=None)
        reply = self._pool.urlopen(method, address, body=body, headers=headers, retries=again, timeout=30)
        self.count += 1
        if reply.status >= 500 or (reply.status >= 400 and not reply.json().get("message")):
            self.failed.append(f"{method} {address[:80]} {note}: {reply.status} {reply.data[:200]!r}")
        return reply


def _ask_with(world: World, path: str) -> dict[str, Any]:
    """What a body needs beside the field that is tried, lest it be refused for that."""
    project = world.ids["projects"]
    submitted = {"project": project, "commit": world.commit, "step": "hello"}
    store = {"project": project, "name": "s2", "type": "s3", "options": {"bucket": "b"}}
    known: dict[str, dict[str, Any]] = {
        "/api/v0/executions/": submitted,
        "/api/v0/stores/": store,
        "/api/v0/stores/test/": {"type": "s3", "options": {"bucket": "b"}},
        "/api/v0/environments/": {"name": "e", "engine": "local"},
        "/api/v0/environments/test/": {"engine": "local"},
    }
    return known.get(path, {})


def _takes_away(method: str, path: str) -> bool:
    """What would take away that with which the others are tried, or ask a store elsewhere."""
    return method == "DELETE" or path.endswith(("/purge/", "/end", "/stores/test/", "/stores/{id}/test/"))


def test_bodies_that_are_no_objects(world: World) -> None:
    asking = Asking(world)
    for method, path, operation in _operations(world):
        if "application/json" in operation.get("requestBody", {}).get("content", {}):
            for body in BODIES:
                reply = asking.ask(method, _address(world, path), body, repr(body[:20]))
                assert reply.status == 400, (method, path, body[:20], reply.data)
    assert asking.failed == []
    assert asking.count > 200


def test_fields_of_other_kinds(world: World) -> None:
    asking = Asking(world)
    passed = []
    for method, path, operation in _operations(world):
        content = operation.get("requestBody", {}).get("content", {})
        fields = content.get("application/json", {}).get("schema", {}).get("properties", {})
        for name, kind in fields.items():
            fits = jsonschema.Draft202012Validator(kind).is_valid
            for value in [*VALUES, *(ODD if kind.get("type") == "string" else [])]:
                if fits(value) and (_takes_away(method, path) or not isinstance(value, str)):
                    continue
                body = {**_ask_with(world, path), name: value}
                reply = asking.ask(method, _address(world, path), json.dumps(body).encode(), f"{name}={value!r}"[:80])
                if not fits(value) and not (reply.status == 400 and name in reply.data.decode()):
                    passed.append((method, path, name, str(value)[:40], reply.status, reply.data[:200]))
    assert asking.failed == []
    assert passed == []


def test_addresses_of_any_letters(world: World) -> None:
    asking = Asking(world)
    for method, path, operation in _operations(world):
        before, brace, after = path.partition("{")
        rest = after.partition("}")[2].replace("{", "").replace("}", "")
        for odd in ADDRESSES if brace else ():
            asking.ask(method, f"{before}{odd}{rest}", b"{}", "address")
        names = [one["name"] for one in operation["parameters"] if one["in"] == "query"]
        for name in names if method == "GET" else ():
            project = f"&project={world.ids['projects']}" if name != "project" else ""
            for odd in QUERIES:
                asking.ask(method, f"{_address(world, path)}?{name}={odd}{project}", None, "query")
    assert asking.failed == []


@pytest.mark.parametrize(("where", "body"), TOLD)
def test_what_a_machine_says(world: World, where: str, body: Any) -> None:
    asking = Asking(world)
    reply = asking.ask("POST", f"/run/v1/{where}", json.dumps(body).encode(), "")
    assert (reply.status, asking.failed) == (400, []), reply.data
    log = world.web.ask("GET", f"/api/v0/executions/{world.ids['projects']}:1/events/")
    assert log.status == 200


def test_what_was_overtaken_is_asked_for_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a person, and by a machine, which takes 409 for the end of its attempt."""

    def overtaken(*_: object, **__: object) -> None:
        raise Overtaken()

    monkeypatch.setattr(world.web.services.environments, "edit", overtaken)
    monkeypatch.setattr(world.web.services.runs, "outputs", overtaken)
    reply = world.web.ask("PATCH", "/api/v0/environments/local/", {"description": "new"})
    assert (reply.status, reply.json()["code"]) == (409, "overtaken")
    headers = {"Authorization": f"Bearer {world.machine}", "Content-Type": "application/json"}
    reply = urllib3.request("POST", f"{world.web.url}/run/v1/outputs", headers=headers, body=b"[]", retries=False)
    assert (reply.status, reply.json()["code"]) == (503, "overtaken")


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1" + "0" * 400, "1.5"])
def test_resources_are_whole_numbers(world: World, value: str) -> None:
    body = f'{{"project": "{world.ids["projects"]}", "commit": "{world.commit}", "step": "hello", "resources": '
    headers = {"Authorization": f"Token {world.web.token}", "Content-Type": "application/json"}
    asked = f'{body}{{"pids": {value}}}}}'
    reply = urllib3.request("POST", f"{world.web.url}/api/v0/executions/", headers=headers, body=asked)
    assert (reply.status, "pids" in reply.json()["message"]) == (400, True)


def test_an_empty_line_is_a_line(world: World) -> None:
    headers = {"Authorization": f"Bearer {world.machine}", "Content-Type": "application/json"}
    body = json.dumps({"first": 1, "events": [{"k": "log", "s": "stdout", "text": ""}]})
    assert urllib3.request("POST", f"{world.web.url}/run/v1/events", headers=headers, body=body).status == 200
