"""What changes on the Valo server reaches browsers as Jupyter events, by one long poll for all of them."""

import asyncio
import json
import time

import pytest
from tornado.httpclient import HTTPClientError

from valo_jupyter.jupyter import relay


@pytest.fixture
def browser(jp_ws_fetch, upstream, jp_asyncio_loop):
    """The events that a browser hears; each `{"project", "revision"}`."""
    socket = jp_asyncio_loop.run_until_complete(jp_ws_fetch("api", "events", "subscribe"))

    async def hear(seconds=10.0):
        while True:
            event = json.loads(await asyncio.wait_for(socket.read_message(), seconds))
            if event["schema_id"] == relay.SCHEMA_ID:
                return {name: event[name] for name in ("project", "revision")}

    yield hear
    socket.close()


def watch(jp_fetch, *projects):
    return jp_fetch("valo", "watch", params=[("project", project) for project in projects])


async def silent(hear, seconds=0.3):
    with pytest.raises(asyncio.TimeoutError):
        await hear(seconds)


def polls(upstream):
    return [request for request in upstream.requests if "wait=" in request["uri"]]


async def test_a_change_is_told_at_once_to_those_who_watch(jp_fetch, browser, upstream):
    assert (await watch(jp_fetch, "p1")).code == 204
    assert await browser() == {"project": "p1", "revision": 1}
    await silent(browser)
    upstream.revision = 5
    assert await browser() == {"project": "p1", "revision": 5}
    assert polls(upstream)[0]["headers"]["Authorization"] == "Token the-accounts-token"


async def test_many_tabs_are_one_request_that_waits(jp_fetch, browser, upstream):
    await watch(jp_fetch, "p1")
    await browser()
    for _ in range(5):
        # each hears that events arrive
        await watch(jp_fetch, "p1")
        assert await browser() == {"project": "p1", "revision": 1}
    await silent(browser)
    assert len(polls(upstream)) == 1


async def test_what_nobody_watches_any_more_is_not_asked_for(jp_fetch, browser, upstream, monkeypatch):
    monkeypatch.setattr(relay, "WATCHED", 0.2)
    await watch(jp_fetch, "p1")
    await browser()
    await asyncio.sleep(0.3)
    upstream.revision = 2
    assert await browser() == {"project": "p1", "revision": 2}
    asked = len(upstream.requests)
    upstream.revision = 3
    await silent(browser)
    assert len(upstream.requests) == asked


async def test_it_goes_on_when_the_server_is_back(jp_fetch, browser, upstream, state):
    recorded = (state / "server.json").read_text()
    (state / "server.json").write_text(json.dumps({**json.loads(recorded), "url": "http://127.0.0.1:9"}))
    await watch(jp_fetch, "p1")
    await silent(browser, 0.2)
    (state / "server.json").write_text(recorded)
    assert await browser() == {"project": "p1", "revision": 1}


async def test_a_project_that_one_may_not_see_is_left(jp_fetch, browser, upstream):
    await watch(jp_fetch, "hidden")
    await silent(browser)
    deadline = time.monotonic() + 5
    while not upstream.requests and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert len([request for request in upstream.requests if "project=hidden" in request["uri"]]) == 1


async def test_whose_executions_must_be_said(jp_fetch, upstream):
    with pytest.raises(HTTPClientError) as caught:
        await watch(jp_fetch)
    assert caught.value.code == 400
