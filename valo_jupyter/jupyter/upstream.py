"""One request to the Valo server whose body and answer are passed on as they come, each as slowly as it is taken."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tornado.http1connection import HTTP1Connection, HTTP1ConnectionParameters
from tornado.httputil import HTTPHeaders, HTTPMessageDelegate, RequestStartLine, ResponseStartLine
from tornado.iostream import IOStream, StreamClosedError
from tornado.tcpclient import TCPClient

from valo_jupyter.jupyter.connection import Server

CONNECT_SECONDS = 10.0
#: Until the answer begins: the server needs this long at most, to unpack a large push.
ANSWER_SECONDS = 600.0
CHUNK = 256 * 1024


@dataclass(frozen=True)
class Answer:
    """The first line and the headers of an answer."""

    status: int
    reason: str
    headers: HTTPHeaders


class Upstream:
    """
    An open request. tornado's own HTTP client is not used here because it caps the number of connections, and a browser
    has a long poll open per tab.
    """

    def __init__(self, stream: IOStream) -> None:
        self._stream = stream
        self._connection = HTTP1Connection(
            stream,
            is_client=True,
            params=HTTP1ConnectionParameters(
                no_keep_alive=True, chunk_size=CHUNK, header_timeout=ANSWER_SECONDS, max_body_size=1 << 62
            ),
        )

    @classmethod
    async def open(cls, server: Server, method: str, target: str, headers: HTTPHeaders) -> Upstream:
        """
        Connect and send the head of the request.

        Raises
        ------
        OSError
            Nothing answers there; nothing was carried out.
        """
        stream = await TCPClient().connect(
            server.host,
            server.port,
            ssl_options=ssl.create_default_context() if server.secure else None,
            timeout=CONNECT_SECONDS,
        )
        stream.set_nodelay(True)
        upstream = cls(stream)
        headers["Host"] = server.url.split("://", 1)[1].split("/", 1)[0]
        headers["Connection"] = "close"
        upstream._connection.write_headers(RequestStartLine(method, target, "HTTP/1.1"), headers)
        return upstream

    async def write(self, chunk: bytes) -> None:
        """A piece of the body; returns when there is room for the next."""
        try:
            await self._connection.write(chunk)
        except StreamClosedError:
            pass  # refused before the end of the body: the answer says why

    async def relay(self, on_head: Callable[[Answer], None], on_chunk: Callable[[bytes], Awaitable[None]]) -> None:
        """
        End the request and pass the answer on; the next chunk is read when `on_chunk` is done with the last.

        Raises
        ------
        StreamClosedError
            One of the two connections closed before the end.
        """
        self._connection.finish()
        delegate = _Relay(on_head, on_chunk)
        await self._connection.read_response(delegate)
        if delegate.error is not None:
            raise delegate.error
        if not delegate.whole:
            raise StreamClosedError

    def close(self) -> None:
        self._stream.close()


class _Relay(HTTPMessageDelegate):
    def __init__(self, on_head: Callable[[Answer], None], on_chunk: Callable[[bytes], Awaitable[None]]) -> None:
        self._on_head = on_head
        self._on_chunk = on_chunk
        self.error: Exception | None = None
        self.whole = False

    def headers_received(self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders) -> None:
        if isinstance(start_line, ResponseStartLine) and start_line.code >= 200:
            self._on_head(Answer(start_line.code, start_line.reason, headers))

    async def data_received(self, chunk: bytes) -> None:
        if self.error is None:
            try:
                await self._on_chunk(chunk)
            except Exception as error:
                # kept for the caller: tornado would log it as its own
                self.error = error

    def finish(self) -> None:
        self.whole = True
