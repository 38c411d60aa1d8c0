"""What engines have in common whose machines are other computers that call back to this one."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from valo_jupyter import __version__
from valo_jupyter.domain.errors import Invalid
from valo_jupyter.domain.lease import FENCE_SECONDS
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.engines.credentials import Credentials
from valo_jupyter.engines.dask import DaskEngine
from valo_jupyter.engines.port import Order

_PORTS = 10
_LOOPBACK = ("localhost", "127.", "::1", "[::1]")


class NoWayBack(Invalid):
    """Machines of this kind need an address of the server that they can reach."""

    code = "invalid_environment"


class ElsewhereEngine(DaskEngine):
    """Machines that come to the scheduler, and to the machines' listener, over the network and TLS."""

    kind = ""
    patience = FENCE_SECONDS
    max_pause = 300.0

    def __init__(self, *, slug: str, state: StateFolder, options: dict[str, Any]) -> None:
        self.state = state
        self.options = options
        super().__init__(slug=slug, credentials=Credentials.in_folder(state.root / "tls"))
        #: what each machine that was asked for shows, as texts
        self.keys: dict[str, dict[str, str]] = {}

    async def start(self) -> None:
        self._host = self._reachable_host()
        where = "127.0.0.1" if self._host.startswith(_LOOPBACK) else "0.0.0.0"
        self.listen = f"tls://{where}:{self._free_port(where)}"
        await super().start()

    def _free_port(self, where: str) -> int:
        """The first free one from the option `port` on: an engine that drains may still have it."""
        first = self.options.get("port") or 0
        for port in range(first, first + _PORTS) if first else ():
            with socket.socket() as probe, suppress(OSError):
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((where, port))
                return port
        if first:
            raise NoWayBack(f"The ports {first} to {first + _PORTS - 1} of the engine {self.slug} are all in use.")
        return 0

    def _reachable_host(self) -> str:
        """This computer as its machines reach it: the option `host`, else that of the machines' listener."""
        server = self.state.read_server() or {}
        listener = (server.get("machines") or {}).get("url")
        host = self.options.get("host") or (urlsplit(listener).hostname if listener else None)
        if not host or (host.startswith(_LOOPBACK) and not self.options.get("host")):
            raise NoWayBack(
                f"The machines of {self.slug} must be able to reach this server: start it with "
                "VALO_MACHINES=HOST:PORT, where HOST is a name or address, not a loopback one, that they know it by."
            )
        return host

    def address_for(self, name: str, order: Order) -> str:
        return order.machines_url or order.server_url

    async def make_key(self, name: str) -> None:
        """One for the machine, before it is told its `configuration`."""
        self.keys[name] = await asyncio.to_thread(Credentials.of_machine, self.state.root / "tls", name)

    def configuration(self, name: str) -> dict[str, Any]:
        """What the program of the machine is told; holds its key."""
        scheduler = self._cluster.scheduler
        assert scheduler is not None, "a started cluster has its scheduler"
        port = urlsplit(scheduler.address).port
        return {
            "name": name,
            "scheduler": f"tls://{self._host}:{port}",
            "tls": self.keys[name],
            "folder": self.options.get("folder") or "~/.cache/valo",
            "cache_bytes": None,
            "kernel": self.last_kernel,
            "version": __version__,
            "addresses": None,
            "site": self.site(),
        }

    def site(self) -> dict[str, Any]:
        """Where its machines are, as executions record it."""
        return {"kind": self.kind, "place": "on-prem", "region": None, "provider": None}
