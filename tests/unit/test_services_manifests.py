"""What a registry may answer, and what is made of it: limits, silence, strange answers, and where a password may go."""

from __future__ import annotations

import email.utils
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from valo_jupyter.domain.errors import (
    ImageNotFound,
    ImageUnavailable,
    RegistryRateLimited,
    RegistryRefused,
    RegistryUnreachable,
)
from valo_jupyter.domain.images import Reference
from valo_jupyter.domain.registries import Credentials
from valo_jupyter.services import manifests
from valo_jupyter.services.manifests import Registry, is_loopback

Answer = tuple[int, dict[str, str], bytes]


class Script:
    """A registry that answers as `answer(method, path, headers)` says, and keeps what it was asked."""

    def __init__(self, answer: Callable[[str, str, Any], Answer]) -> None:
        self.asked: list[tuple[str, str, str | None]] = []
        script = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                script.asked.append((self.command, self.path, self.headers.get("Authorization")))
                status, headers, body = answer(self.command, self.path, self.headers)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_HEAD = do_GET

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.domain = f"127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def registry(self) -> Registry:
        return Registry(self.domain, Credentials("me", "pässword"), entry="the/entry/*")

    def manifest(self) -> str:
        return self.registry().manifest(Reference.parse(f"{self.domain}/me/x:1"))


@pytest.fixture
def script() -> Iterator[Callable[[Callable[[str, str, Any], Answer]], Script]]:
    opened: list[Script] = []

    def open_script(answer: Callable[[str, str, Any], Answer]) -> Script:
        opened.append(Script(answer))
        return opened[-1]

    yield open_script
    for one in opened:
        one.close()


def basic(answer: Answer) -> Callable[[str, str, Any], Answer]:
    """Asks for a password, then answers so."""

    def respond(method: str, path: str, headers: Any) -> Answer:
        return answer if headers.get("Authorization") else (401, {"WWW-Authenticate": 'Basic realm="x"'}, b"")

    return respond


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({}, "the/entry/*."),
        ({"Retry-After": "40"}, "again in 40 s"),
        ({"Retry-After": "3600"}, "again in 60 minutes"),
        ({"Retry-After": "soon"}, "the/entry/*."),
        ({"X-Retry-After": str(int(time.time()) + 36_000)}, "minutes"),
        ({"Retry-After": email.utils.formatdate(time.time() + 36_000, usegmt=True)}, "minutes"),
    ],
)
def test_a_limit_is_told_with_when_it_ends(script: Any, headers: dict[str, str], words: str) -> None:
    with pytest.raises(RegistryRateLimited) as caught:
        script(basic((429, headers, b"{}"))).manifest()
    assert words in caught.value.message
    assert "the/entry/*" in caught.value.message


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((401, {"WWW-Authenticate": 'Basic realm="x"'}, b""), RegistryRefused),
        ((403, {}, b""), RegistryRefused),
        ((404, {}, b""), ImageNotFound),
        ((500, {}, b""), RegistryUnreachable),
        ((503, {}, b"<html>"), RegistryUnreachable),
        ((302, {"Location": "https://elsewhere.example/"}, b""), RegistryUnreachable),
    ],
)
def test_each_refusal_is_what_it_is(script: Any, answer: Answer, kind: type[ImageUnavailable]) -> None:
    asked = script(basic(answer))
    with pytest.raises(ImageUnavailable) as caught:
        asked.manifest()
    assert type(caught.value) is kind
    assert "pässword" not in caught.value.message
    assert len(asked.asked) == 2


def test_a_digest_that_is_not_said_is_made(script: Any) -> None:
    asked = script(basic((200, {}, b"{}")))
    assert asked.manifest() == "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert [method for method, _, authorization in asked.asked if authorization] == ["HEAD", "GET"]


def test_a_password_is_sent_only_when_it_is_asked_for(script: Any) -> None:
    asked = script(lambda *_: (200, {"Docker-Content-Digest": "sha256:1"}, b""))
    registry = asked.registry()
    assert registry.manifest(Reference.parse(f"{asked.domain}/me/x")) == "sha256:1"
    assert [authorization for *_, authorization in asked.asked] == [None]
    assert not registry.logged_in


def test_tokens_are_asked_for_with_the_scope_of_a_pull(script: Any) -> None:
    def respond(method: str, path: str, headers: Any) -> Answer:
        if path.startswith("/token"):
            return 200, {}, json.dumps({"access_token": "t0"}).encode()
        if headers.get("Authorization") == "Bearer t0":
            return 200, {"Docker-Content-Digest": "sha256:1"}, b""
        realm = f"http://{headers['Host']}/token?a=b"
        return 401, {"WWW-Authenticate": f'Basic realm="no", Bearer realm="{realm}",service="s",error="x"'}, b""

    asked = script(respond)
    assert asked.manifest() == "sha256:1"
    _, (_, path, authorization), _ = asked.asked
    assert path == "/token?a=b&service=s&scope=repository%3Ame%2Fx%3Apull"
    assert authorization == "Basic bWU6cMOkc3N3b3Jk"


@pytest.mark.parametrize(
    ("challenge", "token", "kind"),
    [
        ("", b"", RegistryUnreachable),
        ("Negotiate", b"", RegistryUnreachable),
        ("Bearer realm={realm}", b"", RegistryUnreachable),
        ('Bearer realm="{realm}"', b"[]", RegistryUnreachable),
        ('Bearer realm="https://[half"', b"", RegistryUnreachable),
        ('Bearer realm="{realm}"', b'{"token": "t"}', RegistryRefused),
    ],
)
def test_strange_challenges_end(script: Any, challenge: str, token: bytes, kind: type[ImageUnavailable]) -> None:
    def respond(method: str, path: str, headers: Any) -> Answer:
        if path.startswith("/token"):
            return 200, {}, token
        realm = f"http://{headers['Host']}/token"
        return 401, {"WWW-Authenticate": challenge.format(realm=realm)} if challenge else {}, b""

    with pytest.raises(kind):
        script(respond).manifest()


def test_a_token_server_without_encryption_gets_nothing_from_a_registry_with_it(script: Any) -> None:
    tokens = script(lambda *_: (200, {}, b'{"token": "t"}'))
    registry = Registry("registry.example", Credentials("me", "secret"), entry="e")
    with pytest.raises(RegistryUnreachable, match="without encryption"):
        registry._token({"realm": f"http://{tokens.domain}/token"}, None)
    assert tokens.asked == []


def test_another_computer_is_asked_with_encryption_only(script: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = script(lambda *_: (200, {}, b""))
    port = plain.domain.rpartition(":")[2]
    lookup = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: lookup("127.0.0.1", *rest, **more))
    domain = f"registry.example:{port}"
    with pytest.raises(RegistryUnreachable):
        Registry(domain, Credentials("me", "secret"), entry="e").log_in()
    assert plain.asked == []
    Registry(domain, Credentials("me", "secret"), entry="e", plain=True).log_in()
    assert len(plain.asked) == 1


def test_who_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        domain = f"127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(RegistryUnreachable, match=f"{domain} does not answer: Connection refused"):
            Registry(domain, Credentials("me", "p"), entry="e").log_in()
    with pytest.raises(RegistryUnreachable, match=r"no registry nowhere\.invalid"):
        Registry("nowhere.invalid", Credentials("me", "p"), entry="e").log_in()
    monkeypatch.setattr(manifests, "_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        domain = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(RegistryUnreachable, match=r"did not answer within"):
            Registry(domain, Credentials("me", "p"), entry="e").log_in()


@pytest.mark.parametrize(
    ("domain", "own"),
    [
        ("localhost", True), ("localhost:5000", True), ("127.0.0.1:5000", True), ("127.8.9.1", True),
        ("[::1]:5000", True),
        ("localhost.evil.example", False), ("127.0.0.1.evil.example", False), ("10.0.0.1:5000", False),
        ("docker.io", False),
    ],
)  # fmt: skip
def test_this_computer_by_its_own_names(domain: str, own: bool) -> None:
    assert is_loopback(domain) == own


def test_credentials_are_not_shown() -> None:
    assert "secret" not in repr(Credentials("me", "secret"))
