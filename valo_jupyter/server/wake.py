"""The engine process's listener on loopback, and the call to it."""

from __future__ import annotations

import hmac
import http.client
import json
from collections.abc import Callable
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from valo_jupyter.domain.state import StateFolder

_KEY_HEADER = "X-Valo-Engine-Key"
_ANSWER_SECONDS = 3.0


class _Handler(RequestHandler):
    def initialize(self, key: str, commands: dict[str, Callable[[], Any]]) -> None:
        self._key = key
        self._commands = commands

    def prepare(self) -> None:
        if not hmac.compare_digest(self.request.headers.get(_KEY_HEADER, "").encode(), self._key.encode()):
            self.set_status(403)
            self.finish()

    def _answer(self, command: str) -> None:
        answer = self._commands[command]()
        self.finish(json.dumps(answer or {}))

    def post(self, command: str) -> None:
        self._answer(command)

    def get(self, command: str) -> None:
        if command != "status":
            self.send_error(405)
            return
        self._answer(command)


class Listener:
    """Answers `POST /<command>` and `GET /status` of whoever has the key."""

    def __init__(self, key: str, commands: dict[str, Callable[[], Any]]) -> None:
        pattern = f"/({'|'.join(commands)})"
        application = Application(
            [(pattern, _Handler, {"key": key, "commands": commands})], log_function=lambda handler: None
        )
        self._server = HTTPServer(application)
        sockets = bind_sockets(0, "127.0.0.1")
        self.port: int = sockets[0].getsockname()[1]
        self._server.add_sockets(sockets)

    def close(self) -> None:
        self._server.stop()


class Caller:
    """Calls to the engine of a state folder, for one thread: the connection is kept while it is the same engine."""

    def __init__(self, state: StateFolder) -> None:
        self._state = state
        self._engine: dict[str, Any] | None = None
        self._connection: http.client.HTTPConnection | None = None

    def ask(self, command: str) -> dict[str, Any] | None:
        """Send `wake`, `drain`, `stop` or `status`; None: there is no engine that answers."""
        engine = self._state.read_engine()
        if engine is None or engine != self._engine:
            self.close()
        if engine is None:
            return None
        kept = self._connection is not None
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", engine["port"], timeout=_ANSWER_SECONDS)
            self._engine = engine
        try:
            return self._answer(self._connection, command, engine["key"])
        except TimeoutError:
            self.close()
        except (OSError, ValueError, http.client.HTTPException):
            self.close()
            if kept:
                # the engine may have closed it: that says nothing of a new one
                return self.ask(command)
        return None

    @staticmethod
    def _answer(connection: http.client.HTTPConnection, command: str, key: str) -> dict[str, Any] | None:
        connection.request("GET" if command == "status" else "POST", f"/{command}", headers={_KEY_HEADER: key})
        response = connection.getresponse()
        body = response.read()
        return json.loads(body) if response.status == 200 else None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = self._engine = None


def ask_engine(state: StateFolder, command: str) -> dict[str, Any] | None:
    """As `Caller.ask`, once."""
    caller = Caller(state)
    try:
        return caller.ask(command)
    finally:
        caller.close()
