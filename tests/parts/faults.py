"""A way between a store and its service that cuts, damages, refuses or keeps silent, and counts what passes.

It forwards HTTP/1.1 as it comes, `Host` included, so that signatures hold. Each fault hits one request and is used up.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Literal
from urllib.parse import urlsplit

from tests.parts.authority import Authority

_STEP = 16384
_SECONDS = 120


@dataclass
class Exchange:
    """One request and its answer; bytes are those of the bodies that were passed on."""

    method: str
    target: str
    head: str = ""
    status: int | None = None
    sent: int = 0
    received: int = 0


@dataclass
class Fault:
    """What happens to a request whose method and body (or that of its answer) are as said.

    Attributes
    ----------
    kind
        `cut` ends the connection after `after` bytes of the body, `flip` changes the byte there, `answer` gives
        `status` and `body` without asking the service, `silence` says nothing from there on, `call` does `what` and
        lets it pass.
    of
        Whose body: the request's, or the answer's.
    """

    kind: Literal["cut", "flip", "answer", "silence", "call"]
    of: Literal["request", "answer"] = "answer"
    method: str | None = None
    least: int = 0
    after: int = 0
    status: int = 503
    body: bytes = b""
    what: Callable[[], object] = lambda: None
    words: str = ""

    def meets(self, method: str, target: str, length: int | None) -> bool:
        return self.method in (None, method) and (length or 0) >= self.least and self.words in target


@dataclass
class Faults:
    """
    Attributes
    ----------
    url
        Of the service as it is reached through here.
    exchanges
        All so far, in the order in which they began.
    """

    url: str
    exchanges: list[Exchange] = field(default_factory=list)
    _faults: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _closed: threading.Event = field(default_factory=threading.Event)

    def cut(self, after: int, *, times: int = 1, of: Literal["request", "answer"] = "answer", **which) -> None:
        """End the connection in a body, after so many bytes of it."""
        self._add(times, Fault("cut", of, after=after, least=which.pop("least", after + 1), **which))

    def flip(self, at: int, *, times: int = 1, of: Literal["request", "answer"] = "answer", **which) -> None:
        """Change one byte of a body that is longer than that."""
        self._add(times, Fault("flip", of, after=at, least=which.pop("least", at + 1), **which))

    def answer(self, status: int, body: bytes = b"", *, times: int = 1, **which) -> None:
        """Give this answer in place of the service."""
        self._add(times, Fault("answer", "request", status=status, body=body, **which))

    def silence(self, after: int = 0, *, times: int = 1, of: Literal["request", "answer"] = "answer", **which) -> None:
        """Say nothing any more after so many bytes of a body, and keep the connection."""
        self._add(times, Fault("silence", of, after=after, **which))

    def call(self, what: Callable[[], object], *, times: int = 1, **which) -> None:
        """Do something when a request comes, before it is passed on."""
        self._add(times, Fault("call", "request", what=what, **which))

    def clear(self) -> None:
        """No faults, and nothing counted."""
        with self._lock:
            self._faults.clear()
            self.exchanges.clear()

    @property
    def left(self) -> int:
        """Faults that nothing has met yet."""
        return len(self._faults)

    @property
    def received(self) -> int:
        """Bytes of the answers' bodies."""
        return sum(each.received for each in self.exchanges)

    def of(self, method: str) -> list[Exchange]:
        return [each for each in self.exchanges if each.method == method]

    def _add(self, times: int, fault: Fault) -> None:
        with self._lock:
            self._faults.extend([fault] * times)

    def _take(self, of: str, method: str, target: str, length: int | None) -> Fault | None:
        with self._lock:
            for number, fault in enumerate(self._faults):
                if fault.of == of and fault.meets(method, target, length):
                    return self._faults.pop(number)
        return None


class _Ended(Exception):
    """This connection is over."""


@contextlib.contextmanager
def faults_before(url: str, authority: Authority | None = None) -> Iterator[Faults]:
    """Before the service at `http://host:port`, until the end of the block; with TLS, if an authority is given."""
    parts = urlsplit(url)
    service = (parts.hostname or "", parts.port or 80)
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        context = None
        if authority:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*authority.issue("127.0.0.1"))
        faults = Faults(f"http{'s' if context else ''}://127.0.0.1:{listener.getsockname()[1]}{parts.path}")
        accepting = threading.Thread(target=_accept, args=(listener, service, faults, context), daemon=True)
        accepting.start()
        try:
            yield faults
        finally:
            faults._closed.set()
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            accepting.join(10)


def _accept(listener: socket.socket, service: tuple[str, int], faults: Faults, context: ssl.SSLContext | None) -> None:
    while not faults._closed.is_set():
        try:
            client, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(client, service, faults, context), daemon=True).start()


def _serve(client: socket.socket, service: tuple[str, int], faults: Faults, context: ssl.SSLContext | None) -> None:
    if context:
        client.settimeout(10)
        try:
            client = context.wrap_socket(client, server_side=True)
        except OSError:
            # who does not trust us goes
            client.close()
            return
    with contextlib.suppress(_Ended, OSError), client, socket.create_connection(service, 10) as server:
        for each in (client, server):
            each.settimeout(_SECONDS)
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with client.makefile("rb") as asked, server.makefile("rb") as answered:
            while _exchange(client, server, asked, answered, faults):
                pass


def _exchange(
    client: socket.socket, server: socket.socket, asked: BinaryIO, answered: BinaryIO, faults: Faults
) -> bool:
    """Pass on one request and its answer; whether there may be another."""
    head = _head(asked)
    if not head:
        return False
    method, target = head.split(b" ", 2)[:2]
    exchange = Exchange(method.decode(), target.decode("latin-1"), head.decode("latin-1"))
    faults.exchanges.append(exchange)
    length = _length(head)
    fault = faults._take("request", exchange.method, exchange.target, length)
    if fault and fault.kind == "call":
        fault.what()
        fault = None
    if fault and fault.kind == "answer":
        return _answer_self(client, asked, exchange, head, fault)
    server.sendall(head)
    reply = b""
    if b"\nexpect: 100-continue" in head.lower():
        reply = _head(answered)
        if reply.split(b" ", 2)[1] == b"100":
            client.sendall(reply)
            reply = b""
    if not reply:
        for chunk in _with(fault, _body(asked, head, False), client, server, faults):
            server.sendall(chunk)
            exchange.sent += len(chunk)
        reply = _head(answered)
        while reply.split(b" ", 2)[1:2] == [b"100"]:
            reply = _head(answered)
    if not reply:
        return False
    exchange.status = int(reply.split(b" ", 2)[1])
    bare = exchange.method == "HEAD" or exchange.status in (204, 304)
    fault = faults._take("answer", exchange.method, exchange.target, 0 if bare else _length(reply))
    if fault and fault.kind == "silence" and not fault.after:
        _keep_silent(client, faults)
    client.sendall(reply)
    if not bare:
        for chunk in _with(fault, _body(answered, reply, True), client, server, faults):
            client.sendall(chunk)
            exchange.received += len(chunk)
    return b"\nconnection: close" not in (head + reply).lower()


def _answer_self(client: socket.socket, asked: BinaryIO, exchange: Exchange, head: bytes, fault: Fault) -> bool:
    if b"\nexpect: 100-continue" not in head.lower():
        for chunk in _body(asked, head, False):
            exchange.sent += len(chunk)
    exchange.status = fault.status
    body = b"" if exchange.method == "HEAD" else fault.body
    client.sendall(
        b"HTTP/1.1 %d Told so\r\nContent-Type: application/xml\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
        % (fault.status, len(fault.body), body)
    )
    return False


def _with(
    fault: Fault | None, body: Iterator[bytes], client: socket.socket, server: socket.socket, faults: Faults
) -> Iterator[bytes]:
    """The body, with what happens in it."""
    done = 0
    for chunk in body:
        at = fault.after - done if fault else len(chunk)
        done += len(chunk)
        if not fault or not 0 <= at < len(chunk):
            yield chunk
        elif fault.kind == "flip":
            yield chunk[:at] + bytes([chunk[at] ^ 1]) + chunk[at + 1 :]
        else:
            if at:
                yield chunk[:at]
            if fault.kind == "silence":
                _keep_silent(client, faults)
            for each in (client, server):
                each.shutdown(socket.SHUT_RDWR)
            raise _Ended


def _keep_silent(client: socket.socket, faults: Faults) -> None:
    """Until the client gives up."""
    client.settimeout(0.2)
    while not faults._closed.is_set():
        try:
            if not client.recv(_STEP):
                break
        except TimeoutError:
            continue
    raise _Ended


def _head(stream: BinaryIO) -> bytes:
    lines = [stream.readline()]
    while lines[-1] not in (b"\r\n", b"\n", b""):
        lines.append(stream.readline())
    return b"".join(lines) if lines[-1] else b""


def _header(head: bytes, name: bytes) -> bytes | None:
    for line in head.split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.strip().lower() == name:
            return value.strip()
    return None


def _length(head: bytes) -> int | None:
    found = _header(head, b"content-length")
    return int(found) if found else None


def _body(stream: BinaryIO, head: bytes, until_end: bool) -> Iterator[bytes]:
    """A body as it is on the wire; one without a length goes on until the end only in answers."""
    if (_header(head, b"transfer-encoding") or b"").lower() == b"chunked":
        yield from _chunked(stream)
        return
    left = _length(head)
    if left is None and not until_end:
        return
    while left is None or left:
        chunk = stream.read(min(_STEP, left) if left is not None else _STEP)
        if not chunk:
            if left:
                raise _Ended
            return
        left = None if left is None else left - len(chunk)
        yield chunk


def _chunked(stream: BinaryIO) -> Iterator[bytes]:
    while True:
        line = stream.readline()
        size = int(line.split(b";")[0] or b"0", 16)
        yield line
        if size:
            yield stream.read(size + 2)
            continue
        while (line := stream.readline()) not in (b"\r\n", b""):
            yield line
        yield line
        return
