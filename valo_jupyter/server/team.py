"""`jupyter valo server`: web and engine in the foreground, with a database of the operator's choice."""

from __future__ import annotations

import asyncio
import logging
import os
import sys

from valo_jupyter.domain.state import StateFolder
from valo_jupyter.server.listener import Address
from valo_jupyter.server.locks import refuse_network
from valo_jupyter.server.serve import serve
from valo_jupyter.server.wake import ask_engine
from valo_jupyter.server.web import LOOPBACK


def run(*, database_url: str | None, host: str, port: int | None, machines: str | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; the engine, a process of its own, ends with it. The command's exit code."""
    state = StateFolder.default()
    address = Address.parse(machines) if machines else Address.configured(state)
    refuse_network(state.root)
    state.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    if database_url:
        # for the engine too; a password has no place on a command line that everybody can list
        os.environ["VALO_DATABASE_URL"] = database_url
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    print(f"State: {state.root}. The administrator's token: `jupyter valo token`. Ctrl-C stops the server.", flush=True)
    if host not in LOOPBACK:
        print("It listens beyond this machine, without encryption: put a TLS proxy in front.", flush=True)
    if address is not None:
        print(f"Machines report to {address.host}:{address.port}, over TLS.", flush=True)
    try:
        asyncio.run(serve(state, host=host, port=port, machines=address))
    finally:
        ask_engine(state, "stop")
    return 0
