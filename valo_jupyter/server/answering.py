"""Whether the processes of a server answer, which those that hang or are frozen do not though they hold their locks."""

from __future__ import annotations

import http.client
from typing import Any
from urllib.parse import urlsplit

from valo_jupyter.domain.state import StateFolder
from valo_jupyter.server.locks import holder

_ANSWER_SECONDS = 5.0


def answering_web(state: StateFolder) -> dict[str, Any] | None:
    """`server.json`, if the process it names holds the lock and answers."""
    web = state.read_server()
    held = holder(state.lock("web"))
    if web is None or held is None or held.get("pid") != web.get("pid"):
        return None
    address = urlsplit(web["url"])
    connection = http.client.HTTPConnection(address.hostname or "127.0.0.1", address.port, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", "/api/v0/")
        connection.getresponse().read()
        return web
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
