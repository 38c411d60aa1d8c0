"""A real HTTP server that speaks `/run/v1/` and keeps everything in memory, with faults on demand."""

from __future__ import annotations

import asyncio
import json
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from valo_jupyter.runtime.contract import StopSignal
from valo_jupyter.runtime.mask import Mask
from valo_jupyter.runtime.reporter import Reporter
from valo_jupyter.runtime.wire import Wire

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

    def start(self, body: bytes) -> Any:
        self.machine = json.loads(body)["machine"]
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
            "end": server.take_end,
        }[path]
        self.write(json.dumps(take(self.request.body)))

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
