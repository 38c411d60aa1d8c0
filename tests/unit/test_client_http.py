"""The HTTP client against a real server that stumbles, moves and refuses."""

from __future__ import annotations

import json
import socket
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from valo_jupyter.client.failures import error_of
from valo_jupyter.client.http import Http
from valo_jupyter.domain import errors


class Scripted(ThreadingHTTPServer):
    """Answers with what is in `script`, in turn, then with `{}`; keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: list[tuple[int, object]] = []
        self.asked: list[tuple[str, str, str | None, bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Scripted
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append((self.command, self.path, self.headers.get("Authorization"), body))
        status, content = self.server.script.pop(0) if self.server.script else (200, {})
        if status == 0:  # the process dies between the request and the answer
            self.close_connection = True
            return
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if isinstance(content, bytes) else "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PATCH = answer

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Scripted]:
    with Scripted() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join(5)


def http(server: Scripted, **options: float) -> Http:
    return Http(server.url, "secret-token", **{"patience": 2.0, **options})  # type: ignore[arg-type]


def test_sends_the_token_and_the_query(server: Scripted) -> None:
    http(server).get("executions/", {"tag": ["a", "b"], "search": None, "limit": 3})
    assert server.asked == [("GET", "/api/v0/executions/?tag=a&tag=b&limit=3", "Token secret-token", b"")]


def test_a_read_is_tried_again_when_the_server_stumbles(server: Scripted) -> None:
    server.script = [(503, {}), (0, {}), (502, b"<html>"), (200, {"fine": True})]
    assert http(server).get("x/") == {"fine": True}


@pytest.mark.parametrize("value", [object(), float("nan")])
def test_what_is_no_json_is_told_before_it_is_sent(server: Scripted, value: object) -> None:
    with pytest.raises(errors.Invalid, match="cannot be sent as JSON"):
        http(server).post("x/", {"value": value})
    assert server.asked == []


def test_a_write_is_not_repeated_when_it_may_have_been_done(server: Scripted) -> None:
    server.script = [(0, {})]
    with pytest.raises(errors.ServerUnreachable):
        http(server).post("executions/", {"a": 1})
    assert len(server.asked) == 1


def test_a_write_with_an_idempotency_key_is_repeated(server: Scripted) -> None:
    server.script = [(0, {}), (201, {"id": "1"})]
    assert http(server).post("executions/", {"idempotency_key": "k"}, repeatable=True) == {"id": "1"}
    assert len(server.asked) == 2


def test_a_file_is_sent_from_its_beginning_each_time(server: Scripted) -> None:
    server.script = [(0, {}), (503, {})]
    with tempfile.TemporaryFile() as file:
        file.write(b"PACK")
        http(server).send("POST", "push/", body=file, headers={"Content-Length": "4"}, repeatable=True)
    assert [body for _, _, _, body in server.asked] == [b"PACK"] * 3


def test_errors_come_back_as_what_they_were(server: Scripted) -> None:
    server.script = [(409, {"code": "confirm_snapshot", "message": "say what", "details": {"code": 1, "files": 3}})]
    with pytest.raises(errors.ConfirmSnapshot, match="say what") as caught:
        http(server).post("x/")
    assert caught.value.details == {"code": 1, "files": 3}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, b'{"code": "unknown_parameter", "message": "m"}', errors.UnknownParameter),
        (400, b'{"code": "of_the_future", "message": "m"}', errors.Invalid),
        (404, b"<html>nginx</html>", errors.NotFound),
        (413, b"", errors.TooLarge),
        (500, b'["x"]', errors.ValoError),
    ],
)
def test_every_answer_becomes_an_error_of_ours(status: int, body: bytes, kind: type) -> None:
    error = error_of(status, body, "http://somewhere/x")
    assert type(error) is kind
    assert error.message


def test_follows_a_server_that_came_back_elsewhere(server: Scripted) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        gone = f"http://127.0.0.1:{taken.getsockname()[1]}"
    moving = Http(gone, "old", moved=lambda: (server.url, "new"), patience=2.0)
    assert moving.get("x/") == {}
    assert server.asked[0][2] == "Token new"


def test_says_what_to_start_when_nothing_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        gone = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(errors.ServerUnreachable, match="jupyter valo start"):
        Http(gone, "t", patience=0.0).get("x/")


def test_no_proxy_stands_before_this_machine(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert http(server).get("x/") == {}


def test_the_token_goes_to_the_server_alone(server: Scripted) -> None:
    with Scripted() as other:
        thread = threading.Thread(target=other.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            for address in (f"{other.url}/file", f"{server.url}/download/1"):
                with http(server).stream(address) as response:
                    response.read()
        finally:
            other.shutdown()
            thread.join(5)
    assert other.asked[0][2] is None
    assert server.asked[0][2] == "Token secret-token"
