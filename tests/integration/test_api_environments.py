"""The API of environments: settings, who may change them, and every problem at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import urllib3

from tests.parts.web import RunningWeb, running_web

KEY = "-----BEGIN OPENSSH PRIVATE KEY----- never shown"


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWeb]:
    with running_web(tmp_path_factory.mktemp("environments") / "state") as running:
        yield running


def ask(web: RunningWeb, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    reply = web.ask(method, f"/api/v0/environments/{path}", body)
    return reply.status, reply.json() if reply.data else None


def make(web: RunningWeb, name: str, **settings: Any) -> dict[str, Any]:
    return web.post("/api/v0/environments/", {"name": name, "engine": "local", **settings})


def test_a_new_environment_has_the_defaults_and_all_keys(web: RunningWeb) -> None:
    made = make(web, "Büro GPU")
    assert made.pop("id")
    assert made.pop("ctime")
    assert made.pop("mtime")
    assert made == {
        "name": "Büro GPU", "slug": "buro-gpu", "description": "", "hardware": "", "engine": "local", "options": {},
        "enabled": True, "default": False, "min_scale": 0, "max_scale": 5, "scale_down_grace_minutes": 15.0,
        "per_user_quota": 0, "per_user_queue_quota": 0, "team_quotas": {}, "allow_personal_usage": True,
        "per_hour_price_usd": None, "gpu_spec": "", "image": None, "requeue": 1, "problem": None,
        "containers": {"mode": "always", "profile": "default", "network": "bridge", "cpu": None, "memory_bytes": None,
                       "pids": None, "shm_bytes": None, "gpus": None},
        "unfinished_job_count": 0, "queue": {"created": 0, "queued": 0, "running": 0},
        "machines": {"starting": 0, "idle": 0, "busy": 0, "draining": 0}, "cost": {"running": None, "day": None},
    }  # fmt: skip
    assert make(web, "Büro GPU")["slug"] == "buro-gpu-2"
    assert web.get("/api/v0/environments/local/")["containers"]["mode"] == "auto"
    assert {"local", "buro-gpu"} <= {each["slug"] for each in web.get("/api/v0/environments/")["results"]}


def test_everything_that_is_wrong_is_said_at_once(web: RunningWeb) -> None:
    wrong = {
        "engine": "ssh", "options": {"hosts": "one", "colour": "red"}, "min_scale": 3, "max_scale": 1,
        "scale_down_grace_minutes": -1, "per_user_quota": 1.5, "team_quotas": {"a": -1}, "enabled": "yes",
        "image": "two words", "containers": {"cpu": 0, "mode": "maybe"}, "requeue": 11, "typo": 1, "slug": "Not this",
    }  # fmt: skip
    status, error = ask(web, "POST", "", wrong)
    assert (status, error["code"]) == (400, "invalid_environment")
    assert set(error["details"]) == {
        "name", "options.hosts", "options.colour", "min_scale", "scale_down_grace_minutes", "per_user_quota",
        "team_quotas.a", "enabled", "image", "containers.cpu", "containers.mode", "requeue", "typo", "slug",
    }  # fmt: skip
    assert all(text.endswith(".") for text in error["details"].values())
    status, error = ask(web, "POST", "", {"name": "x", "engine": "steam"})
    assert (status, set(error["details"])) == (400, {"engine"})


def test_settings_are_changed_and_a_slug_is_taken_once(web: RunningWeb) -> None:
    made = make(web, "changes", min_scale=1)
    changed = {"max_scale": 7, "scale_down_grace_minutes": 0.5, "per_user_quota": 2, "team_quotas": {"vision": 0}}
    status, now = ask(web, "PATCH", "changes/", changed)
    assert status == 200
    assert {name: now[name] for name in changed} == changed
    assert (now["min_scale"], now["per_user_queue_quota"]) == (1, 2)
    assert now["mtime"] > made["mtime"]
    # a form sends back all that it was shown
    assert ask(web, "PATCH", f"{made['id']}/", now)[0] == 200
    status, error = ask(web, "PATCH", "changes/", {"max_scale": 0})
    assert error["details"] == {"max_scale": "The minimum scale (1) must be between 0 and the maximum scale (0)."}
    status, error = ask(web, "PATCH", "changes/", {"slug": "local"})
    assert (status, set(error["details"])) == (400, {"slug"})
    assert ask(web, "GET", "nowhere/")[0] == 404


def test_one_environment_is_the_default(web: RunningWeb) -> None:
    first, second = make(web, "first", default=True), make(web, "second", default=True)
    assert not web.get(f"/api/v0/environments/{first['id']}/")["default"]
    assert web.get(f"/api/v0/environments/{second['id']}/")["default"]
    assert ask(web, "PATCH", "second/", {"default": False})[1]["default"] is False


def test_a_secret_option_is_written_and_never_read(web: RunningWeb) -> None:
    options = {"hosts": ["ana@gpu-1"], "key": KEY, "accept_new_hosts": True}
    made = make(web, "secret", engine="ssh", options=options)
    path = f"{made['id']}/"
    assert made["options"]["key"] == {"set": True}
    assert made["options"]["passphrase"] == {"set": False}

    def kept() -> dict[str, Any]:
        return web.services.options.opened(row().options, row().secret_options)

    def row() -> Any:
        return web.services.environments.get(made["id"])

    # kept: not named, or named as it was shown
    _, now = ask(web, "PATCH", path, {"options": {"hosts": ["ana@gpu-2"], "accept_new_hosts": True}})
    assert (now["options"]["hosts"], now["options"]["key"]) == (["ana@gpu-2"], {"set": True})
    assert ask(web, "PATCH", path, {"options": now["options"]})[0] == 200
    assert kept()["key"] == KEY
    _, now = ask(web, "PATCH", path, {"options": {**now["options"], "key": None, "key_file": "/key"}})
    assert now["options"]["key"] == {"set": False}
    assert "key" not in kept()
    ask(web, "PATCH", path, {"options": {**now["options"], "key": KEY, "key_file": None}})
    # the options of another engine are its own
    _, now = ask(web, "PATCH", path, {"engine": "local"})
    assert now["options"] == {}
    for file in web.state.root.rglob("*"):
        assert not file.is_file() or KEY.encode() not in file.read_bytes(), file


def test_deleted_and_its_slug_is_free_again(web: RunningWeb) -> None:
    made = make(web, "brief")
    assert ask(web, "DELETE", "brief/") == (204, None)
    assert ask(web, "GET", f"{made['id']}/")[0] == 404
    assert made["id"] not in {each["id"] for each in web.get("/api/v0/environments/")["results"]}
    assert make(web, "brief")["slug"] == "brief"


def test_only_administrators_write(web: RunningWeb) -> None:
    token = web.services.accounts.new_token(web.services.accounts.ensure("eve"))

    def refused(method: str, path: str) -> tuple[int, str]:
        headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
        reply = urllib3.request(method, f"{web.url}/api/v0/environments/{path}", headers=headers, body=b"{}")
        return reply.status, reply.json().get("code")

    assert refused("POST", "") == (403, "not_allowed")
    assert refused("PATCH", "local/") == (403, "not_allowed")
    assert refused("DELETE", "local/") == (403, "not_allowed")
    assert refused("GET", "local/")[0] == 200


def test_kinds_of_engines(web: RunningWeb) -> None:
    kinds = {kind["kind"]: kind for kind in web.get("/api/v0/engines/")["results"]}
    assert (kinds["local"]["installed"], kinds["local"]["options"]) == (True, [])
    assert {"name", "type", "title", "help", "required", "secret", "default", "choices"} <= set(
        kinds["ssh"]["options"][0]
    )
