"""The runtime alone: it is handed an attempt that nobody's engine has placed, and runs it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from benchmarks.server import Server
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.server.web import Web, local_token

#: `waits`: it has imported everything and keeps a kernel; else it is started for one attempt
_RUNTIME = """
import json, sys
from valo_jupyter.runtime.job import run_job
from valo_jupyter.runtime.kernels import KernelPool

waits = sys.argv[1] == "waits"
kernels = KernelPool()
print(flush=True)
for line in sys.stdin:
    run_job(**json.loads(line), kernels=kernels)
    if not waits:
        break
    kernels.warm(None)
    kernels.wait_warm(30)
    print(flush=True)
kernels.close()
"""


@contextlib.contextmanager
def web_alone(folder: Path) -> Iterator[tuple[Web, Server]]:
    """The web process's part of a server, without an engine."""
    web = Web(StateFolder(folder))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        token = local_token(web.services)
        url = asyncio.run_coroutine_threadsafe(web.listen(), loop).result(30)
        yield web, Server(url, token, folder, {})
    finally:
        asyncio.run_coroutine_threadsafe(web.close(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class Runtime:
    """A runtime that waits for attempts, or with `waits=False` is started for each."""

    def __init__(self, web: Web, running: Server, project: str, commit: str, *, waits: bool) -> None:
        self._web, self._running = web, running
        self._project, self._commit = project, commit
        self._waits = waits
        self._process = self._start() if waits else None

    def __call__(self) -> float:
        """Seconds from when it is handed an attempt, or else from its process's start, to the first cell."""
        made = self._running.submit(self._project, self._commit, "nb.ipynb")
        order = self._placed()
        begun = time.time()
        process = self._process or self._start()
        assert process.stdin is not None
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        if self._running.wait(made) != "complete":
            raise RuntimeError("an execution failed")
        if self._process is None:
            process.wait(30)
        else:
            # its next kernel is ready
            _line(process.stdout)
        return first_cell(self._running, made) - begun

    def close(self) -> None:
        if self._process is not None:
            self._process.communicate(timeout=30)

    def _start(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", _RUNTIME, "waits" if self._waits else "once"]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self._waits:
            _line(process.stdout)
        return process

    def _placed(self) -> dict[str, Any]:
        environment = self._web.services.environments.get("local")
        given = self._web.services.pool.next_order(environment.id, "nobody")
        assert given is not None
        identity = {"execution_id": given.execution_id, "attempt": given.attempt, "token": given.token}
        return {"server_url": self._running.url, **identity}


def first_cell(running: Server, made: dict[str, Any]) -> float:
    """When the first cell ran, which printed it."""
    events = running.ask("GET", f"/api/v0/executions/{made['id']}/stream/")["events"]
    return next(float(event["text"]) for event in events if event["k"] == "log" and event["s"] == "stdout")


def _line(output: IO[str] | None) -> None:
    assert output is not None
    output.readline()
