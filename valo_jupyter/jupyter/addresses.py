"""Addresses of the Valo server in its answers, turned into addresses that reach it through this Jupyter server."""

from __future__ import annotations

import json
import re
from typing import Any

#: Answers that hold what users' code printed or wrote: nothing in them is ours to change.
_CONTENT = re.compile(r"/(?:stream|events|notebook|source|diff|metadata|code|content)/?$")
#: What of the server is reached through the Jupyter server.
PROXIED = ("/api/", "/download/")
#: Objects of the wire within an answer, which have addresses of their own.
_OBJECTS = frozenset({"results", "commit", "project"})


def has_addresses(path: str) -> bool:
    return not _CONTENT.search(path)


class Addresses:
    """
    Parameters
    ----------
    server
        The Valo server's address, `http://127.0.0.1:8001`.
    base
        Where this Jupyter server proxies it, `/user/ana/valo`.
    """

    def __init__(self, server: str, base: str) -> None:
        # behind a TLS proxy the server takes itself for http
        host = re.escape(server.split("://", 1)[1].rstrip("/"))
        self._own = re.compile(rf"https?://{host}(?=/)", re.IGNORECASE)
        self._base = base.rstrip("/")

    def local(self, address: str) -> str:
        """The address through the proxy; any other address as it is."""
        path = self._own.sub("", address, count=1) if self._own.match(address) else address
        return self._base + path if path.startswith(PROXIED) else address

    def rewrite(self, body: bytes) -> bytes:
        """A JSON answer with its `url` and `urls` made local."""
        if b"url" not in body:
            return body
        try:
            answer = json.loads(body)
        except ValueError:
            return body
        return json.dumps(self.localized(answer), ensure_ascii=False).encode()

    def localized(self, value: Any) -> Any:
        """An object of the wire, or a list of them, with its addresses made local."""
        if isinstance(value, list):
            return [self.localized(item) for item in value]
        if isinstance(value, dict):
            return {key: self._entry(key, item) for key, item in value.items()}
        return value

    def _entry(self, key: str, value: Any) -> Any:
        if key == "url" and isinstance(value, str):
            return self.local(value)
        if key == "urls" and isinstance(value, dict):
            return {name: self.local(item) if isinstance(item, str) else item for name, item in value.items()}
        if key in _OBJECTS:
            return self.localized(value)
        # the rest is the user's: a parameter called `url` stays as it is
        return value
