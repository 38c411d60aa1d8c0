"""Entries of private registries over the API: passwords go in and never come out, and each owner has its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.parts.web import RunningWeb, running_web
from valo_jupyter import snapshots

GIVEN = {"match": "me/*", "type": "docker-hub", "username": "me", "password": "dckr_pat_secret"}


@pytest.fixture
def web(tmp_path: Path) -> Iterator[RunningWeb]:
    with running_web(tmp_path / "state") as server:
        yield server


def ask(web: RunningWeb, method: str, path: str, body: Any = None, token: str | None = None) -> tuple[int, Any]:
    headers = {**web.headers, **({"Authorization": f"Token {token}"} if token else {})}
    content = None if body is None else json.dumps(body)
    reply = urllib3.request(method, web.url + path, headers=headers, body=content, timeout=40)
    assert b"dckr_pat" not in reply.data
    return reply.status, reply.json() if reply.data else None


def test_an_entry_from_its_making_to_its_end(web: RunningWeb) -> None:
    status, made = ask(web, "POST", "/api/v0/registries/", GIVEN)
    assert status == 201
    me = web.get("/api/v0/users/me/")
    assert made == {
        "id": made["id"], "match": "docker.io/me/*", "type": "docker-hub", "username": "me", "password": {"set": True},
        "owner": {"id": me["id"], "username": me["username"]}, "ctime": made["ctime"], "mtime": made["ctime"],
    }  # fmt: skip
    path = f"/api/v0/registries/{made['id']}/"
    assert ask(web, "GET", path) == (200, made)
    assert ask(web, "GET", "/api/v0/registries/") == (200, {"results": [made]})
    status, answer = ask(web, "POST", "/api/v0/registries/", GIVEN)
    assert (status, answer["code"]) == (409, "registry_exists")
    # as it is shown it may come back
    status, changed = ask(web, "PATCH", path, {**made, "username": "other"})
    assert (status, changed["username"], changed["password"]) == (200, "other", {"set": True})
    status, answer = ask(web, "PATCH", path, {"match": "gcr.io/*", "type": "generic"})
    assert (status, answer["code"], list(answer["details"])) == (400, "invalid_registry", ["password"])
    assert ask(web, "DELETE", path) == (204, None)
    for method in ("GET", "PATCH", "DELETE"):
        assert ask(web, method, path, {})[0] == 404
    assert ask(web, "POST", f"{path}test/", {})[0] == 404


def test_everything_that_is_wrong_comes_at_once(web: RunningWeb) -> None:
    status, answer = ask(web, "POST", "/api/v0/registries/", {"match": "*", "type": "quay", "secret": 1})
    assert (status, answer["code"]) == (400, "invalid_registry")
    assert answer["details"].keys() == {"match", "type", "password", "secret"}
    for sentence in answer["details"].values():
        assert sentence in answer["message"]


def test_an_entry_is_tried_without_a_container_engine(web: RunningWeb) -> None:
    _, made = ask(web, "POST", "/api/v0/registries/", {**GIVEN, "match": "127.0.0.1:1/*", "type": "generic"})
    path = f"/api/v0/registries/{made['id']}/test/"
    status, answer = ask(web, "POST", path, {"image": "127.0.0.1:1/x"})
    assert status == 200
    message = answer.pop("message")
    assert "127.0.0.1:1 does not answer" in message
    assert answer == {"ok": False, "code": "registry_unreachable", "image": "127.0.0.1:1/x:latest", "digest": None}
    assert ask(web, "POST", path, {"image": "docker.io/x"})[1]["code"] == "no_registry_entry"
    for image, code in (("No Image", "invalid_image"), (7, "invalid")):
        status, answer = ask(web, "POST", path, {"image": image})
        assert (status, answer["code"]) == (400, code)


def test_another_owner_sees_and_changes_nothing(web: RunningWeb) -> None:
    _, made = ask(web, "POST", "/api/v0/registries/", GIVEN)
    accounts = web.services.accounts
    bob = accounts.new_token(accounts.ensure("bob"))
    assert ask(web, "GET", "/api/v0/registries/", token=bob) == (200, {"results": []})
    path = f"/api/v0/registries/{made['id']}/"
    for method, address in (("GET", path), ("PATCH", path), ("DELETE", path), ("POST", f"{path}test/")):
        status, answer = ask(web, method, address, {"username": "bob"}, bob)
        assert (status, answer["code"]) == (404, "not_found")
    _, his = ask(web, "POST", "/api/v0/registries/", GIVEN, bob)
    assert [entry["id"] for entry in ask(web, "GET", "/api/v0/registries/", token=bob)[1]["results"]] == [his["id"]]
    # an administrator sees whose they are
    shown = ask(web, "GET", "/api/v0/registries/")[1]["results"]
    assert {entry["owner"]["username"] for entry in shown} == {"bob", made["owner"]["username"]}


def test_a_machine_gets_the_password_of_its_own_image_only(web: RunningWeb, tmp_path: Path) -> None:
    _, entry = ask(web, "POST", "/api/v0/registries/", GIVEN)
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "valohai.yaml").write_text("- step: {name: hello, image: 'me/x:1', command: echo hello}\n")
    made = web.post("/api/v0/projects/resolve/", {"folder": str(folder), "host": "h", "name": "demo"})
    sha = snapshots.commit_folder(Path(made["repository"]), folder)
    web.post(f"/api/v0/projects/{made['id']}/commits/", {"commit": sha, "identifier": f"~{sha}"})
    web.post("/api/v0/executions/", {"project": made["id"], "commit": f"~{sha}", "step": "hello"})
    order = web.services.pool.next_order(web.services.environments.list()[0].id, "engine-1")
    assert order is not None

    def credentials(image: Any, token: str = order.token) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        reply = urllib3.request(
            "POST", f"{web.url}/run/v1/registry", headers=headers, body=json.dumps({"image": image})
        )
        return reply.status, reply.json()

    expected = {
        "username": "me", "password": "dckr_pat_secret", "entry": {"id": entry["id"], "match": "docker.io/me/*"},
        "note": None,
    }  # fmt: skip
    assert credentials("me/x:1") == (200, expected)
    for image in ("me/x:2", "me/*", "", None, 7):
        assert credentials(image)[0] == 400
    assert credentials("me/x:1", web.token)[0] == 409
    assert credentials("me/x:1", "wrong")[0] == 409
