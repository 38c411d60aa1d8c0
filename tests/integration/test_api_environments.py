"""The API of environments: settings, who may change them, and every problem at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import urllib3
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.parts.local import LocalProject
from tests.parts.web import RunningWeb, running_web
from valo_jupyter.domain import clock
from valo_jupyter.domain.errors import Conflict
from valo_jupyter.services.machines import Seen

KEY = (
    Ed25519PrivateKey.generate()
    .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())
    .decode()
)


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
    # a name is one environment's; a slug that was made is made another one
    status, error = ask(web, "POST", "", {"name": "Büro GPU", "engine": "local"})
    assert (status, error["details"].keys(), "buro-gpu" in error["message"]) == (400, {"name"}, True)
    assert make(web, "Buro GPU")["slug"] == "buro-gpu-2"
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


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"name": "half a pair: \ud800"}, "name"),
        ({"description": "\ud800"}, "description"),
        ({"options": {"folder": 1}}, "options.folder"),
    ],
)
def test_what_no_database_can_keep_is_refused(web: RunningWeb, settings: dict[str, Any], field: str) -> None:
    status, error = ask(web, "POST", "", {"name": "odd", "engine": "slurm", **settings})
    assert (status, list(error["details"])) == (400, [field])


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
    secret = KEY.splitlines()[2].encode()
    for file in web.state.root.rglob("*"):
        assert not file.is_file() or secret not in file.read_bytes(), file


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


# where executions wait and run


def test_of_two_who_change_an_environment_at_once_one_is_told(web: RunningWeb, monkeypatch: pytest.MonkeyPatch) -> None:
    make(web, "contested", max_scale=3)
    services = web.services
    ana = services.accounts.ensure("ana", admin=True)
    seen = services.environments.get("contested")
    monkeypatch.setattr(services.environments, "get", lambda address: seen)
    services.environments.set_scale("contested", minimum=2)
    # what was checked against a minimum of 0 does not come to stand beside one of 2
    with pytest.raises(Conflict, match="try again"):
        services.environments.edit(ana, "contested", {"max_scale": 1})
    monkeypatch.undo()
    now = services.environments.get("contested")
    assert (now.min_scale, now.max_scale) == (2, 3)


@pytest.fixture(scope="module")
def project(web: RunningWeb, tmp_path_factory: pytest.TempPathFactory) -> LocalProject:
    return LocalProject(web.state, tmp_path_factory.mktemp("code") / "code", {"train": ["true"]})


def submit(web: RunningWeb, project: LocalProject, environment: str, **fields: Any) -> dict[str, Any]:
    step = {"project": project.id, "commit": project.commit, "step": "train"}
    return web.post("/api/v0/executions/", {**step, "environment": environment, **fields})


def test_who_waits_is_told_why_and_where(web: RunningWeb, project: LocalProject) -> None:
    make(web, "queue", per_user_quota=2, per_hour_price_usd=3.6)
    rows = [submit(web, project, "queue", priority=priority) for priority in (0, 0, 1)]
    assert [row["status"] for row in rows] == ["queued", "queued", "created"]
    assert [row["queue_position"] for row in rows] == [1, 2, 3]
    me = rows[0]["creator"]["username"]
    assert [row["status_detail"] for row in rows] == [
        "in line", "in line", f"over the quota: {me} may use 2 machines of queue at once",
    ]  # fmt: skip
    queue = web.get("/api/v0/environments/queue/queue/")
    assert ([item["counter"] for item in queue["results"]], queue["count"]) == ([row["counter"] for row in rows], 3)
    counters: list[int] = []
    offset: int | None = 0
    for _ in range(3):
        part = web.get(f"/api/v0/environments/queue/queue/?limit=1&offset={offset}")
        counters += [item["counter"] for item in part["results"]]
        offset = part["next"]
    assert (counters, part["count"], offset) == ([row["counter"] for row in rows], 3, None)
    shown = web.get("/api/v0/environments/queue/")
    assert (shown["queue"], shown["unfinished_job_count"]) == ({"created": 1, "queued": 2, "running": 0}, 3)
    listed = {row["id"]: row for row in web.get(f"/api/v0/executions/?project={project.id}")["results"]}
    assert [listed[row["id"]]["queue_position"] for row in rows] == [1, 2, 3]
    assert listed[rows[2]["id"]]["status_detail"] == rows[2]["status_detail"]

    environment = shown["id"]
    order = web.services.pool.next_order(environment, "engine")
    assert order is not None
    busy = Seen("queue-1", "busy", clock.now() - timedelta(hours=1), None, order.execution_id, {"hostname": "h"})
    idle = Seen("queue-2", "idle", clock.now(), clock.now() + timedelta(minutes=15), None, None)
    web.services.machines.report("engine", environment, [busy, idle])
    first, second = web.get("/api/v0/environments/queue/machines/")["results"]
    assert (first["name"], first["state"], first["hardware"]) == ("queue-1", "busy", {"hostname": "h"})
    assert first["execution"]["counter"] == rows[0]["counter"]
    assert first["execution"]["project"] == {"id": project.id, "name": "demo"}
    assert (second["state"], second["execution"], first["idle_until"]) == ("idle", None, None)
    assert second["idle_until"] > second["since"]
    shown = web.get("/api/v0/environments/queue/")
    assert shown["machines"] == {"starting": 0, "idle": 1, "busy": 1, "draining": 0}
    assert 0 <= shown["cost"]["running"] < 0.1
    assert 0 <= shown["cost"]["day"] < 0.1
    (step,) = web.get("/api/v0/environments/queue/history/?minutes=10")["results"]
    assert (step["idle"], step["busy"], step["starting"], step["waiting"]) == (1, 1, 0, 2)

    # somebody else sees that a machine is busy, and who is in line before the own ones only as a number
    token = web.services.accounts.new_token(web.services.accounts.ensure("stranger"))

    def strange(path: str) -> Any:
        headers = {"Authorization": f"Token {token}"}
        return urllib3.request("GET", f"{web.url}/api/v0/environments/queue/{path}", headers=headers).json()

    assert [machine["execution"] for machine in strange("machines/")["results"]] == [None, None]
    assert (strange("queue/")["results"], strange("queue/")["count"]) == ([], 2)

    status, error = ask(web, "DELETE", "queue/")
    assert (status, error["code"]) == (409, "in_use")
    assert "Executions wait or run in queue" in error["message"]
    assert ask(web, "DELETE", "queue/?stop=true")[0] == 204
    ended = [web.get(f"/api/v0/executions/{row['id']}/") for row in rows]
    assert [row["status"] for row in ended] == ["stopping", "stopped", "stopped"]
    assert ended[1]["status_detail"] == f"the environment was deleted by {me}"
    assert ended[0]["environment"] == {"id": environment, "name": "queue", "slug": "queue"}
    # the same once more cannot run there
    status, error = copy(web, ended[1]["id"])
    assert (status, error["code"]) == (400, "does_not_exist")
    assert "'queue' was deleted" in error["message"]


def copy(web: RunningWeb, execution_id: str) -> tuple[int, Any]:
    reply = web.ask("POST", f"/api/v0/executions/{execution_id}/copy/", {})
    return reply.status, reply.json()


def test_a_disabled_environment_takes_nothing_new(web: RunningWeb, project: LocalProject) -> None:
    make(web, "off", default=True)
    waits = submit(web, project, "off")
    assert submit(web, project, "")["environment"]["slug"] == "off"
    assert ask(web, "PATCH", "off/", {"enabled": False})[0] == 200
    body = {"project": project.id, "commit": project.commit, "step": "train", "environment": "off"}
    reply = web.ask("POST", "/api/v0/executions/", body)
    assert (reply.status, reply.json()["code"]) == (400, "does_not_exist")
    assert "'off' is disabled" in reply.json()["message"]
    # who names none is not sent elsewhere, where it may cost more
    reply = web.ask("POST", "/api/v0/executions/", {**body, "environment": ""})
    assert (reply.status, reply.json()["code"]) == (400, "does_not_exist")
    assert "default environment, 'off', is disabled" in reply.json()["message"]
    assert ask(web, "PATCH", "local/", {"default": True})[0] == 200
    assert submit(web, project, "")["environment"]["slug"] == "local"
    shown = web.get(f"/api/v0/executions/{waits['id']}/")
    assert (shown["status"], shown["status_detail"]) == ("queued", "in line: the environment is disabled")


def test_the_last_enabled_environment_stays(tmp_path: Path) -> None:
    with running_web(tmp_path / "state") as web:
        status, error = ask(web, "DELETE", "local/?stop=true")
        assert (status, error["code"]) == (409, "conflict")
        make(web, "other")
        assert ask(web, "DELETE", "local/")[0] == 204
    # and is not made again by the next start
    with running_web(tmp_path / "state") as web:
        assert [each["slug"] for each in web.get("/api/v0/environments/")["results"]] == ["other"]


def test_image_resources_and_requeue_come_from_execution_step_and_environment(
    web: RunningWeb, tmp_path_factory: pytest.TempPathFactory
) -> None:
    steps = """
- step:
    name: asks
    image: python:3.12
    command: "true"
    resources:
      cpu: {min: 1, max: 2}
      memory: {min: 100, max: 200}
      devices: {nvidia.com/gpu: 1}
- step: {name: plain, image: none, command: "true"}
- step: {name: once, image: none, command: "true", autorestart: false}
"""
    folder = tmp_path_factory.mktemp("asks")
    (folder / "valohai.yaml").write_text(steps)
    project = LocalProject(web.state, folder, None)
    make(web, "asks", image="debian:12", requeue=3, containers={"memory_bytes": 300 * 2**20, "cpu": 4, "pids": 100})

    def run(step: str, **fields: Any) -> dict[str, Any]:
        return submit(web, project, "asks", step=step, **fields)

    asks = run("asks")
    assert (asks["image"], asks["requeue"], asks["image_digest"]) == ("python:3.12", 3, None)
    assert asks["resources"] == {"cpu": 2, "memory_bytes": 200 * 2**20, "gpus": 1}
    mine = run("asks", image="quay.io/me/mine:1", resources={"cpu": 0.5, "gpus": 0}, requeue=10)
    assert (mine["image"], mine["requeue"]) == ("quay.io/me/mine:1", 10)
    assert mine["resources"] == {"cpu": 0.5, "memory_bytes": 200 * 2**20, "gpus": 0}
    # as `vh` sends it
    config = {"kubernetes": {"containers": {"workload": {"resources": {"limits": {"cpu": 1.5, "memory": 64}}}}}}
    sent = run("plain", runtime_config={**config, "autorestart": True})
    assert (sent["image"], sent["requeue"]) == (None, 3)
    assert sent["resources"] == {"cpu": 1.5, "memory_bytes": 64 * 2**20}
    assert run("once")["requeue"] == 0
    for odd in ({"memory": 1e400}, {"devices": {"nvidia.com/gpu": "1"}}, {"devices": {"amd.com/gpu": None}}):
        wrong = {"kubernetes": {"containers": {"workload": {"resources": {"limits": odd}}}}}
        body = {"project": project.id, "commit": project.commit, "step": "plain", "runtime_config": wrong}
        reply = web.ask("POST", "/api/v0/executions/", body)
        assert (reply.status, reply.json()["code"]) == (400, "invalid"), odd
    # the same again
    again = web.post(f"/api/v0/executions/{sent['id']}/copy/", {})
    assert (again["image"], again["resources"], again["requeue"]) == (None, sent["resources"], 3)

    order = web.services.pool.next_order(asks["environment"]["id"], "engine")
    assert order is not None
    assert order.wants == ("python:3.12",)
    container = web.services.runs.start(order.token, {"pid": 1})["container"]
    assert {name: container[name] for name in ("image", "mode", "cpu", "memory_bytes", "pids", "gpus")} == {
        "image": "python:3.12", "mode": "always", "cpu": 2, "memory_bytes": 200 * 2**20, "pids": 100, "gpus": 1,
    }  # fmt: skip

    for wrong, words in (
        ({"resources": {"memory_bytes": 2**40}}, "more than the environment gives"),
        ({"resources": {"colour": 1}}, "is no resource"),
        ({"image": "Not An Image"}, "image"),
        ({"requeue": 11}, "0 to 10"),
    ):
        body = {"project": project.id, "commit": project.commit, "step": "asks", "environment": "asks", **wrong}
        reply = web.ask("POST", "/api/v0/executions/", body)
        assert reply.status == 400, wrong
        assert words in reply.json()["message"]
