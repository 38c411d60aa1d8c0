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
import time
from pathlib import Path
from typing import Any

from valo_jupyter.domain.errors import ValoError
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.engines import lean, task
from valo_jupyter.engines.logs import BoundedLog
from valo_jupyter.engines.processes import MachineFile, MachineRecord, ProcessId, machines_folder

log = logging.getLogger(__name__)

_LEAVE_SECONDS = 10.0


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
        self._lock = threading.Lock()
        self._busy = False
        self._leaving = False

    def run(self, order: dict[str, Any]) -> str:
        with self._lock:
            if self._leaving:
                return "stale"
            self._busy = True
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
            self._busy = False
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

    def leave(self, code: int) -> None:
        """End this process: an idle machine puts its kernel away, a busy one has everything ended by somebody else.

        Were that done here, the run in the other thread would see its processes die, and report it as their failure.
        """
        with self._lock:
            first, self._leaving = not self._leaving, True
        if not first:
            # another thread is about to end the process
            time.sleep(_LEAVE_SECONDS)
        try:
            if self._busy:
                command = [sys.executable, "-m", "valo_jupyter.engines.remains", str(self._state.root), self._name]
                subprocess.Popen(command, start_new_session=True, stdin=subprocess.DEVNULL)
            else:
                self._kernels.close()
                self._file.end_groups()
                self._file.remove()
        finally:
            os._exit(code)


def _own(pid: int) -> ProcessId:
    found = ProcessId.of(pid)
    assert found is not None, "a process finds itself"
    return found


def _watch_engine(lifeline: Any, machine: LocalMachine) -> None:
    # the pipe's other end is in the engine process only: closed when an idle machine is to go, and by the engine's
    # death, even by SIGKILL
    lifeline.read()
    machine.leave(0)


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
    threading.Thread(target=_watch_engine, args=(lifeline, machine), name="engine-watch", daemon=True).start()
    task.install(machine.run)
    code = 0
    try:
        asyncio.run(_serve(config, machine.scratch, output))
    except Exception:
        log.exception("this machine has failed")
        code = 1
    finally:
        machine.leave(code)


if __name__ == "__main__":
    main()
