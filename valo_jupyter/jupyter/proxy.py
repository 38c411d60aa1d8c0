"""Passes the browser's calls on to the Valo server as the user's account, streaming both ways."""

from __future__ import annotations

from jupyter_server.utils import url_path_join
from tornado import web
from tornado.http1connection import HTTP1Connection
from tornado.httputil import HTTPHeaders
from tornado.iostream import StreamClosedError

from valo_jupyter.domain.errors import ServerUnreachable
from valo_jupyter.jupyter.addresses import Addresses, has_addresses
from valo_jupyter.jupyter.base import ValoHandler
from valo_jupyter.jupyter.upstream import Answer, Upstream

#: What the server is told of the browser's request. Neither cookies nor logins: those are Jupyter's.
FORWARDED = (
    *("Accept", "Accept-Language", "Content-Encoding", "Content-Length", "Content-Range", "Content-Type"),
    *("If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "Range", "X-Valo-Commit"),
)
#: What the browser is told of the answer. No cookies, no permissions of another origin.
RETURNED = (
    *(
        "Accept-Ranges",
        "Cache-Control",
        "Content-Disposition",
        "Content-Encoding",
        "Content-Language",
        "Content-Length",
    ),
    *("Content-Range", "Content-Type", "ETag", "Expires", "Last-Modified", "Retry-After", "Vary"),
)
#: The largest answer whose addresses are rewritten; anything above is a file, not an object.
REWRITTEN_BYTES = 16 * 1024 * 1024
_ACTIONS = {"GET": "read", "HEAD": "read"}


@web.stream_request_body
class ProxyHandler(ValoHandler):
    """`valo/api/…` and `valo/download/…`: any method, any size, any number of requests at a time."""

    _track_activity = False
    _upstream: Upstream | None = None
    _browser_gone = False

    @property
    def content_security_policy(self) -> str:
        # a file of a run is shown from Jupyter's origin, where a script of its own could start kernels
        return "sandbox; default-src 'none'; frame-ancestors 'self'"

    async def prepare(self) -> None:
        await super().prepare()
        if self._finished:
            return
        # the body begins to arrive after this, before the decorators of the method have a say
        await self.check_authorized(_ACTIONS.get(self.request.method or "", "write"))
        if self.request.connection is not None:
            self.request.connection.set_max_body_size(1 << 62)  # type: ignore[attr-defined]
        self._upstream = await self._connect()

    async def _connect(self) -> Upstream:
        self._server = await self.server()
        try:
            return await self._open()
        except OSError as error:
            if self._server.mode == "team":
                raise ServerUnreachable(
                    f"The Valo server at {self._server.url} does not answer ({error}). "
                    "Check the network and c.Valo.server_url."
                ) from error
        await self.context.valo.restart(self.context.executor)
        self._server = await self.server()
        try:
            return await self._open()
        except OSError as error:
            raise ServerUnreachable(
                f"The local Valo server does not answer ({error}). Its log is in the state folder."
            ) from error

    async def _open(self) -> Upstream:
        headers = HTTPHeaders({name: self.request.headers[name] for name in FORWARDED if name in self.request.headers})
        if not has_addresses(self.request.path) and "Accept-Encoding" in self.request.headers:
            headers["Accept-Encoding"] = self.request.headers["Accept-Encoding"]
        headers["Authorization"] = f"Token {self._server.token}"
        return await Upstream.open(self._server, self.request.method or "GET", self._target(), headers)

    def _target(self) -> str:
        """The path and query for the server, without what is Jupyter's own: its token and its guard against forgery."""
        path = self.request.path[len(url_path_join(self.base_url, "valo")) :]
        query = [pair for pair in self.request.query.split("&") if pair.split("=", 1)[0] not in ("", "token", "_xsrf")]
        return f"{path}?{'&'.join(query)}" if query else path

    async def data_received(self, chunk: bytes) -> None:
        # a body that no length announces cannot be passed on with a method that has none
        framed = self.request.method in ("POST", "PUT", "PATCH") or "Content-Length" in self.request.headers
        if self._upstream is not None and framed:
            await self._upstream.write(chunk)

    def on_connection_close(self) -> None:
        self._browser_gone = True
        if self._upstream is not None:
            self._upstream.close()
        super().on_connection_close()

    # authorized in `prepare`, before the first byte of a body
    @web.authenticated
    async def _proxied(self, _path: str) -> None:
        await self._relay()

    get = head = post = put = patch = delete = _proxied

    async def _relay(self) -> None:
        assert self._upstream is not None
        self._kept: list[bytes] | None = None
        try:
            await self._upstream.relay(self._head, self._chunk)
        except StreamClosedError:
            if self._browser_gone:
                return  # a tab was closed in the middle of a long poll: nobody is left to answer
            if not self._headers_written:
                raise ServerUnreachable(
                    f"The Valo server at {self._server.url} ended the connection before it answered. Try again."
                ) from None
            # what was promised cannot be kept: the browser must see that the answer is not whole
            self._abandon()
            return
        finally:
            self._upstream.close()
        if self._kept is not None:
            self.write(self._addresses.rewrite(b"".join(self._kept)))
        self.finish(set_content_type=self._headers.get("Content-Type", "application/octet-stream"))

    def _head(self, answer: Answer) -> None:
        self.set_status(answer.status, answer.reason)
        for name in RETURNED:
            if name in answer.headers:
                self.set_header(name, answer.headers[name])
        if "Location" in answer.headers:
            self.set_header("Location", self._addresses.local(answer.headers["Location"]))
        self.set_header("X-Content-Type-Options", "nosniff")
        if self._is_rewritten(answer):
            self.clear_header("Content-Length")
            self._kept = []
        elif not _is_json(answer.headers):
            _, _, name = answer.headers.get("Content-Disposition", "").partition(";")
            self.set_header("Content-Disposition", f"attachment;{name}" if name else "attachment")

    async def _chunk(self, chunk: bytes) -> None:
        if self._kept is None:
            self.write(chunk)
            await self.flush()
            return
        self._kept.append(chunk)
        if sum(map(len, self._kept)) > REWRITTEN_BYTES:
            kept, self._kept = b"".join(self._kept), None
            self.write(kept)
            await self.flush()

    def _abandon(self) -> None:
        connection = self.request.connection
        if isinstance(connection, HTTP1Connection) and connection.stream is not None:
            connection.stream.close()

    @property
    def _addresses(self) -> Addresses:
        return Addresses(self._server.url, url_path_join(self.base_url, "valo"))

    def _is_rewritten(self, answer: Answer) -> bool:
        return (
            _is_json(answer.headers)
            and self.request.method != "HEAD"
            and answer.status != 304
            and "Content-Encoding" not in answer.headers
            and has_addresses(self.request.path)
        )


def _is_json(headers: HTTPHeaders) -> bool:
    return headers.get("Content-Type", "").split(";")[0].strip() == "application/json"
