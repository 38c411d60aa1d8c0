"""The real web server in a thread, without an engine."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3

from valo_jupyter.domain.state import StateFolder
from valo_jupyter.server.web import Web, local_token
from valo_jupyter.services import Services


@dataclass
class RunningWeb:
    url: str
    token: str
    state: StateFolder
    services: Services

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Token {self.token}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: Any = None) -> urllib3.BaseHTTPResponse:
        content = None if body is None else json.dumps(body)
        return urllib3.request(method, self.url + path, headers=self.headers, body=content, timeout=40)

    def get(self, path: str) -> Any:
        return _answer(self.ask("GET", path))

    def post(self, path: str, body: Any) -> Any:
        return _answer(self.ask("POST", path, body))


def _answer(reply: urllib3.BaseHTTPResponse) -> Any:
    assert reply.status < 300, reply.data.decode()
    return reply.json()


@contextlib.contextmanager
def running_web(folder: Path, database_url: str | None = None) -> Iterator[RunningWeb]:
    started: list[RunningWeb] = []
    ready = threading.Event()
    end: list[Any] = []

    async def main() -> None:
        web = Web(StateFolder(folder), database_url)
        token = local_token(web.services)
        url = await web.listen()
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        end.append(lambda: loop.call_soon_threadsafe(stop.set))
        started.append(RunningWeb(url, token, web.state, web.services))
        ready.set()
        await stop.wait()
        await web.close()

    def run() -> None:
        try:
            asyncio.run(main())
        finally:
            ready.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(30)
    assert started, "the web server did not start"
    try:
        yield started[0]
    finally:
        end[0]()
        thread.join(20)
