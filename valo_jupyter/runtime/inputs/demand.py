"""Files that code asks for while it runs: a small web service of this machine, for one attempt's code."""

from __future__ import annotations

import hmac
import json
import os
import shutil
import socketserver
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import parse_qs, quote, urlsplit

from valo_jupyter.client.human import size
from valo_jupyter.domain.errors import InputUnavailable, ServerUnreachable, StaleAttempt, ValoError
from valo_jupyter.runtime.contract import Sink
from valo_jupyter.runtime.inputs.telling import InputFile, Telling
from valo_jupyter.runtime.inputs.ways import Terms
from valo_jupyter.runtime.progress import ProgressEvents
from valo_jupyter.stores.errors import Cancelled, StoreError

#: of the addresses; what they give is asked for with it alone
_LIST = "inputs"
_PATIENCE = 60.0
#: seconds between looks at how much is kept
_BETWEEN_TRIMS = 5.0
_CHUNK = 1 << 20


class OnDemand:
    """Answers as `input_request` of Valohai's API does, and sends the files.

    What asks has the token in the address, which is good for these files, as long as the attempt's code runs. So code
    needs no credentials of stores, and no way to them: files come as all inputs do, by this machine's cache, checked,
    and told of when they are first asked for.

    Parameters
    ----------
    files
        Those that are left to the code.
    folder
        On the file system of the cache if it can be, and nobody else's.
    """

    def __init__(
        self, token: str, files: Sequence[InputFile], terms: Terms, telling: Telling, sink: Sink, folder: Path
    ) -> None:
        self.token = token
        self._files = tuple(files)
        self._closed = threading.Event()
        # a link that is gone before anybody could write to it
        self._terms = replace(terms, shared=True, cancel=lambda: self._closed.is_set() or terms.cancel())
        self._telling = telling
        self._sink = sink
        self._folder = folder
        self._lock = threading.Lock()
        self._told: set[int] = set()
        self._servers: list[socketserver.BaseServer] = []
        self._trimmed = 0.0

    def __len__(self) -> int:
        return len(self._files)

    def listen(self) -> str:
        """On this computer's loopback; the address."""
        server = _OnPort(("127.0.0.1", 0), self._handler())
        self._serve(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    def listen_at(self, path: Path, owner: tuple[int, int]) -> None:
        """At a socket that `owner` may use."""
        self._serve(_AtPath(str(path), self._handler()))
        os.chmod(path, 0o600)
        os.chown(path, *owner)

    def close(self) -> None:
        """On return nothing is sent, and nothing told, any more."""
        self._closed.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()
        self._servers.clear()

    def request(self, address: str) -> dict[str, Any]:
        """What `input_request` of `config/api.json` is, for code that finds this service at `address`."""
        return {"url": f"{address}/{self.token}/{_LIST}", "method": "GET"}

    def listed(self, names: Sequence[str], address: str) -> list[dict[str, Any]]:
        """The files of the inputs, all where none is named, with where each is to be had."""
        found: dict[str, list[dict[str, str]]] = {}
        for number, file in enumerate(self._files):
            name = file.wanted.input
            if not names or name in names:
                url = f"{address}/{self.token}/{number}/{quote(file.name)}"
                found.setdefault(name, []).append({"filename": file.name, "url": url, "input_id": name})
        return [{"files": files} for files in found.values()]

    def open(self, number: int) -> BinaryIO:
        """The file's content. Raises as `Inputs.fetch`."""
        file = self._files[number]
        wanted = file.wanted
        needed = wanted.way.needs(self._terms)
        if needed > (room := self._terms.cache.room(needed)):
            raise InputUnavailable(
                f"input {wanted.input}: {wanted.uri} takes {size(needed)}, and the machine's disk has room for "
                f"{size(room)}; run it where there is more"
            )
        place = self._folder / f".{uuid.uuid4().hex}"
        try:
            content = wanted.way.fetch(self._terms, ProgressEvents(self._sink, "download", wanted.uri))
            content.put(place)
            opened = place.open("rb")
            self._make_room()
        except (StoreError, OSError) as error:
            if isinstance(error, Cancelled):
                raise
            reason = error.message if isinstance(error, StoreError) else error.strerror or str(error)
            raise InputUnavailable(f"input {wanted.input}: {reason}") from error
        finally:
            place.unlink(missing_ok=True)
        with self._lock:
            try:
                if number not in self._told:
                    self._telling.tell([replace(file, sums=content.sums, version=content.version)])
                    self._told.add(number)
            except BaseException:
                opened.close()
                raise
        return opened

    def _make_room(self) -> None:
        """Keep the cache within its bound while code goes on asking; a file that is open stays."""
        if (now := time.monotonic()) - self._trimmed > _BETWEEN_TRIMS:
            self._trimmed = now
            self._terms.cache.trim()

    def complain(self, problem: str) -> None:
        self._sink.log("status", [problem])

    def _handler(self) -> type[_Handler]:
        return type("_HandlerOfOne", (_Handler,), {"service": self})

    def _serve(self, server: socketserver.BaseServer) -> None:
        self._servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.1,), name="valo-on-demand", daemon=True).start()


class _Threads(socketserver.ThreadingMixIn):
    # waited for at the end
    daemon_threads = False
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who asked has gone: it will ask again, or does not need it."""


class _OnPort(_Threads, socketserver.TCPServer):
    pass


class _AtPath(_Threads, socketserver.UnixStreamServer):
    pass


class _Handler(BaseHTTPRequestHandler):
    service: OnDemand
    server_version = "Valo"
    sys_version = ""
    timeout = _PATIENCE

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        _, token, what, *_ = [*parts.path.split("/"), "", ""]
        if not hmac.compare_digest(token.encode(), self.service.token.encode()):
            return self._refuse(403, "The token in the address is none of this execution's.")
        if what == _LIST:
            # the name by which it was found is the one by which the files are
            address = f"http://{self.headers.get('Host', '')}"
            return self._list(self.service.listed(parse_qs(parts.query).get("inputs", []), address))
        if not what.isdecimal() or int(what) >= len(self.service):
            return self._refuse(404, "There is no such input.")
        try:
            content = self.service.open(int(what))
        except (Cancelled, StaleAttempt, ServerUnreachable):
            return self._refuse(503, "The execution is ending.")
        except ValoError as error:
            self.service.complain(error.message)
            return self._refuse(502, error.message)
        with content:
            self._send(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Addresses have the token; what was sent is told in other ways."""

    def _list(self, found: list[dict[str, Any]]) -> None:
        body = json.dumps(found).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _send(self, content: BinaryIO) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(os.fstat(content.fileno()).st_size))
        self.end_headers()
        shutil.copyfileobj(content, self.wfile, _CHUNK)

    def _refuse(self, status: int, why: str) -> None:
        # as the reason of the status line, which is what Python programs show
        line = " ".join(why.split()).encode("ascii", "replace").decode()
        self.send_error(status, line)
