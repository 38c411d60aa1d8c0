"""Passwords of AWS ECR, against what its API answers (recorded shapes); AWS itself is not asked."""

from __future__ import annotations

import base64
import json
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from valo_jupyter.domain.errors import ImageUnavailable, RegistryUnreachable
from valo_jupyter.domain.images import Reference
from valo_jupyter.domain.registries import Credentials
from valo_jupyter.services import Services
from valo_jupyter.services.ecr import EcrPasswords

DOMAIN = "123456789012.dkr.ecr.eu-north-1.amazonaws.com"
KEY = Credentials("AKIAEXAMPLE", "aws-secret-key")


class Aws:
    """Answers GetAuthorizationToken; `error`: with that error."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.seconds = 12 * 3600.0
        self.error: tuple[int, str] | None = None
        aws = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                aws.asked.append((self.headers["X-Amz-Target"], self.headers["Authorization"]))
                status, value = 200, aws.token()
                if aws.error:
                    status, value = aws.error[0], {"__type": aws.error[1], "message": "The security token is invalid."}
                body = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def token(self) -> dict[str, Any]:
        data = {
            "authorizationToken": base64.b64encode(f"AWS:password-{len(self.asked)}".encode()).decode(),
            "expiresAt": time.time() + self.seconds,
            "proxyEndpoint": f"https://{DOMAIN}",
        }
        return {"authorizationData": [data]}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    opened = Aws()
    monkeypatch.setenv("AWS_ENDPOINT_URL_ECR", f"http://127.0.0.1:{opened.server.server_port}")
    yield opened
    opened.server.shutdown()
    opened.server.server_close()


def test_a_key_pair_gives_a_password_until_it_expires(aws: Aws) -> None:
    passwords = EcrPasswords()
    first = passwords.get(DOMAIN, KEY, entry="e")
    assert (first.username, first.password) == ("AWS", "password-1")
    assert passwords.get(DOMAIN, KEY, entry="e") == first
    target, authorization = aws.asked[0]
    assert target == "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"
    assert "AKIAEXAMPLE/" in authorization
    assert "/eu-north-1/ecr/" in authorization
    # another key is another account
    assert passwords.get(DOMAIN, Credentials("AKIAEXAMPLE", "other"), entry="e").password == "password-2"
    passwords.forget()
    assert passwords.get(DOMAIN, KEY, entry="e").password == "password-3"
    # one that would expire within a pull is not kept
    aws.seconds = 300
    passwords.forget()
    assert [passwords.get(DOMAIN, KEY, entry="e").password for _ in range(2)] == ["password-4", "password-5"]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ((400, "UnrecognizedClientException"), "registry_refused"),
        ((403, "InvalidSignatureException"), "registry_refused"),
        ((400, "AccessDeniedException"), "registry_refused"),
        ((400, "ThrottlingException"), "registry_rate_limited"),
        ((500, "ServerException"), "registry_unreachable"),
    ],
)
def test_what_aws_refuses_names_the_entry(aws: Aws, error: tuple[int, str], code: str) -> None:
    aws.error = error
    with pytest.raises(ImageUnavailable) as caught:
        EcrPasswords().get(DOMAIN, KEY, entry="the/entry/*")
    assert caught.value.code == code
    assert "the/entry/*" in caught.value.message
    assert KEY.password not in caught.value.message


def test_nobody_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_ECR", "http://127.0.0.1:1")
    with pytest.raises(RegistryUnreachable, match=DOMAIN):
        EcrPasswords().get(DOMAIN, KEY, entry="e")


def test_the_package_is_named_when_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3.session", None)
    with pytest.raises(RegistryUnreachable, match=r"pip install 'valo-jupyter\[ecr\]'"):
        EcrPasswords().get(DOMAIN, KEY, entry="e")


@pytest.mark.parametrize("database_url", [None])
def test_a_machine_gets_the_password_and_never_the_key(services: Services, aws: Aws) -> None:
    ana = services.accounts.ensure("ana")
    given = {"match": f"{DOMAIN}/*", "type": "ecr", "username": KEY.username, "password": KEY.password}
    services.registries.create(ana, given)
    answer = services.registries.for_image(ana.id, Reference.parse(f"{DOMAIN}/team/x:1"))
    assert (answer["username"], answer["password"]) == ("AWS", "password-1")
    assert KEY.password not in json.dumps(answer)
