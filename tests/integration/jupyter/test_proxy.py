"""The proxy passes calls on as the user's account, streaming, and lets nothing of Jupyter's out or of the files in."""

import asyncio
import json

import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.simple_httpclient import SimpleAsyncHTTPClient

from tests.integration.jupyter.conftest import TOKEN


async def test_the_accounts_token_replaces_what_is_jupyters(jp_fetch, jp_serverapp, upstream):
    await jp_fetch(
        "valo/api/v0/things/",
        params={"a": "1 2", "token": jp_serverapp.identity_provider.token, "_xsrf": "x"},
        headers={"Cookie": "login=secret", "X-XSRFToken": "x", "Range": "bytes=0-1"},
    )
    (asked,) = upstream.requests
    assert asked["uri"] == "/api/v0/things/?a=1+2"
    assert asked["headers"]["Authorization"] == f"Token {TOKEN}"
    assert asked["headers"]["Range"] == "bytes=0-1"
    assert not {"Cookie", "X-Xsrftoken", "Referer", "Origin"} & set(asked["headers"])


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_every_method(jp_fetch, upstream, method):
    body = {"body": '{"a": 1}'} if method in ("POST", "PUT", "PATCH") else {}
    answer = await jp_fetch("valo/api/v0/x/", method=method, headers={"Content-Type": "application/json"}, **body)
    assert json.loads(answer.body) == {"method": method, "uri": "/api/v0/x/"}
    assert upstream.requests[0]["body"] == body.get("body", "").encode()


async def test_head_and_no_content(jp_fetch, upstream):
    assert (await jp_fetch("valo/api/v0/x/", method="HEAD")).code == 200
    assert (await jp_fetch("valo/api/v0/nothing/")).code == 204


async def test_an_encoded_path_arrives_as_it_was(http_server_client, jp_auth_header, jp_base_url, upstream):
    url = f"{jp_base_url}valo/api/v0/data/a%2Fb%20%C3%A4/"
    await http_server_client.fetch(url, headers=jp_auth_header)
    assert upstream.requests[0]["uri"] == "/api/v0/data/a%2Fb%20%C3%A4/"


async def test_addresses_reach_a_remote_browser(jp_fetch, jp_base_url, upstream):
    answer = json.loads((await jp_fetch("valo/api/v0/data/d1/download/")).body)
    assert answer == {"url": f"{jp_base_url}valo/download/d1/99/signature/a%20b.csv"}
    answer = json.loads((await jp_fetch("valo/api/v0/objects/")).body)
    assert answer["url"] == f"{jp_base_url}valo/api/v0/executions/e1/"
    assert answer["urls"] == {"display": f"{jp_base_url}valo/api/v0/x/", "elsewhere": "https://example.org/api/"}
    assert answer["results"] == [{"url": f"{jp_base_url}valo/api/v0/executions/e2/"}]


async def test_what_users_wrote_is_not_rewritten(jp_fetch, upstream):
    answer = json.loads((await jp_fetch("valo/api/v0/objects/")).body)
    assert answer["parameters"] == {"url": f"{upstream.url}/api/mine"}
    events = json.loads((await jp_fetch("valo/api/v0/executions/e1/stream/")).body)["events"]
    assert events == [{"url": f"{upstream.url}/api/x"}]


async def test_a_redirect_stays_with_the_proxy(jp_fetch, jp_base_url, upstream):
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch("valo/api/v0/moved/", follow_redirects=False)
    assert caught.value.response.headers["Location"] == f"{jp_base_url}valo/api/v0/elsewhere/"


async def test_html_of_a_run_cannot_act_in_jupyters_origin(jp_fetch, upstream):
    headers = (await jp_fetch("valo/api/v0/page/")).headers
    assert headers["Content-Type"].startswith("text/html")
    assert headers["Content-Disposition"] == 'attachment; filename="report.html"'
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("sandbox;")
    assert "stolen" not in headers.get("Set-Cookie", "")
    assert headers.get("Access-Control-Allow-Origin") != "*"


async def test_errors_arrive_as_they_are(jp_fetch, upstream):
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch("valo/api/v0/refused/")
    assert caught.value.code == 409
    assert json.loads(caught.value.response.body)["code"] == "missing_objects"


async def test_an_answer_flows_while_it_is_made(http_server_client, jp_auth_header, jp_base_url, upstream):
    upstream.gates["slow"] = asyncio.Event()
    pieces: asyncio.Queue = asyncio.Queue()
    request = http_server_client.fetch(
        f"{jp_base_url}valo/api/v0/slow/", headers=jp_auth_header, streaming_callback=pieces.put_nowait
    )
    assert await asyncio.wait_for(pieces.get(), 10) == b"first"
    upstream.gates["slow"].set()
    await request
    assert pieces.get_nowait() == b"second"


async def test_no_cap_on_open_requests(jp_fetch, jp_serverapp, jp_auth_header, upstream):
    upstream.gates["slow"] = asyncio.Event()
    client = SimpleAsyncHTTPClient(force_instance=True, max_clients=100)
    url = f"http://127.0.0.1:{jp_serverapp.port}{jp_serverapp.base_url}valo/api/v0/slow/"
    waiting = [asyncio.ensure_future(client.fetch(HTTPRequest(url, headers=jp_auth_header))) for _ in range(50)]
    try:
        assert (await jp_fetch("valo/api/v0/x/")).code == 200
        while len(upstream.requests) < 51:
            await asyncio.sleep(0.01)
        upstream.gates["slow"].set()
        assert {(await one).body for one in waiting} == {b"firstsecond"}
    finally:
        client.close()


async def test_a_large_upload_is_not_held_in_memory(http_server_client, jp_auth_header, jp_base_url, upstream):
    chunk = bytes(1024 * 1024)

    async def produce(write):
        for _ in range(40):
            await write(chunk)

    await http_server_client.fetch(
        f"{jp_base_url}valo/api/v0/push/",
        method="POST",
        headers={**jp_auth_header, "X-Valo-Commit": "abc", "Content-Type": "application/x-git"},
        body_producer=produce,
        request_timeout=60,
    )
    (asked,) = upstream.requests
    assert asked["size"] == 40 * len(chunk)
    assert asked["headers"]["X-Valo-Commit"] == "abc"


async def test_the_server_is_not_read_faster_than_the_browser_reads(
    jp_serverapp, http_server_client, jp_auth_header, upstream
):
    reader, writer = await asyncio.open_connection("127.0.0.1", jp_serverapp.port, limit=2**16)
    writer.write(
        f"GET {jp_serverapp.base_url}valo/api/v0/large/?mb=200 HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: {jp_auth_header['Authorization']}\r\n\r\n".encode()
    )
    await reader.readexactly(1000)
    before = -1
    while before != upstream.bytes_sent:
        before = upstream.bytes_sent
        await asyncio.sleep(0.3)
    # what the sockets' buffers take, and not what the server would have
    assert upstream.bytes_sent < 60 * 1024 * 1024
    writer.close()
    while not upstream.closed:
        await asyncio.sleep(0.01)


async def test_a_browser_that_leaves_is_no_error(jp_serverapp, http_server_client, jp_auth_header, upstream, caplog):
    upstream.gates["silent"] = asyncio.Event()
    caplog.set_level("WARNING")
    _, writer = await asyncio.open_connection("127.0.0.1", jp_serverapp.port)
    writer.write(
        f"GET {jp_serverapp.base_url}valo/api/v0/silent/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: {jp_auth_header['Authorization']}\r\n\r\n".encode()
    )
    while not upstream.requests:
        await asyncio.sleep(0.01)
    writer.close()
    while not upstream.closed:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    assert not [record.message for record in caplog.records if "valo" in record.message.lower()]


async def test_half_an_answer_is_an_error(http_server_client, jp_auth_header, jp_base_url, upstream):
    with pytest.raises(Exception, match=r"(?i)closed|599"):
        await http_server_client.fetch(f"{jp_base_url}valo/api/v0/broken/", headers=jp_auth_header)


async def test_a_server_that_hangs_up_is_named(jp_fetch, upstream):
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch("valo/api/v0/vanish/")
    assert caught.value.code == 503
    assert json.loads(caught.value.response.body)["code"] == "server_unreachable"


async def test_only_the_api_is_reached(jp_fetch, upstream):
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch("valo/run/v1/start", method="POST", body="{}")
    assert caught.value.code == 404
    assert not upstream.requests
