"""Requests to one Valo server: token, keep-alive, retries of what may be repeated, errors as domain errors."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any
from urllib.parse import urlencode, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3

from valo_jupyter.client.failures import error_of
from valo_jupyter.domain.errors import Invalid, ServerUnreachable, Unauthenticated, ValoError

API = "/api/v0/"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE"})
#: the server, or something before it, asks to come again
TRY_AGAIN = frozenset({429, 502, 503, 504})


class Http:
    """One server's address and token; safe to share between threads.

    Parameters
    ----------
    url, token
        Of the server; the token is sent to no other host.
    moved
        Asked for the current `(url, token)` when nothing listens any more: a local server may come back elsewhere.
    token_from
        Where the token was found, for the message when the server does not accept it.
    patience
        Seconds during which a request that may be repeated is tried again.
    """

    def __init__(
        self,
        url: str,
        token: str | None,
        *,
        moved: Callable[[], tuple[str, str] | None] | None = None,
        token_from: str = "",
        timeout: float = 30.0,
        patience: float = 6.0,
    ) -> None:
        self.url = url.rstrip("/")
        self.token = token
        self.timeout = timeout
        self.patience = patience
        self._moved = moved
        self._token_from = token_from
        self._pool = _pool_for(self.url)

    def get(self, path: str, params: dict[str, Any] | None = None, *, timeout: float | None = None) -> Any:
        """The JSON at `path`; a relative path is below the API's root."""
        return self.send("GET", path, params=params, timeout=timeout)

    def post(self, path: str, json_body: Any = None, *, repeatable: bool = False) -> Any:
        """`repeatable`: the request carries an idempotency key, or sets what it names."""
        return self.send("POST", path, json_body={} if json_body is None else json_body, repeatable=repeatable)

    def patch(self, path: str, json_body: Any) -> Any:
        return self.send("PATCH", path, json_body=json_body, repeatable=True)

    def send(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, Any] | None = None,
        json_body: Any = None,
        body: bytes | IO[bytes] | None = None,
        headers: dict[str, str] | None = None,
        repeatable: bool = False,
        timeout: float | None = None,
    ) -> Any:
        """The answer's JSON, its bytes if it is something else, None if it is empty."""
        headers = dict(headers or {})
        if json_body is not None:
            body = _encoded(json_body)
            headers["Content-Type"] = "application/json"
        response = self._retried(method, path, params, body, headers, repeatable or method in IDEMPOTENT, timeout)
        content = response.data
        if "json" in response.headers.get("Content-Type", ""):
            return json.loads(content) if content else None
        return content or None

    @contextmanager
    def stream(self, address: str) -> Iterator[urllib3.BaseHTTPResponse]:
        """The body behind `address`, unread; the token goes along only to the server itself."""
        url = self._absolute(address)
        own = urlsplit(url).netloc == urlsplit(self.url).netloc
        pool = self._pool if own else _pool_for(url)
        try:
            response = pool.request(
                "GET", url, headers=self._headers() if own else {}, preload_content=False, timeout=self._timeout(None)
            )
        except urllib3.exceptions.HTTPError as error:
            raise ServerUnreachable(_unreachable(url, error)) from error
        try:
            if response.status >= 400:
                raise error_of(response.status, response.read(), url)
            yield response
        finally:
            response.release_conn()

    def _retried(
        self,
        method: str,
        path: str,
        params: dict[str, Any] | None,
        body: bytes | IO[bytes] | None,
        headers: dict[str, str],
        repeatable: bool,
        timeout: float | None,
    ) -> urllib3.BaseHTTPResponse:
        deadline = time.monotonic() + self.patience
        pause = 0.05
        while True:
            url = self._absolute(path, params)
            if body is not None and not isinstance(body, bytes):
                body.seek(0)
            try:
                response = self._pool.request(
                    method,
                    url,
                    body=body,
                    headers={**self._headers(), **headers},
                    timeout=self._timeout(timeout),
                    retries=False,
                )
            except urllib3.exceptions.HTTPError as error:
                # a refused connection carried nothing out, so even a plain POST may be sent again
                refused = isinstance(error, urllib3.exceptions.NewConnectionError)
                if not (repeatable or refused) or time.monotonic() + pause > deadline:
                    raise ServerUnreachable(_unreachable(self.url, error)) from error
                self._follow()
            else:
                if response.status < 400:
                    return response
                again = response.status in TRY_AGAIN and (repeatable or response.status in (429, 503))
                if not again or time.monotonic() + pause > deadline:
                    raise self._explained(error_of(response.status, response.data, url))
            time.sleep(pause)
            pause = min(pause * 2, 1.0)

    def _explained(self, error: ValoError) -> ValoError:
        """A refused token with the place it came from, where the user can mend it."""
        if not isinstance(error, Unauthenticated) or not self._token_from:
            return error
        said = f"does not accept the token from {self._token_from}" if self.token else "wants a token, and none is set"
        return Unauthenticated(
            f"The Valo server at {self.url} {said}. `jupyter valo token`, on the server's machine, prints the right "
            "one; set VALO_TOKEN to it here."
        )

    def _follow(self) -> None:
        found = self._moved() if self._moved else None
        if found and found != (self.url, self.token):
            self.url, self.token = found[0].rstrip("/"), found[1]
            self._pool = _pool_for(self.url)

    def _absolute(self, path: str, params: dict[str, Any] | None = None) -> str:
        url = urljoin(f"{self.url}{API}", path)
        given = {key: value for key, value in (params or {}).items() if value is not None}
        return f"{url}{'&' if '?' in url else '?'}{urlencode(given, doseq=True)}" if given else url

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Token {self.token}"} if self.token else {}

    def _timeout(self, read: float | None) -> urllib3.Timeout:
        return urllib3.Timeout(connect=5.0, read=read or self.timeout)


def _pool_for(url: str) -> urllib3.PoolManager:
    """A pool that honours the machine's proxies, but never for the machine itself."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host not in LOOPBACK:
        proxy = getproxies().get(parts.scheme)
        if proxy and not proxy_bypass(host):
            return urllib3.ProxyManager(proxy, maxsize=4)
    return urllib3.PoolManager(maxsize=4)


def _encoded(body: Any) -> bytes:
    try:
        return json.dumps(body, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        # what it is, but not its value
        raise Invalid(
            f"This cannot be sent as JSON: {error}. Give texts, numbers, true and false, None, lists and dictionaries."
        ) from error


def _unreachable(url: str, error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    next_step = (
        "Start it with `jupyter valo start`."
        if (urlsplit(url).hostname or "") in LOOPBACK
        else "Check the address, and that this machine may reach it."
    )
    return f"The Valo server at {url} does not answer ({reason}). {next_step}"
