"""Every route asks who is there and whether they may, whatever the Jupyter server's own default is."""

import json
import os
import re

import pytest
from jupyter_server.auth.authorizer import Authorizer
from tornado.httpclient import HTTPClientError
from tornado.web import RequestHandler

ROUTES = [
    ("GET", "valo/status"),
    ("GET", "valo/notebook"),
    ("POST", "valo/run"),
    ("POST", "valo/drift"),
    ("GET", "valo/watch"),
    ("GET", "valo/api/v0/x/"),
    ("HEAD", "valo/api/v0/x/"),
    ("POST", "valo/api/v0/x/"),
    ("PUT", "valo/api/v0/x/"),
    ("PATCH", "valo/api/v0/x/"),
    ("DELETE", "valo/api/v0/x/"),
    ("GET", "valo/kernel"),
]


class Reader(Authorizer):
    """Lets everybody read, and nobody do anything else."""

    def is_authorized(self, handler, user, action, resource):
        return resource == "valo" and action == "read"


def test_the_list_above_is_complete(jp_serverapp, state):
    extension = jp_serverapp.extension_manager.extension_points["valo_jupyter"].app
    found = set()
    for pattern, handler, _ in extension.handlers:
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
            if getattr(handler, method.lower()) is not getattr(RequestHandler, method.lower()):
                found.add((method, pattern))
    assert found == {
        (method, pattern)
        for method, path in ROUTES
        for pattern, _, _ in extension.handlers
        if re.fullmatch(pattern, f"/{path}")
    }


def body_of(method):
    return {"body": "{}"} if method in ("POST", "PUT", "PATCH") else {}


async def refused(fetch, code=403):
    with pytest.raises(HTTPClientError) as caught:
        await fetch
    assert caught.value.code == code, caught.value


@pytest.mark.parametrize("open_by_default", [True, False])
@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_nobody_gets_in_without_logging_in(
    jp_serverapp, http_server_client, upstream, method, path, open_by_default
):
    jp_serverapp.web_app.settings.update(disable_check_xsrf=True, allow_unauthenticated_access=open_by_default)
    await refused(http_server_client.fetch(f"{jp_serverapp.base_url}{path}", method=method, **body_of(method)))
    assert not upstream.requests


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if route[1] != "valo/kernel"])
async def test_who_may_only_read_changes_nothing(
    jp_serverapp, jp_auth_header, http_server_client, upstream, method, path
):
    jp_serverapp.web_app.settings["authorizer"] = Reader(
        parent=jp_serverapp, identity_provider=jp_serverapp.identity_provider
    )
    answer = await http_server_client.fetch(
        f"{jp_serverapp.base_url}{path}", method=method, headers=jp_auth_header, raise_error=False, **body_of(method)
    )
    if method in ("GET", "HEAD"):
        assert answer.code != 403
    else:
        assert answer.code == 403
        assert not upstream.requests


async def test_what_pages_ask_by_themselves_keeps_no_idle_server_alive(
    jp_serverapp, jp_auth_header, http_server_client, upstream
):
    jp_serverapp.web_app.settings["disable_check_xsrf"] = True
    before = jp_serverapp.web_app.last_activity()
    kept = []
    for method, path in ROUTES:
        address = f"{jp_serverapp.base_url}{path}"
        await http_server_client.fetch(
            address, method=method, headers=jp_auth_header, raise_error=False, **body_of(method)
        )
        if jp_serverapp.web_app.last_activity() != before:
            kept.append((method, path))
            before = jp_serverapp.web_app.last_activity()
    assert kept == [("POST", "valo/run")]


async def test_a_page_of_another_site_cannot_post(http_server_client, jp_serverapp, upstream):
    await refused(
        http_server_client.fetch(
            f"{jp_serverapp.base_url}valo/api/v0/x/",
            method="POST",
            body="{}",
            headers={"Cookie": "username=forged", "Origin": "https://evil.example"},
        ),
        code=404,
    )
    assert not upstream.requests


async def test_kernels_are_told_where_and_who_they_are(
    jp_serverapp, jp_fetch, jp_create_notebook, http_server_client, upstream, jp_asyncio_loop
):
    secret, address = await told(jp_serverapp)
    jp_create_notebook("work/one.ipynb")
    session = json.loads(
        (
            await jp_fetch(
                "api/sessions",
                method="POST",
                body=json.dumps(
                    {"path": "work/one.ipynb", "type": "notebook", "name": "", "kernel": {"name": "python3"}}
                ),
            )
        ).body
    )
    kernel = session["kernel"]["id"]
    ask = f"{jp_serverapp.base_url}valo/kernel?kernel_id={kernel}"
    try:
        # no cookie, no token: the secret alone
        found = json.loads((await http_server_client.fetch(ask, headers={"X-Valo-Kernel-Secret": secret})).body)
        assert found["path"] == "work/one.ipynb"
        assert found["root_dir"] == jp_serverapp.root_dir
        assert found["server"] == {"url": upstream.url, "token": "the-accounts-token", "mode": "local"}
        assert address == f"http://127.0.0.1:{jp_serverapp.port}{jp_serverapp.base_url}".rstrip("/")

        renamed = {"path": "work/two.ipynb"}
        await jp_fetch("api/sessions", session["id"], method="PATCH", body=json.dumps(renamed))
        found = json.loads((await http_server_client.fetch(ask, headers={"X-Valo-Kernel-Secret": secret})).body)
        assert found["path"] == "work/two.ipynb"
    finally:
        await jp_fetch("api/sessions", session["id"], method="DELETE")


async def told(serverapp):
    """What the start hook put into the environment; it runs as soon as the loop does."""
    extension = serverapp.extension_manager.extension_points["valo_jupyter"].app
    await extension._start_jupyter_server_extension(serverapp)
    return os.environ["VALO_KERNEL_SECRET"], os.environ["VALO_JUPYTER_URL"]


async def test_a_wrong_secret_learns_nothing(jp_serverapp, http_server_client, upstream):
    for headers in ({}, {"X-Valo-Kernel-Secret": "guess"}, {"X-Valo-Kernel-Secret": "gü"}):
        with pytest.raises(HTTPClientError) as caught:
            await http_server_client.fetch(f"{jp_serverapp.base_url}valo/kernel?kernel_id=x", headers=headers)
        assert caught.value.code == 403
        assert "token" not in caught.value.response.body.decode()


async def test_an_unknown_kernel_has_no_notebook(jp_serverapp, http_server_client, upstream):
    secret, _ = await told(jp_serverapp)
    url = f"{jp_serverapp.base_url}valo/kernel?kernel_id=nobody"
    found = json.loads((await http_server_client.fetch(url, headers={"X-Valo-Kernel-Secret": secret})).body)
    assert found["path"] is None


async def test_the_environment_is_left_as_it_was(jp_serverapp, state):
    await told(jp_serverapp)
    await jp_serverapp.extension_manager.extension_points["valo_jupyter"].app.stop_extension()
    assert "VALO_KERNEL_SECRET" not in os.environ
