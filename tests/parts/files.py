"""A real web server of files, with faults on demand: cut connections, error answers, missing validators."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.iostream import StreamClosedError
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler


class Files:
    """A web server of files whose connection breaks, on demand, in the middle of a file."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self.headers: dict[str, dict[str, str]] = {}
        #: path → where it leads on to
        self.redirects: dict[str, str] = {}
        self.validators = True
        self.cuts: list[int] = []
        self.statuses: list[int] = []
        self.requests: list[tuple[str, str | None]] = []
        self.sent = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)

    async def _listen(self) -> None:
        self._http = HTTPServer(Application([(r"/?(.*)", FileHandler, {"files": self})]))
        sockets = bind_sockets(0, "127.0.0.1")
        self._http.add_sockets(sockets)
        self.url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"

    async def _unlisten(self) -> None:
        self._http.stop()
        await self._http.close_all_connections()

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._unlisten(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


class FileHandler(RequestHandler):
    def initialize(self, files: Files) -> None:
        self.files = files

    async def head(self, path: str) -> None:
        await self.get(path)

    async def get(self, path: str) -> None:
        files = self.files
        files.requests.append((path, self.request.headers.get("Range")))
        if files.statuses:
            self.set_status(files.statuses.pop(0))
            return
        if path in files.redirects:
            self.set_status(302)
            self.set_header("Location", files.redirects[path])
            return
        if path not in files.content:
            self.set_status(404)
            return
        if path.startswith("private/") and self.request.headers.get("Authorization") != "Basic YW5hOnAgdw==":
            self.set_status(401)
            return
        content = files.content[path]
        etag = f'"{hashlib.md5(content).hexdigest()}"'
        if files.validators:
            self.set_header("ETag", etag)
            self.set_header("Accept-Ranges", "bytes")
            if self.request.headers.get("If-None-Match") == etag:
                self.set_status(304)
                return
        for name, value in files.headers.get(path, {}).items():
            self.set_header(name, value)
        start = 0
        if files.validators and self.request.headers.get("If-Range") == etag:
            start = int(self.request.headers["Range"].removeprefix("bytes=").removesuffix("-"))
            self.set_status(206)
            self.set_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.set_header("Content-Length", str(len(content) - start))
        body = content[start:]
        if files.cuts:
            body = body[: files.cuts.pop(0)]
        try:
            for at in range(0, len(body), 65536):
                self.write(body[at : at + 65536])
                files.sent += len(body[at : at + 65536])
                await self.flush()
        except StreamClosedError:
            return
        if len(body) < len(content) - start:
            self.request.connection.stream.close()
            return

    def compute_etag(self) -> None:
        return None

    def log_exception(self, *info: Any) -> None:
        pass
