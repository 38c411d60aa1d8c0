"""A Jupyter server with the extension, and a small HTTP server in the place of the Valo server."""

from __future__ import annotations

import asyncio
import json
import os
import time
from dataclasses import dataclass, field

import pytest
from pytest_jupyter.jupyter_server import *  # noqa: F403 - the fixtures and hooks of a plugin, for this folder only
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler, stream_request_body

from valo_jupyter import __version__

TOKEN = "the-accounts-token"


@dataclass
class Upstream:
    """What was asked of the server, and its address."""

    url: str = ""
    requests: list[dict] = field(default_factory=list)
    #: set by a test that wants to see an answer flow while it is still being made
    gates: dict = field(default_factory=dict)
    bytes_sent: int = 0
    closed: list[str] = field(default_factory=list)
    #: of the projects' executions; a list with `wait` is answered when it has grown
    revision: int = 1


@stream_request_body
class AnyHandler(RequestHandler):
    """Records what it is asked, and answers by the path."""

    def initialize(self, upstream: Upstream) -> None:
        self.upstream = upstream
        self.size = 0
        self.largest = 0
        self.body = b""

    def prepare(self) -> None:
        self.request.connection.set_max_body_size(1 << 40)

    def data_received(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self.largest = max(self.largest, len(chunk))
        self.body = (self.body + chunk)[:100_000]

    def on_connection_close(self) -> None:
        self.upstream.closed.append(self.request.path)

    async def any(self) -> None:
        self.upstream.requests.append(
            {
                "method": self.request.method,
                "uri": self.request.uri,
                "headers": dict(self.request.headers),
                "body": self.body,
                "size": self.size,
            }
        )
        await getattr(self, self.request.path.strip("/").rsplit("/", 1)[-1], self.echo)()

    get = post = put = patch = delete = head = any

    async def echo(self) -> None:
        self.write({"method": self.request.method, "uri": self.request.uri})

    async def me(self) -> None:
        if self.request.headers.get("Authorization") != f"Token {TOKEN}":
            self.set_status(401)
            self.write({"code": "not_authenticated", "message": "The token is not accepted.", "details": {}})
        else:
            self.write({"id": 1, "username": "ana"})

    async def resolve(self) -> None:
        self.write({"id": "p1", "name": json.loads(self.body)["name"], "repository": None})

    async def download(self) -> None:
        self.write({"url": f"{self.upstream.url}/download/d1/99/signature/a%20b.csv"})

    async def objects(self) -> None:
        here = self.upstream.url
        self.write(
            {
                "url": f"{here}/api/v0/executions/e1/",
                "urls": {"display": f"{here}/api/v0/x/", "elsewhere": "https://example.org/api/"},
                "parameters": {"url": f"{here}/api/mine"},
                "results": [{"url": f"{here}/api/v0/executions/e2/"}],
            }
        )

    async def stream(self) -> None:
        self.write(json.dumps({"events": [{"url": f"{self.upstream.url}/api/x"}]}))
        self.set_header("Content-Type", "application/json")

    async def page(self) -> None:
        self.set_header("Content-Type", "text/html")
        self.set_header("Content-Disposition", 'inline; filename="report.html"')
        self.set_header("Set-Cookie", "stolen=1")
        self.set_header("Access-Control-Allow-Origin", "*")
        self.set_header("Content-Security-Policy", "default-src *")
        self.write("<script>parent.alert(1)</script>")

    async def slow(self) -> None:
        """Two pieces; the second only when the test says so."""
        self.set_header("Content-Type", "text/plain")
        self.write("first")
        await self.flush()
        await self.upstream.gates["slow"].wait()
        self.write("second")

    async def silent(self) -> None:
        """A long poll."""
        await self.upstream.gates["silent"].wait()

    async def executions(self) -> None:
        if self.get_query_argument("project") == "hidden":
            self.set_status(404)
            return
        after = int(self.get_query_argument("changed_after", "0"))
        deadline = time.monotonic() + float(self.get_query_argument("wait", "0"))
        while self.upstream.revision <= after and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        self.write({"results": [], "count": None, "revision": self.upstream.revision})

    async def large(self) -> None:
        self.set_header("Content-Type", "application/octet-stream")
        chunk = bytes(1024 * 1024)
        for _ in range(int(self.get_query_argument("mb"))):
            self.write(chunk)
            await self.flush()
            self.upstream.bytes_sent += len(chunk)

    async def broken(self) -> None:
        self.set_header("Content-Length", "1000")
        self.write("half")
        await self.flush()
        self.request.connection.stream.close()

    async def vanish(self) -> None:
        self.request.connection.stream.close()

    async def refused(self) -> None:
        self.set_status(409)
        self.write({"code": "missing_objects", "message": "Send a full pack.", "details": {"n": 1}})

    async def moved(self) -> None:
        self.redirect(f"{self.upstream.url}/api/v0/elsewhere/")

    async def nothing(self) -> None:
        self.set_status(204)


@pytest.fixture
def state(tmp_path, monkeypatch):
    """The state folder of a server on this machine, empty."""
    home = tmp_path / "valo"
    home.mkdir()
    monkeypatch.setenv("VALO_HOME", str(home))
    for name in ("VALO_URL", "VALO_TOKEN", "VALO_EXECUTION", "VH_JOB_ID"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture
def upstream(state, jp_asyncio_loop):
    """A running server, recorded in the state folder."""
    found = Upstream()
    sock, port = bind_unused_port()
    found.url = f"http://127.0.0.1:{port}"

    async def listen() -> HTTPServer:
        server = HTTPServer(Application([(r"/.*", AnyHandler, {"upstream": found})]), max_body_size=1 << 40)
        server.add_socket(sock)
        return server

    server = jp_asyncio_loop.run_until_complete(listen())
    (state / "server.json").write_text(json.dumps({"url": found.url, "pid": os.getpid(), "version": __version__}))
    (state / "token").write_text(TOKEN + "\n")
    yield found
    server.stop()
    jp_asyncio_loop.run_until_complete(server.close_all_connections())


@pytest.fixture
def jp_server_config():
    """The extension on, and every route closed to who is not logged in."""
    return {
        "ServerApp": {"jpserver_extensions": {"valo_jupyter": True}, "allow_unauthenticated_access": False},
    }
