"""A local machine: a process that is a Dask worker with one slot, drives executions, and keeps a kernel warm."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from valo_jupyter.domain.errors import ValoError
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.engines import lean, task
from valo_jupyter.engines.logs import BoundedLog
from valo_jupyter.engines.processes import MachineFile, MachineRecord, ProcessId, machines_folder

log = logging.getLogger(__name__)

#: the engine's word that the machine, which is idle, is to end
CLOSE = "close"


class LocalMachine:
    """Runs orders one after the other, with a kernel started ahead for the next."""

    def __init__(self, config: dict[str, Any]) -> None:
        from valo_jupyter.runtime.kernels import KernelPool

        self._name = config["name"]
        self._state = StateFolder(Path(config["state"]))
        # under /tmp for its short name, which the paths of sockets need
        self.scratch = tempfile.mkdtemp(prefix="valo-", dir="/tmp")
        record = MachineRecord(
            name=self._name,
            machine=_own(os.getpid()),
            engine=ProcessId(*config["engine"]),
            scratch=self.scratch,
        )
        self._file = MachineFile(machines_folder(self._state), record)
        self._kernels = KernelPool(size=1, socket_folder=Path(self.scratch), watch=self._file)
        # the kernel starts on another core while this process imports the rest
        self._warm(config["kernel"])
        from valo_jupyter.runtime.job import run_job

        self._run_job = run_job

    def run(self, order: dict[str, Any]) -> str:
        self._file.runs(order["execution_id"], order["attempt"])
        try:
            return self._run_job(
                order["server_url"],
                order["execution_id"],
                order["attempt"],
                order["token"],
                kernels=self._kernels,
                watch=self._file,
                refresh_url=lambda: self._server_url(order["server_url"]),
            )
        finally:
            self._file.runs(None, None)
            self._warm(order["kernel"])

    def _warm(self, kernel: dict[str, Any] | None) -> None:
        try:
            self._kernels.warm(kernel)
        except ValoError as error:
            # an execution that needs this kernel fails with the same message
            log.warning("no kernel is kept warm: %s", error.message)

    def _server_url(self, last: str) -> str:
        server = self._state.read_server()
        return server["url"] if server else last

    def close(self) -> None:
        self._kernels.close()
        self._file.end_groups()
        self._file.remove()

    def abandon(self) -> None:
        """The engine has died: have everything ended by somebody else.

        Were it done here, the run in the other thread would see its processes die, and report that as their failure.
        """
        command = [sys.executable, "-m", "valo_jupyter.engines.remains", str(self._state.root), self._name]
        subprocess.Popen(command, start_new_session=True, stdin=subprocess.DEVNULL)


def _own(pid: int) -> ProcessId:
    found = ProcessId.of(pid)
    assert found is not None, "a process finds itself"
    return found


def _watch_engine(lifeline: Any, machine: LocalMachine, finished: threading.Event) -> None:
    # the pipe's other end is open in the engine process only: it ends with it, even by SIGKILL
    asked = lifeline.read().strip() == CLOSE
    if not finished.is_set():
        try:
            if asked:
                machine.close()
            else:
                machine.abandon()
        finally:
            os._exit(0)


async def _serve(config: dict[str, Any], scratch: str, output: BoundedLog) -> None:
    from distributed import Worker

    from valo_jupyter.engines.cluster import configure, security
    from valo_jupyter.engines.credentials import Credentials

    class QuietWorker(Worker):
        """A worker that opens no HTTP port."""

        def start_http_server(self, *args: Any, **kwargs: Any) -> None:
            pass

    configure()
    worker = QuietWorker(
        config["scheduler"],
        name=config["name"],
        nthreads=1,
        host="127.0.0.1",
        protocol="tls",
        security=security(Credentials(**config["credentials"])),
        memory_limit=0,
        local_directory=scratch,
        death_timeout=20,
    )
    async with worker:
        while worker.status.name in ("running", "paused"):
            try:
                await asyncio.wait_for(asyncio.shield(worker.finished()), 60)
            except asyncio.TimeoutError:
                output.check()


def main() -> None:
    lean.forgo()
    # the configuration is the pipe's first line, so that the key's place shows in no list of processes
    lifeline = os.fdopen(0, "r")
    config = json.loads(lifeline.readline())
    output = BoundedLog(Path(config["log"]))
    machine = LocalMachine(config)
    finished = threading.Event()
    threading.Thread(target=_watch_engine, args=(lifeline, machine, finished), name="engine-watch", daemon=True).start()
    task.install(machine.run)
    try:
        asyncio.run(_serve(config, machine.scratch, output))
    finally:
        finished.set()
        machine.close()
        # a thread may still be in a run nobody waits for any more
        os._exit(0)


if __name__ == "__main__":
    main()
