"""What machines can ask of the server: the run API, with the token of an attempt, and nothing else."""

from __future__ import annotations

import asyncio
import json
import ssl
from pathlib import Path

import pytest
import urllib3

from tests.parts.attempt import far_attempt, next_attempt
from tests.parts.ports import free_port
from tests.parts.server import local_server
from valo_jupyter import snapshots
from valo_jupyter.api.routing import ROUTES
from valo_jupyter.domain.errors import Conflict, Invalid
from valo_jupyter.domain.lease import FENCE_PATIENCE_SECONDS, FENCE_SECONDS, LEASE_SECONDS
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.runtime.wire import ServerUnreachable, Wire
from valo_jupyter.server.listener import Address
from valo_jupyter.server.web import Web, local_token


def ask(method: str, url: str, token: str, ca: str | None = None) -> int:
    context = ssl.create_default_context(cadata=ca)
    with urllib3.PoolManager(ssl_context=context, retries=False) as pool:
        return pool.request(method, url, headers={"Authorization": f"Bearer {token}"}, body=b"{}").status


@pytest.mark.asyncio
async def test_no_route_but_the_run_api_answers_there_and_no_user_is_known(tmp_path: Path) -> None:
    web = Web(StateFolder(tmp_path / "state"))
    token = local_token(web.services)
    await web.listen()
    told = await web.listen_for_machines()
    try:
        assert (told["ca"], told["url"].startswith("http://127.0.0.1:")) == (None, True)
        seen = 0
        for route in ROUTES:
            path = route.pattern.replace("{", "").replace("}", "")
            status = await asyncio.to_thread(ask, route.method, told["url"] + path, token)
            # the token of a user is that of no attempt
            assert status == 409, (route.method, path)
            seen += not path.startswith("/run/v1/")
        assert seen > 20
        strange = {"Host": "evil.example", "Authorization": "Bearer x"}
        reply = await asyncio.to_thread(urllib3.request, "POST", told["url"] + "/run/v1/start", headers=strange)
        assert reply.status == 403
    finally:
        await web.close()


@pytest.mark.asyncio
async def test_machines_elsewhere_find_it_over_tls(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "state")
    web = Web(state)
    await web.listen()
    told = await web.listen_for_machines(Address("127.0.0.1", 0))
    try:
        assert told["url"].startswith("https://127.0.0.1:")
        ca = Path(told["ca"]).read_text()
        url = told["url"] + "/run/v1/start"
        assert await asyncio.to_thread(ask, "POST", url, "nobody's", ca) == 409
        # nobody else vouches for it
        with pytest.raises(urllib3.exceptions.SSLError):
            await asyncio.to_thread(ask, "POST", url, "x")
        with pytest.raises(ServerUnreachable):
            await asyncio.to_thread(Wire(told["url"].replace("127.0.0.1", "127.0.0.2"), "x", ca=ca).post, "/", {})
        for private in (state.root / "tls").glob("*.pem"):
            assert private.stat().st_mode & 0o777 == 0o600
        with pytest.raises(Conflict, match="Name another address or port"):
            await web.listen_for_machines(Address("127.0.0.1", web.machines_port))
    finally:
        await web.close()


def test_where_machines_come_from_is_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = StateFolder(tmp_path)
    assert Address.configured(state) is None
    (tmp_path / "settings.json").write_text(json.dumps({"machines": {"host": "10.0.0.5", "port": 8790}}))
    assert Address.configured(state) == Address("10.0.0.5", 8790)
    monkeypatch.setenv("VALO_MACHINES", "valo.example.org:99")
    assert Address.configured(state) == Address("valo.example.org", 99)
    for wrong in ("10.0.0.5", "10.0.0.5:x", ":80", "host:80/path"):
        with pytest.raises(Invalid, match="is no address for machines"):
            Address.parse(wrong)
    monkeypatch.delenv("VALO_MACHINES")
    (tmp_path / "settings.json").write_text('{"machines": "10.0.0.5"}')
    with pytest.raises(Invalid, match=r"settings\.json"):
        Address.configured(state)


def test_a_machine_has_fenced_itself_before_its_lease_ends() -> None:
    assert FENCE_SECONDS + FENCE_PATIENCE_SECONDS < LEASE_SECONDS


def test_the_assignment_leads_to_no_folder_of_the_server(tmp_path: Path) -> None:
    with far_attempt(tmp_path) as attempt:
        assignment = attempt.assignment
        assert str(tmp_path) not in json.dumps(assignment)
        assert assignment["fence_seconds"] == FENCE_SECONDS
        assert (assignment["jobs_folder"], assignment["cache_folder"]) == (None, None)
        assert assignment["store"] == {"type": "server"}
        assert assignment["code"]["project"] == attempt.project.id


def test_code_comes_as_a_pack_without_what_is_known(tmp_path: Path) -> None:
    with far_attempt(tmp_path) as attempt:
        commit = attempt.assignment["code"]["commit"]
        pack = attempt.wire.send("GET", "/run/v1/code").data
        there = snapshots.ensure_repository(tmp_path / "there.git")
        path = tmp_path / "pack"
        path.write_bytes(pack)
        snapshots.receive_pack(there, path, commit)
        assert snapshots.has_commit(there, commit)
        less = attempt.wire.send("GET", f"/run/v1/code?have={commit}&have={'1' * 40}&have=nonsense").data
        assert len(less) < len(pack)
        assert not list(attempt.web.state.uploads.iterdir())


@pytest.mark.parametrize(
    ("header", "status"),
    [("bytes 0-1/10", 400), ("bytes x", 400), ("bytes 0-4/3", 400), ("bytes 5-9/20", 200)],
)
def test_parts_that_make_no_sense_are_refused(tmp_path: Path, header: str, status: int) -> None:
    with far_attempt(tmp_path) as attempt:
        headers = {"Authorization": f"Bearer {attempt.token}", "Content-Range": header}
        url = f"{attempt.web.url}/run/v1/blobs/{'0' * 64}"
        reply = urllib3.request("PUT", url, headers=headers, body=b"12345")
        assert reply.status == status
        if status == 200:
            assert reply.json() == {"received": 0}
        assert urllib3.request("PUT", url[:-1], headers=headers, body=b"12345").status in (400, 404)


def test_another_machine_does_not_pass_the_start_gate(tmp_path: Path) -> None:
    with far_attempt(tmp_path) as attempt:
        again = next_attempt(attempt.web, attempt.project)
        body = {"machine": {"pid": 1, "hostname": "far"}}
        assert again.wire.post("/run/v1/start", body)
        # the same number of a process on another computer
        reply = urllib3.request(
            "POST",
            f"{attempt.web.url}/run/v1/start",
            headers={"Authorization": f"Bearer {again.token}"},
            json={"machine": {"pid": 1, "hostname": "elsewhere"}},
        )
        assert reply.status == 409


def test_a_server_started_for_machines_says_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VALO_MACHINES", f"127.0.0.1:{free_port()}")
    with local_server(tmp_path / "state") as server:
        told = (server.state.read_server() or {})["machines"]
        ca = Path(told["ca"]).read_text()
        assert ask("POST", told["url"] + "/run/v1/start", "nobody's", ca) == 409
