"""Tells browsers at once what changes on the Valo server, as Jupyter events.

One long poll a project goes to the Valo server, however many tabs look on; a tab itself holds no connection but the one
that Jupyter has for its events. A tab whose events do not arrive polls by itself (`labextension/src/model/feed.ts`).
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web
from tornado.httpclient import AsyncHTTPClient, HTTPError
from tornado.httputil import url_concat

from valo_jupyter.domain.errors import Invalid, ValoError
from valo_jupyter.jupyter.base import Context, ValoHandler

SCHEMA_ID = "urn:valo-jupyter:executions"
SCHEMA: dict[str, Any] = {
    "$id": SCHEMA_ID,
    "version": "1",
    "title": "Executions of a project have changed",
    "description": "Something of a project's executions is another, or a browser has just asked to hear of it.",
    "type": "object",
    "required": ["project", "revision"],
    "properties": {
        "project": {"type": "string", "description": "Its identifier on the Valo server."},
        "revision": {"type": "integer", "description": "Of the newest change; it only grows."},
    },
}
#: A project is followed for so many seconds after a browser last asked for it.
WATCHED = 60.0
#: The server answers after so many seconds without news.
_HOLD = 20
#: Between tries while the server does not answer; doubling.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 15.0
#: Projects at once; no person looks at more.
_MOST = 100


class Relay:
    """Follows the projects that browsers look at; `emit` takes `{"project", "revision"}`."""

    def __init__(self, context: Context, emit: Callable[[dict[str, Any]], None]) -> None:
        self._context = context
        self._emit = emit
        self._client: AsyncHTTPClient | None = None
        self._until: dict[str, float] = {}
        self._revisions: dict[str, int] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def watch(self, projects: list[str]) -> None:
        """Follow these for the next minute. Each is told of at once, which shows that events arrive."""
        for project in projects[:_MOST]:
            self._until[project] = time.monotonic() + WATCHED
            if project in self._revisions:
                self._tell(project)
            if project not in self._tasks and len(self._tasks) < _MOST:
                self._tasks[project] = asyncio.ensure_future(self._follow(project))

    def close(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        if self._client is not None:
            self._client.close()

    async def _follow(self, project: str) -> None:
        pause = _FIRST_PAUSE
        try:
            while time.monotonic() < self._until[project]:
                try:
                    revision = await self._ask(project)
                except (HTTPError, ValoError, OSError, ValueError, KeyError) as error:
                    if isinstance(error, HTTPError) and error.code in (403, 404):
                        return  # none that this account may see
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, _LONGEST_PAUSE)
                    continue
                pause = _FIRST_PAUSE
                if revision != self._revisions.get(project):
                    self._revisions[project] = revision
                    self._tell(project)
        finally:
            del self._tasks[project], self._until[project]
            self._revisions.pop(project, None)

    async def _ask(self, project: str) -> int:
        """The project's newest revision; where one is known, as soon as there is a newer."""
        server = await self._context.valo.server(self._context.executor)
        asked: dict[str, Any] = {"project": project, "limit": 1}
        if (known := self._revisions.get(project)) is not None:
            asked |= {"changed_after": known, "wait": _HOLD}
        self._client = self._client or AsyncHTTPClient(force_instance=True, max_clients=_MOST)
        answer = await self._client.fetch(
            url_concat(f"{server.url}/api/v0/executions/", asked),
            headers={"Authorization": f"Token {server.token}"},
            request_timeout=2 * _HOLD,
        )
        return int(json.loads(answer.body)["revision"])

    def _tell(self, project: str) -> None:
        self._emit({"project": project, "revision": self._revisions[project]})


class WatchHandler(ValoHandler):
    """`GET valo/watch?project=<id>&project=…`: hear of these projects' executions for the next minute."""

    # a tab asks three times a minute, whether anybody looks or not
    _track_activity = False
    relay: Relay

    def initialize(self, context: Context, relay: Relay) -> None:  # type: ignore[override]
        super().initialize(context)
        self.relay = relay

    @web.authenticated
    @authorized("read")
    async def get(self) -> None:
        projects = self.get_query_arguments("project")
        if not projects:
            raise Invalid("Say whose executions to tell of: valo/watch?project=<id>, several if need be.")
        self.relay.watch(projects)
        self.set_status(204)
        self.finish()
