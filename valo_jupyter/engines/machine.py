"""A local machine: a process that is a Dask worker with one slot, drives executions, and keeps a kernel warm."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import threading
from pathlib import Path
from typing import Any

from valo_jupyter.domain.state import StateFolder
from valo_jupyter.engines import lean
from valo_jupyter.engines.driver import Driver
from valo_jupyter.engines.logs import BoundedLog
from valo_jupyter.engines.processes import ProcessId

log = logging.getLogger(__name__)


class LocalMachine(Driver):
    """A machine that works in the state folder of its server."""

    def drive(self, order: dict[str, Any]) -> str:
        return self.run_job(
            order["server_url"],
            order["execution_id"],
            order["attempt"],
            order["token"],
            kernels=self.kernels,
            watch=self.file,
            refresh_url=lambda: self._server_url(order["server_url"]),
        )

    def _server_url(self, last: str) -> str:
        server = self.state.read_server()
        return server["url"] if server else last


def _watch_engine(lifeline: Any, machine: LocalMachine) -> None:
    # the pipe's other end is in the engine process only: closed when an idle machine is to go, and by the engine's
    # death, even by SIGKILL
    lifeline.read()
    machine.leave(0)


async def _serve(config: dict[str, Any], machine: LocalMachine, output: BoundedLog) -> None:
    from valo_jupyter.engines.cluster import security
    from valo_jupyter.engines.credentials import Credentials
    from valo_jupyter.engines.worker import serve
    from valo_jupyter.runtime.machine import describe_machine

    await serve(
        config["scheduler"],
        name=machine.name,
        run=machine.run,
        prepare=machine.prepare,
        security=security(Credentials(**config["credentials"])),
        folder=machine.scratch,
        hardware=describe_machine,
        minutely=output.check,
    )


def main() -> None:
    lean.forgo()
    # the configuration is the pipe's first line, so that the key's place shows in no list of processes
    lifeline = os.fdopen(0, "r")
    config = json.loads(lifeline.readline())
    output = BoundedLog(Path(config["log"]))
    engine = ProcessId(*config["engine"])
    machine = LocalMachine(config["name"], StateFolder(Path(config["state"])), engine=engine, kernel=config["kernel"])
    threading.Thread(target=_watch_engine, args=(lifeline, machine), name="engine-watch", daemon=True).start()
    code = 0
    try:
        asyncio.run(_serve(config, machine, output))
    except Exception:
        log.exception("this machine has failed")
        code = 1
    finally:
        machine.leave(code)


if __name__ == "__main__":
    main()
