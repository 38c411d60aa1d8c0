"""Which Valo server this Jupyter server uses: the configured one, else the user's own, started when it is needed."""

from __future__ import annotations

import asyncio
import os
import time
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from traitlets import Bool, Float, Unicode, default
from traitlets.config import LoggingConfigurable

from valo_jupyter import __version__
from valo_jupyter.client.find import start_local
from valo_jupyter.domain.errors import ServerUnreachable, ValoError
from valo_jupyter.domain.state import StateFolder

#: Between a start that failed and the next one that nobody asked for by a click.
RETRY_SECONDS = 15.0


@dataclass(frozen=True)
class Server:
    """Where to send requests, and as whom."""

    url: str
    token: str
    mode: str
    version: str | None = None

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        parts = urlsplit(self.url)
        return parts.port or (443 if parts.scheme == "https" else 80)

    @property
    def secure(self) -> bool:
        return urlsplit(self.url).scheme == "https"


class Valo(LoggingConfigurable):
    """Run notebooks remotely: which Valo server to use, and as whom."""

    server_url = Unicode(
        help="""Address of the Valo server, such as `https://valo.example.org`.
        Empty: the user's own server on this machine. Also from the environment variable VALO_URL."""
    ).tag(config=True)
    token = Unicode(
        help="""API token of the account at `server_url`. Also from the environment variable VALO_TOKEN;
        `token_file` keeps it out of configuration files."""
    ).tag(config=True)
    token_file = Unicode(help="File that holds the token; read anew for every request.").tag(config=True)
    autostart = Bool(
        True, help="Whether the local server is started, and restarted when it is gone, as soon as it is needed."
    ).tag(config=True)
    start_timeout = Float(60.0, help="Seconds to wait for a local server that is being started.").tag(config=True)

    _starting: asyncio.Future[None] | None = None
    _failure: str | None = None
    _failed_at = 0.0
    _renewed = False

    @default("server_url")
    def _server_url_of_environment(self) -> str:
        return os.environ.get("VALO_URL", "")

    @default("token")
    def _token_of_environment(self) -> str:
        return os.environ.get("VALO_TOKEN", "")

    @property
    def mode(self) -> str:
        return "team" if self.server_url else "local"

    @property
    def starting(self) -> bool:
        return self._starting is not None and not self._starting.done()

    @property
    def failure(self) -> str | None:
        """Why the last start failed, until one succeeds."""
        return self._failure

    @property
    def may_start(self) -> bool:
        """False for a moment after a start that failed: an open sidebar asks often, and each start costs seconds."""
        return self._failure is None or time.monotonic() - self._failed_at > RETRY_SECONDS

    def known(self) -> Server | None:
        """
        The server to use, without starting one. It is looked up anew each time, since a local one may come back on
        another port and a token may be renewed.

        Raises
        ------
        ServerUnreachable
            A configured server lacks its token.
        """
        if self.server_url:
            return Server(self.server_url.rstrip("/"), self._configured_token(), "team")
        state = StateFolder.default()
        recorded, token = state.read_server(), state.read_token()
        if not recorded or not token or not recorded.get("url"):
            return None
        # a killed server leaves its file behind, and its port to whoever asks next: no token for them
        if not psutil.pid_exists(int(recorded.get("pid") or 0)):
            return None
        return Server(str(recorded["url"]).rstrip("/"), token, "local", recorded.get("version"))

    async def server(self, executor: Executor) -> Server:
        """
        The server to use; a local one is started if need be, and waited for.

        Raises
        ------
        ServerUnreachable
            There is none, and why.
        """
        found = self.known()
        if found is None:
            await self.restart(executor)
            found = self.known()
        elif found.mode == "local" and found.version != __version__ and not self._renewed and self.autostart:
            # the package was upgraded: the newer server takes over, and what runs goes on with the older engine
            self._renewed = True
            self.start(executor)
        if found is None:
            raise ServerUnreachable("The local Valo server went away while it started. Its log is in the state folder.")
        return found

    async def restart(self, executor: Executor) -> None:
        """Start the local server and wait until it answers; all who ask meanwhile wait for the same start."""
        try:
            await asyncio.wait_for(asyncio.shield(self.start(executor)), self.start_timeout)
        except asyncio.TimeoutError:
            raise ServerUnreachable(
                f"The local Valo server is still starting after {self.start_timeout:.0f} s; try again in a moment. "
                f"Its log is in {StateFolder.default().log}."
            ) from None

    def start(self, executor: Executor) -> asyncio.Future[None]:
        """Begin to start the local server, unless that is under way; never blocks."""
        if self.server_url:
            raise ServerUnreachable(f"The Valo server at {self.server_url} does not answer. Check c.Valo.server_url.")
        if not self.autostart:
            raise ServerUnreachable(
                "No local Valo server is running, and c.Valo.autostart is off. Start it with `jupyter valo start`."
            )
        if self._starting is None or self._starting.done():
            self.log.info("Starting the local Valo server")
            self._starting = asyncio.get_running_loop().run_in_executor(executor, start_local)
            self._starting.add_done_callback(self._started)
        return self._starting

    def _started(self, start: asyncio.Future[None]) -> None:
        error = None if start.cancelled() else start.exception()
        self._failure = None
        if error is not None:
            self._failed_at = time.monotonic()
            self._failure = error.message if isinstance(error, ValoError) else str(error)
            self.log.warning("The local Valo server was not started: %s", self._failure)

    def _configured_token(self) -> str:
        if self.token_file:
            try:
                return Path(self.token_file).expanduser().read_text().strip()
            except OSError as error:
                raise ServerUnreachable(f"c.Valo.token_file cannot be read: {error}.") from error
        if not self.token:
            raise ServerUnreachable(
                f"There is no token for {self.server_url}. Set c.Valo.token_file, c.Valo.token or VALO_TOKEN; "
                "the server's page of your account shows the token."
            )
        return self.token
