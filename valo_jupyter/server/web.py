"""The web process: the API over HTTP. It places nothing; rows are the queue, and the engine is only woken."""

from __future__ import annotations

import asyncio
import getpass
import logging
import secrets
import signal
import ssl
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

from valo_jupyter.api import routes as routes
from valo_jupyter.api.binder import Binding, handlers
from valo_jupyter.api.hub import Hub
from valo_jupyter.domain.errors import Conflict
from valo_jupyter.domain.state import StateFolder, write_private
from valo_jupyter.server.listener import Address, tls
from valo_jupyter.server.wake import Caller
from valo_jupyter.services import Services

log = logging.getLogger("valo.web")

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
BEAT_SECONDS = 2.0
#: how often, while somebody waits, it is looked whether another process has changed something
LOOK_SECONDS = 0.2
THREADS = 12
#: what a request may still take when the process ends
CLOSE_SECONDS = 3.0


class Waker:
    """Tells the engine that something may be placed; calls during a call are one more call."""

    def __init__(self, state: StateFolder) -> None:
        self._engine = Caller(state)
        self._wanted = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="waker", daemon=True)
        self._thread.start()

    def __call__(self) -> None:
        self._wanted.set()

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            if self._closed:
                self._engine.close()
                return
            # an engine that does not hear it looks at the queue by itself before long
            self._engine.ask("wake")

    def close(self) -> None:
        self._closed = True
        self._wanted.set()


class Web:
    """A listening web server. `last_used` is the time (monotonic) of the last request of a user."""

    def __init__(self, state: StateFolder, database_url: str | None = None) -> None:
        self.state = state
        self.hub = Hub()
        self._wake = Waker(state)
        self.services = Services.open(state, database_url, changed=self.hub.touch, queued=self._wake)
        self.last_used = time.monotonic()
        self.url = ""
        self.port = self.machines_port = 0
        self._servers: list[HTTPServer] = []
        self._id = uuid.uuid4().hex
        self._executor = ThreadPoolExecutor(THREADS, thread_name_prefix="valo-api")
        self._tasks: list[asyncio.Task[None]] = []

    async def listen(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen, and return the address. A server on loopback answers to loopback's names only."""
        self.hub.open()
        for left in self.state.uploads.iterdir():
            left.unlink()
        self.port = self._open(host, port, hosts=LOOPBACK if host in LOOPBACK else frozenset())
        self.url = f"http://{'127.0.0.1' if host in ('0.0.0.0', '::', '') else host}:{self.port}"
        await asyncio.to_thread(self.services.web_beat, self._id)
        self._tasks = [asyncio.create_task(self._beat()), asyncio.create_task(self._look())]
        return self.url

    async def listen_for_machines(self, address: Address | None = None, port: int = 0) -> dict[str, Any]:
        """Open the run API alone, with TLS where an address says that machines come from elsewhere.

        What `server.json` says of it, `{"url", "ca"}`.
        """
        if address is None:
            self.machines_port = self._open("127.0.0.1", port, hosts=LOOPBACK, machines=True)
            return {"url": f"http://127.0.0.1:{self.machines_port}", "ca": None}
        context, ca = await asyncio.to_thread(tls, self.state, address)
        try:
            self.machines_port = self._open(address.interface, address.port, machines=True, context=context)
        except OSError as error:
            raise Conflict(
                f"This computer cannot listen for machines at {address.host}:{address.port}: "
                f"{error.strerror or error}. Name another address or port."
            ) from error
        return {"url": address.url(self.machines_port), "ca": ca}

    def _open(
        self,
        host: str,
        port: int,
        *,
        hosts: frozenset[str] = frozenset(),
        machines: bool = False,
        context: ssl.SSLContext | None = None,
    ) -> int:
        binding = Binding(self.services, self.hub, self._executor, hosts, self._used, machines)
        server = HTTPServer(
            Application(handlers(binding), log_function=_log_failures),
            max_body_size=64 * 1024 * 1024,
            max_buffer_size=64 * 1024 * 1024,
            xheaders=False,
            ssl_options=context,
        )
        sockets = bind_sockets(port, host)
        server.add_sockets(sockets)
        self._servers.append(server)
        return sockets[0].getsockname()[1]

    def _used(self) -> None:
        self.last_used = time.monotonic()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                await asyncio.to_thread(self.services.web_beat, self._id)
            except Exception:
                log.exception("the beat failed")

    async def _look(self) -> None:
        """Wake those who wait when the engine process has changed something."""
        seen = None
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if not self.hub.waiters:
                continue
            try:
                now = await asyncio.to_thread(self.services.revision)
            except Exception:
                log.exception("looking for changes failed")
                continue
            if now != seen:
                seen = now
                self.hub.touch()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        for server in self._servers:
            server.stop()
        await self.hub.close(CLOSE_SECONDS)
        for server in self._servers:
            await server.close_all_connections()
        self._wake.close()
        self._executor.shutdown(wait=True, cancel_futures=True)
        self.services.close()


def local_token(services: Services) -> str:
    """The token of the account of whoever owns the state folder; made at the first start."""
    state = services.state
    token = state.read_token()
    if token is None:
        token = secrets.token_urlsafe(32)
        write_private(state.token_file, token + "\n")
    user = services.accounts.ensure(getpass.getuser(), admin=True)
    services.accounts.accept_token(user, token)
    return token


def _log_failures(handler: object) -> None:
    status = handler.get_status()  # type: ignore[attr-defined]
    if status >= 500:
        request = handler.request  # type: ignore[attr-defined]
        log.error("%s %s → %s in %.0f ms", request.method, request.path, status, 1000 * request.request_time())


async def until_signal() -> None:
    """Return at SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
