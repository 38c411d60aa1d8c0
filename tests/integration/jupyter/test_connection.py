"""The extension finds the server it is told of, starts the local one when it is needed, and says what is wrong."""

import asyncio
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.integration.jupyter.conftest import TOKEN
from valo_jupyter.client import find
from valo_jupyter.domain.errors import ServerUnreachable
from valo_jupyter.jupyter.connection import Valo


@pytest.fixture
def executor():
    with ThreadPoolExecutor(4) as pool:
        yield pool


@pytest.fixture
def starts(state, monkeypatch):
    """Instead of the server's own command, one that writes what a start leaves; a file says how it goes."""
    command = state.parent / "bin" / "python"
    command.parent.mkdir()
    command.write_text(
        f"#!{sys.executable}\nimport json, os, pathlib, sys\n"
        "home = pathlib.Path(os.environ['VALO_HOME'])\n"
        "with open(home / 'started', 'a') as f: f.write(' '.join(sys.argv[1:]) + '\\n')\n"
        "if (home / 'broken').exists(): sys.exit('the disk is full')\n"
        "(home / 'token').write_text('fresh')\n"
        f"(home / 'server.json').write_text(json.dumps({{'url': 'http://127.0.0.1:1', 'pid': {os.getpid()}}}))\n"
    )
    command.chmod(0o755)
    monkeypatch.setattr(find.sys, "executable", str(command))
    return lambda: (state / "started").read_text().splitlines() if (state / "started").exists() else []


async def test_a_running_server_is_used(jp_fetch, upstream):
    found = json.loads((await jp_fetch("valo/status")).body)
    assert found["state"] == "running"
    assert found["mode"] == "local"
    assert found["url"] == upstream.url
    assert found["message"] is None


async def test_status_starts_the_server_and_does_not_wait_for_it(jp_fetch, starts):
    found = json.loads((await jp_fetch("valo/status")).body)
    assert found["state"] == "starting"
    while not starts():
        await asyncio.sleep(0.02)
    assert starts() == ["-m valo_jupyter.server.cli start"]


async def test_a_start_that_fails_says_why(jp_fetch, starts, state):
    (state / "broken").touch()
    assert json.loads((await jp_fetch("valo/status")).body)["state"] == "starting"
    found = {"state": "starting"}
    while found["state"] == "starting":
        await asyncio.sleep(0.02)
        found = json.loads((await jp_fetch("valo/status")).body)
    assert found["state"] == "unreachable"
    assert "the disk is full" in found["message"]
    for _ in range(3):
        await jp_fetch("valo/status")
    assert len(starts()) == 1


async def test_many_ask_and_one_start_answers_them(executor, starts):
    valo = Valo()
    found = await asyncio.gather(*(valo.server(executor) for _ in range(5)))
    assert {server.token for server in found} == {"fresh"}
    assert len(starts()) == 1


async def test_the_file_of_a_dead_server_gets_no_token(executor, starts, state):
    (state / "server.json").write_text(json.dumps({"url": "http://127.0.0.1:2", "pid": 2**22 + 1}))
    (state / "token").write_text(TOKEN)
    assert (await Valo().server(executor)).url == "http://127.0.0.1:1"
    assert len(starts()) == 1


async def test_another_version_is_replaced_once(executor, starts, upstream, state):
    recorded = json.loads((state / "server.json").read_text())
    (state / "server.json").write_text(json.dumps({**recorded, "version": "0.0.1"}))
    valo = Valo()
    assert (await valo.server(executor)).url == upstream.url
    await valo._starting
    assert len(starts()) == 1
    (state / "server.json").write_text(json.dumps({**recorded, "version": "0.0.1"}))
    await valo.server(executor)
    assert len(starts()) == 1


async def test_without_autostart_the_next_step_is_said(executor, state):
    with pytest.raises(ServerUnreachable, match="jupyter valo start"):
        await Valo(autostart=False).server(executor)


async def test_a_configured_server_with_its_token_file(executor, state, tmp_path):
    secret = tmp_path / "token.txt"
    valo = Valo(server_url="https://valo.example.org/", token_file=str(secret))
    with pytest.raises(ServerUnreachable, match="token_file cannot be read"):
        await valo.server(executor)
    secret.write_text("mine\n")
    found = await valo.server(executor)
    assert (found.url, found.token, found.mode, found.port) == ("https://valo.example.org", "mine", "team", 443)


async def test_a_configured_server_without_a_token(executor, state):
    with pytest.raises(ServerUnreachable, match="There is no token for http://team"):
        await Valo(server_url="http://team").server(executor)


async def test_the_environment_may_name_the_server(executor, state, monkeypatch):
    monkeypatch.setenv("VALO_URL", "http://team:8000")
    monkeypatch.setenv("VALO_TOKEN", "t")
    found = await Valo().server(executor)
    assert (found.url, found.token, found.port) == ("http://team:8000", "t", 8000)


async def test_a_token_that_is_not_accepted(jp_fetch, jp_serverapp, upstream):
    valo(jp_serverapp).server_url = upstream.url
    valo(jp_serverapp).token = "old"
    found = json.loads((await jp_fetch("valo/status")).body)
    assert (found["state"], found["mode"]) == ("unreachable", "team")
    assert "does not accept the token" in found["message"]


async def test_a_configured_server_that_is_away(jp_fetch, jp_serverapp, state):
    valo(jp_serverapp).server_url = "http://127.0.0.1:9"
    valo(jp_serverapp).token = "t"
    found = json.loads((await jp_fetch("valo/status")).body)
    assert found["state"] == "unreachable"
    assert "http://127.0.0.1:9 does not answer" in found["message"]


def valo(serverapp) -> Valo:
    """The extension's connection, as its handlers have it."""
    extension = serverapp.extension_manager.extension_points["valo_jupyter"].app
    return extension.handlers[0][2]["context"].valo
