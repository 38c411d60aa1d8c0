"""A real HTTP server that speaks `/run/v1/` and keeps everything in memory, with faults on demand."""

from __future__ import annotations

import asyncio
import json
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, HTTPError, RequestHandler

from valo_jupyter.runtime.contract import StopSignal
from valo_jupyter.runtime.job import run_job
from valo_jupyter.runtime.kernels import KernelPool
from valo_jupyter.runtime.mask import Mask
from valo_jupyter.runtime.reporter import Reporter
from valo_jupyter.runtime.wire import Wire
from valo_jupyter.snapshots import commit_folder, ensure_repository
from valo_jupyter.stores.local import LocalStore

TOKEN = "attempt-token"


class RunServer:
    """One attempt's server. Events are accepted exactly once, in order; a gap in their numbers fails the test."""

    def __init__(self) -> None:
        self.assignment: dict[str, Any] = {}
        self.machine: dict[str, Any] | None = None
        self.events: list[dict[str, Any]] = []
        self.acknowledged = 0
        self.requests: Counter[str] = Counter()
        self.notebooks: list[bytes] = []
        self.inputs: list[dict[str, Any]] = []
        self.outputs: list[dict[str, Any]] = []
        self.ends: list[dict[str, Any]] = []
        #: what `registry` answers
        self.access: dict[str, Any] = {"username": None, "password": None, "entry": None}
        self.images: list[dict[str, Any]] = []
        self.problems: list[str] = []
        self.stale = False
        self.stop: dict[str, Any] | None = None
        #: (path, status) of answers to give instead, each once, before the request has an effect
        self.faults: list[tuple[str, int]] = []
        #: called with the path of each request, in the server's thread
        self.on_request: Callable[[str], None] = lambda path: None
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.come_back()

    def come_back(self) -> None:
        """Listen, each time on another port."""
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)

    def go_away(self) -> None:
        asyncio.run_coroutine_threadsafe(self._unlisten(), self._loop).result(10)

    def close(self) -> None:
        self.go_away()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _listen(self) -> None:
        self._http = HTTPServer(
            Application([(r"/run/v1/(\w+)", Handler, {"server": self})]), max_buffer_size=200_000_000
        )
        sockets = bind_sockets(0, "127.0.0.1")
        self._http.add_sockets(sockets)
        self.url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"

    async def _unlisten(self) -> None:
        self._http.stop()
        await self._http.close_all_connections()

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["k"] == kind]

    def lines(self, *streams: str) -> list[str]:
        return [
            line
            for event in self.of("log")
            if not streams or event["s"] in streams
            for line in event["text"].split("\n")
        ]

    def refuse(self, message: str) -> HTTPError:
        """What a `take_…` raises to answer 400."""
        return HTTPError(400, reason=message)

    def start(self, body: bytes) -> Any:
        self.machine = json.loads(body)["machine"]
        # each start is an attempt of its own; what earlier ones sent stays to be looked at
        self.acknowledged = 0
        return self.assignment

    def take_events(self, body: bytes) -> Any:
        request = json.loads(body)
        number = request["first"]
        if len(body) > 1_000_000 and len(request["events"]) > 1:
            self.problems.append(f"a batch of {len(body)} bytes")
        for event in request["events"]:
            if event["w"] != number:
                self.problems.append(f"number {event['w']} where {number} was due")
            n = event.get("n", 1)
            if event["k"] == "log" and event["text"].count("\n") + 1 != n:
                self.problems.append(f"{n} numbers for another number of lines")
            if number == self.acknowledged + 1:
                self.events.append(event)
                self.acknowledged = number + n - 1
            elif number > self.acknowledged:
                self.problems.append(f"number {number} after {self.acknowledged}")
            number += n
        return {"ack": self.acknowledged, "stop": self.stop}

    def take_notebook(self, body: bytes) -> Any:
        self.notebooks.append(body)
        return {}

    def take_inputs(self, body: bytes) -> Any:
        items = json.loads(body)
        self.inputs += items
        return [{"datum": str(uuid.uuid4()), "warning": None} for _ in items]

    def take_outputs(self, body: bytes) -> Any:
        items = json.loads(body)
        self.outputs += items
        return [{"datum": str(uuid.uuid5(uuid.NAMESPACE_URL, item["name"] + item["sha256"]))} for item in items]

    def take_registry(self, body: bytes) -> Any:
        return self.access

    def take_image(self, body: bytes) -> Any:
        self.images.append(json.loads(body))
        return {}

    def take_end(self, body: bytes) -> Any:
        self.ends.append(json.loads(body))
        return {}


class Handler(RequestHandler):
    def initialize(self, server: RunServer) -> None:
        self.server = server

    async def handle(self, path: str) -> None:
        server = self.server
        server.requests[path] += 1
        await asyncio.get_running_loop().run_in_executor(None, server.on_request, path)
        fault = next((fault for fault in server.faults if fault[0] == path), None)
        if fault is not None:
            server.faults.remove(fault)
            self.set_status(fault[1])
            return
        if self.request.headers.get("Authorization") != f"Bearer {TOKEN}" or server.stale:
            self.set_status(409)
            self.write({"code": "stale_attempt", "message": "This attempt is no longer the valid writer."})
            return
        take = {
            "start": server.start,
            "events": server.take_events,
            "notebook": server.take_notebook,
            "inputs": server.take_inputs,
            "outputs": server.take_outputs,
            "registry": server.take_registry,
            "image": server.take_image,
            "end": server.take_end,
        }[path]
        try:
            self.write(json.dumps(take(self.request.body)))
        except HTTPError as error:
            self.set_status(error.status_code)
            self.write({"code": "invalid", "message": error.reason})

    async def post(self, path: str) -> None:
        await self.handle(path)

    async def put(self, path: str) -> None:
        await self.handle(path)

    def log_exception(self, *info: Any) -> None:
        self.server.problems.append(repr(info[1]))


@pytest.fixture
def server() -> Iterator[RunServer]:
    server = RunServer()
    yield server
    server.close()
    assert server.problems == []


@pytest.fixture
def stop() -> StopSignal:
    return StopSignal()


@pytest.fixture
def report(server: RunServer, stop: StopSignal, tmp_path: Path) -> Iterator[Callable[..., Reporter]]:
    """Makes reporters to the server."""
    made: list[Reporter] = []

    def make(**options: Any) -> Reporter:
        wire = Wire(server.url, TOKEN, refresh_url=lambda: server.url)
        options = {"mask": Mask(), "spool": tmp_path / "spool", "beat_seconds": 1.0, **options}
        made.append(Reporter(wire, stop, **options))
        return made[-1]

    yield make
    for reporter in made:
        assert not reporter._thread.is_alive()


@dataclass
class Bench:
    """Runs jobs against the server: a project folder to fill, and the assignment to change."""

    server: RunServer
    kernels: KernelPool
    state: Path
    project: Path
    assignment: dict[str, Any]

    def notebook(
        self,
        *cells: str,
        path: str = "notebook.ipynb",
        notebook_kernel: dict[str, Any] | None = None,
        **changes: Any,
    ) -> str:
        """Write a notebook of these cells, and run it."""
        nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        (self.project / path).parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(nb, self.project / path)
        return self.run(notebook={"path": path, "kernel": notebook_kernel, "inject": {}}, **changes)

    def commands(self, *commands: str, **changes: Any) -> str:
        return self.run(commands=list(commands), **changes)

    def run(self, **changes: Any) -> str:
        git_dir = self.state / "repository.git"
        ensure_repository(git_dir)
        code = {"git_dir": str(git_dir), "commit": commit_folder(git_dir, self.project)}
        self.server.assignment = {**self.assignment, "code": code, **changes}
        execution = self.assignment["execution"]["id"]
        return run_job(self.server.url, execution, 1, TOKEN, kernels=self.kernels, refresh_url=lambda: self.server.url)

    @property
    def end(self) -> dict[str, Any]:
        (end,) = self.server.ends
        return end

    def stored(self, name: str) -> bytes:
        """The content of the newest output of this name."""
        uri = next(output["uri"] for output in reversed(self.server.outputs) if output["name"] == name)
        return LocalStore(self.state / "store").path(LocalStore.key_of(uri)).read_bytes()


@pytest.fixture(scope="session")
def kernels() -> Iterator[KernelPool]:
    pool = KernelPool(size=1)
    yield pool
    pool.close()


@pytest.fixture
def bench(server: RunServer, kernels: KernelPool, tmp_path: Path) -> Bench:
    state, project = tmp_path / "state", tmp_path / "project"
    project.mkdir()
    assignment = {
        "execution": {
            "id": "6f2d1a34-0000-4000-8000-1234567890ab",
            "counter": 12,
            "title": "A title",
            "step": "train",
            "image": None,
            "tags": ["one"],
            "ctime": "2026-01-01T10:00:00.123456",
            "commit": "~ab12",
            "project": {"id": "a3b0c1d2-0000-4000-8000-1234567890ab", "name": "ana/project"},
            "environment": {"id": "e0", "name": "local", "slug": "local"},
            "creator": {"id": 1, "username": "ana"},
        },
        "attempt": 1,
        "beat_seconds": 0.1,
        "fence_seconds": None,
        "jobs_folder": str(state / "jobs"),
        "cache_folder": str(state / "cache"),
        "notebook": None,
        "commands": None,
        "parameters": {},
        "inputs": [],
        "environment_variables": {},
        "secret_names": [],
        "limits": {"time_limit": None, "no_output_timeout": None, "notebook_output_bytes": 50_000_000},
        "store": {"type": "local", "root": str(state / "store")},
        "left_out": [],
        "log": [],
    }
    return Bench(server, kernels, state, project, assignment)
