"""Trials of environments on the whole local server: a machine is started, tried and closed, and each step is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.parts.local import until
from tests.parts.ports import free_port
from tests.parts.server import LocalServer, local_server
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.engines.local import LocalEngine
from valo_jupyter.server.trials import TrialRunner
from valo_jupyter.services import Services
from valo_jupyter.services.trials import Trial


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    with pytest.MonkeyPatch.context() as patch:
        # a computer without a container engine
        patch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
        with local_server(tmp_path_factory.mktemp("trials") / "state") as running:
            yield running


def ask(server: LocalServer, method: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Token {server.token}", "Content-Type": "application/json"}
    content = None if body is None else json.dumps(body)
    reply = urllib3.request(method, f"{server.url}/api/v0/environments/{path}", headers=headers, body=content)
    assert reply.status < 300, reply.data
    return reply.json()


def followed(server: LocalServer, trial: dict[str, Any]) -> dict[str, Any]:
    """The trial at its end, waited for step by step."""
    for _ in range(12):
        if trial["status"] in ("passed", "failed"):
            return trial
        trial = ask(server, "GET", f"tests/{trial['id']}/?wait=25&after={len(trial['steps'])}")
    raise AssertionError(trial)


def test_an_environment_of_this_computer_passes(server: LocalServer) -> None:
    made = ask(server, "POST", "local/test/", {})
    assert (made["status"], made["steps"], made["hardware"]) == ("wanted", [], None)
    done = followed(server, made)
    assert done["status"] == "passed", done
    assert [step["name"] for step in done["steps"]] == ["start", "reach", "version", "run", "close"]
    assert all(step["ok"] and step["message"] and step["seconds"] >= 0 for step in done["steps"])
    assert done["hardware"]["cpu_count"] >= 1
    # the machine is gone, and was none of the environment's
    assert ask(server, "GET", "local/machines/")["results"] == []
    name = done["steps"][0]["message"].split()[1]
    assert not (server.state.root / "machines" / f"{name}.json").exists()


def test_an_image_is_tried_as_the_environment_would_run_it(server: LocalServer) -> None:
    may_be_a_process, without, must_be_pulled = (
        followed(server, ask(server, "POST", path, {"engine": "local", "image": image}))["steps"][-2]
        for path, image in (("local/test/", "python:3.12"), ("test/", "none"), ("test/", "python:3.12"))
    )
    assert (may_be_a_process["name"], may_be_a_process["ok"]) == ("image", True)
    assert "no container engine" in may_be_a_process["message"]
    assert without["name"] == "run"
    assert (must_be_pulled["name"], must_be_pulled["ok"]) == ("image", False)


def test_a_host_that_refuses_is_quoted(server: LocalServer) -> None:
    # settings that are not saved; nobody listens there
    options = {"hosts": [f"ana@127.0.0.1:{free_port()}"], "accept_new_hosts": True}
    done = followed(server, ask(server, "POST", "test/", {"engine": "ssh", "options": options}))
    assert done["status"] == "failed"
    start, close = done["steps"]
    assert (start["name"], start["ok"], close["name"], close["ok"]) == ("start", False, "close", True)
    assert "refuse" in start["message"].lower()


def test_a_trial_under_way_ends_with_the_server(server: LocalServer) -> None:
    made = ask(server, "POST", "local/test/", {})
    until(lambda: ask(server, "GET", f"tests/{made['id']}/")["status"] == "running")
    server.valo("stop", "--force")
    server.valo("start")
    server.url = json.loads(server.valo("status", "--json").stdout)["url"]
    done = followed(server, made)
    assert done["steps"][-1]["name"] == "close"
    assert list((server.state.root / "machines").glob(f"test-{made['id'][:8]}*")) == []


@pytest.mark.asyncio
async def test_what_could_not_be_written_is_settled_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    services = Services.open(StateFolder(tmp_path / "state"))
    engines: list[LocalEngine] = []

    def open_engine(trial: Trial, slug: str) -> LocalEngine:
        engines.append(LocalEngine(slug=slug, state=services.state, options={}))
        return engines[-1]

    write = services.trials.step

    def full(*step: Any) -> None:
        if not closed:
            raise OSError("the disk is full")
        write(*step)

    closed: list[bool] = []
    close = LocalEngine.close

    async def closing(engine: LocalEngine) -> None:
        await close(engine)
        closed.append(not list((services.state.root / "machines").glob("*.json")))

    monkeypatch.setattr(LocalEngine, "close", closing)
    monkeypatch.setattr(services.trials, "step", full)
    ana = services.accounts.ensure("ana", admin=True)
    made = services.trials.create(ana, "local", {})
    runner = TrialRunner(services.trials, "e", open_engine=open_engine, addresses=lambda: None)
    running = asyncio.create_task(runner.run())
    try:
        for _ in range(600):
            runner.wake()
            if closed and services.trials.get(ana, made.id).status == "failed":
                break
            await asyncio.sleep(0.1)
        steps = services.trials.get(ana, made.id).steps
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        services.close()
    assert closed == [True]
    assert steps[-1]["message"] == "The server was stopped before the test had ended."


def test_a_trial_is_given_up_when_nobody_makes_it(services: Services) -> None:
    ana = services.accounts.ensure("ana", admin=True)
    made = [services.trials.create(ana, "local", {}).id for _ in range(3)]
    for engine_id in ("lives", "mine", "gone"):
        assert services.trials.take(engine_id) is not None
    services.pool.heartbeat("lives", host="h", pid=1, version="0", draining=True)
    services.pool.heartbeat("mine", host="h", pid=2, version="0", draining=False)
    assert services.trials.abandoned("mine", [made[1]]) == [made[2]]
    assert set(services.trials.abandoned("mine", [])) == {made[1], made[2]}
