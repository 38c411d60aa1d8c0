"""The extension itself: its settings, its routes, and what kernels are told."""

from __future__ import annotations

import os
import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from jupyter_server.serverapp import ServerApp

from valo_jupyter import __version__
from valo_jupyter.jupyter.base import Context
from valo_jupyter.jupyter.connection import Valo
from valo_jupyter.jupyter.drift import DriftHandler, Submitted
from valo_jupyter.jupyter.kernel import KernelHandler
from valo_jupyter.jupyter.moves import SCHEMA, Moves
from valo_jupyter.jupyter.notebook import NotebookHandler
from valo_jupyter.jupyter.paths import local_root
from valo_jupyter.jupyter.proxy import ProxyHandler
from valo_jupyter.jupyter.relay import SCHEMA as EXECUTIONS
from valo_jupyter.jupyter.relay import SCHEMA_ID, Relay, WatchHandler
from valo_jupyter.jupyter.run import RunHandler
from valo_jupyter.jupyter.status import StatusHandler

#: Blocking work (snapshots, the server's start): few, for they share the user's disk.
THREADS = 8


class ValoExtension(ExtensionApp):
    """Run notebooks remotely from JupyterLab."""

    name = "valo_jupyter"
    version = __version__
    description = "Run notebooks remotely, and trace everything that came of it."
    classes = [Valo]  # noqa: RUF012
    load_other_extensions = True

    def initialize_handlers(self) -> None:
        self._executor = ThreadPoolExecutor(THREADS, thread_name_prefix="valo")
        self._kernel_secret = secrets.token_urlsafe(32)
        self._told: dict[str, str | None] = {}
        server: Any = self.serverapp
        listener = Moves().listener(lambda: local_root(server.contents_manager))
        server.event_logger.add_listener(schema_id=SCHEMA, listener=listener)
        context = Context(Valo(parent=self, log=self.log), self._executor, self._kernel_secret)
        self.handlers.extend(
            (route, handler, {"context": context})
            for route, handler in (
                (r"/valo/status", StatusHandler),
                (r"/valo/notebook", NotebookHandler),
                (r"/valo/run", RunHandler),
                (r"/valo/kernel", KernelHandler),
                (r"/valo/((?:api|download)/.*)", ProxyHandler),
            )
        )
        server.event_logger.register_event_schema(EXECUTIONS)
        self._relay = Relay(context, lambda data: server.event_logger.emit(schema_id=SCHEMA_ID, data=data))
        self.handlers.append((r"/valo/watch", WatchHandler, {"context": context, "relay": self._relay}))
        self.handlers.append((r"/valo/drift", DriftHandler, {"context": context, "submitted": Submitted()}))

    async def _start_jupyter_server_extension(self, serverapp: ServerApp) -> None:
        # only now is the port known for certain; no kernel has been started yet
        address = _address_for_kernels(serverapp)
        if address is not None:
            self._tell_kernels({"VALO_JUPYTER_URL": address, "VALO_KERNEL_SECRET": self._kernel_secret})

    async def stop_extension(self) -> None:
        self._relay.close()
        for name, before in self._told.items():
            if before is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = before
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _tell_kernels(self, variables: dict[str, str]) -> None:
        """Kernels inherit this process's environment, whatever starts them."""
        for name, value in variables.items():
            self._told[name] = os.environ.get(name)
            os.environ[name] = value


def _address_for_kernels(serverapp: Any) -> str | None:
    """How a process on this machine reaches the Jupyter server; None when it listens on a socket file only."""
    if serverapp.sock:
        return None
    host = serverapp.ip
    if host in ("", "*", "0.0.0.0", "localhost"):
        host = "127.0.0.1"
    elif host == "::":
        host = "::1"
    if ":" in host:
        host = f"[{host}]"
    scheme = "https" if serverapp.certfile else "http"
    return f"{scheme}://{host}:{serverapp.port}{serverapp.base_url}".rstrip("/")
