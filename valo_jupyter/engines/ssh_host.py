"""One host over SSH: a connection that is made anew when it ends, and the ways back to us that lead through it."""

from __future__ import annotations

import asyncio
import json
import logging
import shlex
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncssh

from valo_jupyter.domain.lease import FENCE_SECONDS
from valo_jupyter.engines import bundle
from valo_jupyter.engines import ssh_shell as shell
from valo_jupyter.engines.hosts import Host
from valo_jupyter.engines.provider import Refused
from valo_jupyter.engines.ssh_trust import CONNECT_SECONDS, Trust, explain

log = logging.getLogger(__name__)

_COMMAND_SECONDS = 60.0
_INSTALL_SECONDS = 600.0
_AGAIN_SECONDS = 3.0
_FIRST_PAUSE_SECONDS = 2.0


class SshHost:
    """A host and the machines on it.

    Parameters
    ----------
    server, scheduler
        Where the server and the scheduler listen now, as seen from this computer.
    label
        Names the file that tells its machines the addresses.
    found
        Told of the machines that are written down on the host, whenever a connection was made; ends who is not wanted.
    """

    def __init__(
        self,
        host: Host,
        trust: Trust,
        options: dict[str, Any],
        *,
        label: str,
        wheels: Path,
        max_pause: float,
        server: Callable[[], str],
        scheduler: Callable[[], str],
        found: Callable[[SshHost, list[str]], Awaitable[None]],
    ) -> None:
        self.host = host
        self.machines: set[str] = set()
        #: seconds that it is left out after a failure
        self.pause = 0.0
        #: when the last connection ended; None while there is one, and before the first
        self.silent_since: float | None = None
        #: what is done about machines that were found on the host
        self.clearing: asyncio.Task[None] | None = None
        self._trust = trust
        self._options = options
        self._label = label
        self._wheels = wheels
        self._max_pause = max_pause
        self._targets = {"server": server, "scheduler": scheduler}
        self._found = found
        self._ports = {"server": 0, "scheduler": 0}
        self._folder = ""
        self._session = ""
        self._python: str | None = None
        self._installing = asyncio.Lock()
        self._connection: asyncssh.SSHClientConnection | None = None
        self._connecting = asyncio.Lock()
        self._again: asyncio.Task[None] | None = None
        self._paused_until = 0.0
        self._closed = False

    # room for machines

    @property
    def free(self) -> int:
        """How many more machines may be started on it now."""
        return 0 if time.monotonic() < self._paused_until else self.host.machines - len(self.machines)

    def failed(self) -> None:
        """A machine could not be started: leave it out for a while that grows."""
        if time.monotonic() < self._paused_until:
            return  # those that were started together fail together
        self.pause = min(max(self.pause * 2, _FIRST_PAUSE_SECONDS), self._max_pause)
        self._paused_until = time.monotonic() + self.pause

    def succeeded(self) -> None:
        self.pause = 0.0
        self.retry()

    def retry(self) -> None:
        """What was in the way may be gone."""
        self._paused_until = 0.0

    # the connection

    @property
    def folder(self) -> str:
        """Where the machines of this host have their folders; known once it was connected."""
        return self._folder

    def address(self, what: str) -> str:
        """Where machines on this host find the `server` or the `scheduler`."""
        scheme = urlsplit(self._targets[what]()).scheme
        return f"{scheme}://127.0.0.1:{self._ports[what]}"

    @property
    def addresses_file(self) -> str:
        return f"{self._folder}/engines/{self._label}.json"

    async def connected(self, seconds: float = CONNECT_SECONDS) -> asyncssh.SSHClientConnection:
        """The connection, made if there is none.

        Raises
        ------
        Refused
            With the words of the host, or of the network.
        """
        async with self._connecting:
            if self._connection is None:
                connection = await self._trust.connect(self.host, self._client, seconds)
                try:
                    await self._prepare(connection)
                except (asyncssh.Error, OSError) as error:
                    connection.abort()
                    raise Refused(explain(self.host, error)) from error
                except BaseException:
                    connection.abort()
                    raise
                self._connection, self.silent_since = connection, None
            return self._connection

    async def _prepare(self, connection: asyncssh.SSHClientConnection) -> None:
        if self._session:
            await self._say(connection, shell.END_SESSION.format(session=shlex.quote(self._session)))
        said = await self._say(connection, shell.PREPARE)
        self._session, self._folder, *records = said.splitlines()
        for what, target in self._targets.items():
            self._ports[what] = await self._forward(connection, self._ports[what], target)
        addresses = {what: self.address(what) for what in self._targets}
        file = shlex.quote(self.addresses_file)
        await self._say(connection, f"cat > {file}.new && mv {file}.new {file}", json.dumps(addresses).encode())
        # those of other connections and other engines
        names = [record.removeprefix("machines/").removesuffix(".json") for record in records]
        left = [name for name in names if name not in self.machines]
        self.clearing = asyncio.get_running_loop().create_task(_quietly(self._found(self, left)))

    @staticmethod
    async def _forward(connection: asyncssh.SSHClientConnection, port: int, target: Callable[[], str]) -> int:
        """A port of the host's loopback that leads to `target`; the one it had before, if that is free."""

        def session(_host: str, _port: int) -> Any:
            url = urlsplit(target())
            return connection.forward_connection(url.hostname or "", url.port or 0)

        try:
            listener = await connection.create_server(session, "127.0.0.1", port)
        except asyncssh.ChannelListenError:
            if not port:
                raise
            listener = await connection.create_server(session, "127.0.0.1", 0)
        return listener.get_port()

    def _client(self, accepts: Callable[..., bool]) -> asyncssh.SSHClient:
        lost = self._lost

        class Client(asyncssh.SSHClient):
            def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
                self._own = conn

            def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
                return accepts(addr, key)

            def connection_lost(self, exc: Exception | None) -> None:
                lost(self._own, exc)

        return Client()

    def _lost(self, connection: asyncssh.SSHClientConnection, error: Exception | None) -> None:
        if connection is not self._connection:
            return
        self._connection, self.silent_since = None, time.monotonic()
        if not self._closed:
            log.info("the connection to %s ended: %s", self.host, error)
            if self.machines:
                self._again = asyncio.get_running_loop().create_task(self._reconnect())

    async def _reconnect(self) -> None:
        """Try for as long as the machines on it may still be running."""
        deadline = time.monotonic() + FENCE_SECONDS
        while self.machines and not self._closed and time.monotonic() < deadline:
            try:
                await self.connected(_AGAIN_SECONDS)
                return
            except Refused as refused:
                log.info("not connected again: %s", refused)
                await asyncio.sleep(1.0)

    # commands

    async def say(self, script: str, input: bytes = b"", seconds: float = _COMMAND_SECONDS) -> str:
        """What a shell script prints on the host.

        Raises
        ------
        Refused
            The host cannot be reached, or the script failed; then with its own words.
        """
        connection = await self.connected()
        try:
            return await self._say(connection, script, input, seconds)
        except (asyncssh.Error, OSError) as error:
            raise Refused(explain(self.host, error)) from error

    async def _say(
        self,
        connection: asyncssh.SSHClientConnection,
        script: str,
        input: bytes = b"",
        seconds: float = _COMMAND_SECONDS,
    ) -> str:
        given = shell.wrapped(script, self._options) + input
        try:
            done = await asyncio.wait_for(connection.run(shell.SHELL, input=given, encoding=None), seconds)
        except asyncio.TimeoutError as error:
            raise Refused(f"{self.host} did not answer within {seconds:.0f} s", unclear=True) from error
        if done.exit_status != 0:
            raise Refused(f"{self.host} says: {shell.words(done.stderr) or f'exit code {done.exit_status}'}")
        return shell.said(done.stdout)

    async def runtime(self) -> str:
        """The Python on the host that has our code, which is sent and installed the first time.

        Raises
        ------
        Refused
            With what was in the way.
        """
        async with self._installing:
            if self._python is None:
                wheel = await asyncio.to_thread(bundle.wheel, self._wheels)
                await self.connected()
                folder = f"{self._folder}/wheels"
                keep = shell.KEEP.format(folder=shlex.quote(folder), name=wheel.name)
                await self.say(keep, wheel.read_bytes())
                install = shell.INSTALL.format(
                    wheel=shlex.quote(f"{folder}/{wheel.name}"), folder=shlex.quote(self._folder)
                )
                self._python = (await self.say(install, seconds=_INSTALL_SECONDS)).strip()
            return self._python

    async def launch(self, script: str, config: dict[str, Any]) -> asyncssh.SSHClientProcess[bytes]:
        """Start a process that reads `config` from its standard input, which stays open."""
        connection = await self.connected()
        try:
            process = await connection.create_process(shell.SHELL, encoding=None)
            process.stdin.write(shell.wrapped(script, self._options) + json.dumps(config).encode() + b"\n")
            await process.stdin.drain()
        except (asyncssh.Error, OSError) as error:
            raise Refused(explain(self.host, error)) from error
        return process

    async def close(self) -> None:
        self._closed = True
        if self._again is not None:
            self._again.cancel()
        connection = self._connection
        if connection is None:
            return
        try:
            await self._say(connection, f"rm -f {shlex.quote(self.addresses_file)}", seconds=5.0)
        except (Refused, asyncssh.Error, OSError):
            pass
        connection.close()
        try:
            await asyncio.wait_for(connection.wait_closed(), 5.0)
        except asyncio.TimeoutError:
            connection.abort()


async def _quietly(work: Awaitable[None]) -> None:
    try:
        await work
    except Refused as refused:
        log.warning("machines of earlier engines could not be ended: %s", refused)
