"""Whether the Valo server answers; asking starts the local one."""

from __future__ import annotations

import json
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from valo_jupyter.client.client import Client
from valo_jupyter.domain.errors import ServerUnreachable, ValoError
from valo_jupyter.jupyter.base import ValoHandler
from valo_jupyter.jupyter.connection import Server


class StatusHandler(ValoHandler):
    """`GET valo/status`; answers at once, also while the server starts."""

    # an open sidebar asks again and again: that must not keep an idle Jupyter server alive
    _track_activity = False

    @web.authenticated
    @authorized
    async def get(self) -> None:
        self.finish(json.dumps(await self._status()))

    async def _status(self) -> dict[str, Any]:
        valo = self.context.valo
        try:
            server = valo.known()
            if server is not None:
                problem = await self.in_thread(_problem, server)
                if problem is None:
                    return self._answer("running", server)
                if valo.mode == "team":
                    return self._answer("unreachable", server, problem)
            failure = None if valo.starting else valo.failure
            if valo.may_start:
                valo.start(self.context.executor)
            if failure is not None:
                return self._answer("unreachable", server, failure)
            return self._answer("starting", server, "The local Valo server is starting.")
        except ServerUnreachable as error:
            return self._answer("unreachable", None, error.message)

    def _answer(self, state: str, server: Server | None, message: str | None = None) -> dict[str, Any]:
        return {
            "state": state,
            "url": server.url if server else self.context.valo.server_url or None,
            "version": server.version if server else None,
            "mode": self.context.valo.mode,
            "message": message,
        }


def _problem(server: Server) -> str | None:
    """Why the server cannot be used, or None: it must answer and accept the token."""
    client = Client(server.url, server.token, start=False)
    client.http.patience = 0.0
    try:
        client.http.get("users/me/", timeout=5.0)
    except ValoError as error:
        return error.message
    return None
