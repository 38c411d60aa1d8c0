"""Private registries: the real docker-registry with passwords or with tokens, on loopback or under well-known names."""

from __future__ import annotations

import base64
import contextlib
import fnmatch
import itertools
import json
import os
import re
import shutil
import ssl
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

import docker
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from tests.parts.authority import Authority, certificate_for, pem

_numbers = itertools.count(1)


@dataclass
class Accounts:
    """Who may log in, and the repositories that each may use (shell patterns; kept with tokens only)."""

    passwords: dict[str, str]
    repositories: dict[str, str] = field(default_factory=dict)
    file: Path | None = None

    def set(self, username: str, password: str) -> None:
        self.passwords[username] = password
        self._write()

    def revoke(self, username: str) -> None:
        """The registry takes the account's password no more."""
        del self.passwords[username]
        self._write()

    def _write(self) -> None:
        if self.file is None:
            return
        lines = [_htpasswd(name, password) for name, password in self.passwords.items()]
        # the registry reads the file anew when its time is another one
        before = self.file.stat().st_mtime_ns if self.file.exists() else 0
        self.file.write_text("".join(lines))
        os.utime(self.file, ns=(before + 2_000_000_000, before + 2_000_000_000))


@dataclass
class PrivateRegistry:
    """
    Attributes
    ----------
    domain
        As it stands in the names of its images.
    address
        `(address, port)` where it listens.
    """

    domain: str
    accounts: Accounts
    address: tuple[str, int]
    log: Path

    def push(self, client: docker.DockerClient, image: str, path: str, username: str) -> str:
        """Put a local image there, under the account; its name. No copy of that name stays in the engine."""
        name = f"{self.domain}/{path}"
        repository, _, tag = name.rpartition(":")
        client.images.get(image).tag(repository, tag)
        auth = {"username": username, "password": self.accounts.passwords[username]}
        try:
            for line in client.api.push(repository, tag=tag, auth_config=auth, stream=True, decode=True):
                assert "error" not in line, line["error"]
        finally:
            client.images.remove(name)
        return name


@contextlib.contextmanager
def private_registry(
    kind: Literal["basic", "bearer"],
    passwords: dict[str, str],
    *,
    domain: str | None = None,
    authority: Authority | None = None,
    names: tuple[str, ...] = (),
    repositories: dict[str, str] | None = None,
) -> Iterator[PrivateRegistry]:
    """A registry that lives while the context does.

    Parameters
    ----------
    kind
        `basic`: it asks for a password; `bearer`: it sends callers to a token server, as Docker Hub and Azure do.
    domain, authority, names
        The domain in its images' names, if it is not its address; it listens at a loopback address of its own then, on
        port 443, with a certificate for the names, to which `name_space` leads.
    repositories
        For `bearer`: which repositories each account may use; all, if it is not named.
    """
    programs = [shutil.which(name) for name in ("docker-registry", "htpasswd")]
    if None in programs:
        raise RuntimeError("docker-registry and apache2-utils are not installed: .ci/system-packages.")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vreg-", dir="/tmp")))
        accounts = Accounts(dict(passwords), dict(repositories or {}))
        listen = (_own_address(), 443) if authority else ("127.0.0.1", 0)
        config: dict[str, Any] = {
            "version": 0.1,
            "log": {"level": "info", "accesslog": {"disabled": True}},
            "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
            "http": {"addr": f"{listen[0]}:{listen[1]}", "secret": uuid.uuid4().hex},
        }
        if authority:
            certificate, key = authority.issue(*names)
            config["http"]["tls"] = {"certificate": str(certificate), "key": str(key)}
        if kind == "basic":
            accounts.file = folder / "htpasswd"
            accounts.set(*next(iter(passwords.items())))
            config["auth"] = {"htpasswd": {"realm": "test", "path": str(accounts.file)}}
        else:
            server = stack.enter_context(_token_server(accounts, folder, authority))
            config["auth"] = {"token": server}
        (folder / "config.yml").write_text(json.dumps(config))  # JSON is YAML
        log = folder / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "docker-registry", "serve", folder / "config.yml"],
                stdout=output, stderr=output, cwd=folder, env={"PATH": os.environ["PATH"]},
            )  # fmt: skip
        stack.callback(_end, process)
        port = _wait(process, log)
        yield PrivateRegistry(domain or f"127.0.0.1:{port}", accounts, (listen[0], port), log)


def name_space(folder: Path, hosts: dict[str, str]) -> list[str]:
    """Words before a command, so that it finds the names at the addresses; nobody else does."""
    file = folder / "hosts"
    file.write_text("127.0.0.1 localhost\n" + "".join(f"{address} {name}\n" for name, address in hosts.items()))
    script = f'mount --bind {file} /etc/hosts && exec "$@"'
    return ["unshare", "--mount", "--propagation", "slave", "sh", "-c", script, "sh"]


# what a token server does: https://distribution.github.io/distribution/spec/auth/token/


@contextlib.contextmanager
def _token_server(accounts: Accounts, folder: Path, authority: Authority | None) -> Iterator[dict[str, Any]]:
    """The registry's configuration for it."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = certificate_for("Tokens", key)
    bundle = folder / "tokens.pem"
    bundle.write_bytes(pem(certificate))
    chain = [base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            _, _, given = self.headers.get("Authorization", "").partition(" ")
            username, _, password = base64.b64decode(given).decode().partition(":")
            if given and accounts.passwords.get(username) != password:
                self._answer(401, {"details": "incorrect username or password"})
                return
            access = []
            for scope in query.get("scope", []):
                kind, name, actions = scope.split(":")
                # whoever does not say who it is gets a token too, which opens nothing
                if given and fnmatch.fnmatch(name, accounts.repositories.get(username, "*")):
                    access.append({"type": kind, "name": name, "actions": actions.split(",")})
            now = int(time.time())
            claims = {
                "iss": "tests", "sub": username, "aud": query["service"][0], "jti": uuid.uuid4().hex,
                "nbf": now - 10, "iat": now, "exp": now + 300, "access": access,
            }  # fmt: skip
            self._answer(200, {"token": _sign({"typ": "JWT", "alg": "ES256", "x5c": chain}, claims, key)})

        def _answer(self, status: int, value: dict[str, Any]) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if authority:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*authority.issue("127.0.0.1"))
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield {
            "realm": f"{'https' if authority else 'http'}://127.0.0.1:{server.server_port}/token",
            "service": "test-registry",
            "issuer": "tests",
            "rootcertbundle": str(bundle),
        }
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def _sign(header: dict[str, Any], claims: dict[str, Any], key: ec.EllipticCurvePrivateKey) -> str:
    signed = f"{_base64url(json.dumps(header).encode())}.{_base64url(json.dumps(claims).encode())}"
    r, s = utils.decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{signed}.{_base64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _own_address() -> str:
    """A loopback address that no other test process uses, so that port 443 is free there."""
    pid = os.getpid()
    return f"127.{100 + next(_numbers) % 100}.{pid // 256 % 256}.{pid % 256}"


def _htpasswd(username: str, password: str) -> str:
    # the password by standard input: arguments are seen in the list of processes
    return subprocess.run(
        ["htpasswd", "-n", "-B", "-C", "4", "-i", username], input=password, check=True, capture_output=True, text=True
    ).stdout.strip() + "\n"  # fmt: skip


def _wait(process: subprocess.Popen[bytes], log: Path) -> int:
    """The port on which it listens."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if found := re.search(r"listening on [^\s\"]*:(\d+)", log.read_text(errors="replace")):
            return int(found[1])
        time.sleep(0.05)
    raise RuntimeError(f"docker-registry did not start: {log.read_text(errors='replace')[-2000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    # SIGTERM it takes for the beginning of a long farewell
    process.kill()
    process.wait(10)
