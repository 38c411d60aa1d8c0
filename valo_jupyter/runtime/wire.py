"""A machine's side of `/run/v1/`: one attempt's requests to the server, under its own token."""

from __future__ import annotations

import json
import logging
import random
import threading
import time
from collections.abc import Callable
from typing import Any

import urllib3

from valo_jupyter.domain.errors import ServerUnreachable, StaleAttempt, ValoError
from valo_jupyter.runtime.clean import encoded

log = logging.getLogger(__name__)

#: Answers that mean "this very request, never": to repeat it would not help.
_REFUSED = frozenset({400, 405, 413, 415, 422})
_CONNECT_SECONDS = 3.0
_READ_SECONDS = 30.0
_MAX_PAUSE = 2.0


class Refused(ValoError):
    """The server does not accept this request."""

    code = "refused"


class Wire:
    """Requests of one attempt. Thread-safe; each thread's request has a kept-alive connection.

    Goes directly to the server: proxies named in the environment are for the user's downloads, not for this.

    Parameters
    ----------
    server_url
        As the engine named it; replaced by what `refresh_url` returns after a failure, since a restarted server may
        listen elsewhere.
    """

    def __init__(self, server_url: str, token: str, refresh_url: Callable[[], str] | None = None) -> None:
        self._url = server_url.rstrip("/")
        self._refresh_url = refresh_url
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._pool = urllib3.PoolManager(num_pools=2, maxsize=4, retries=False)
        #: when the server last answered (`time.monotonic`), for the fence
        self.last_contact = time.monotonic()

    def request(self, method: str, path: str, body: bytes, *, content_type: str | None = None) -> dict[str, Any] | list:
        """One try. Raises `StaleAttempt` (409), `Refused` (the request is wrong) or `ServerUnreachable` (try later)."""
        headers = self._headers if content_type is None else {**self._headers, "Content-Type": content_type}
        timeout = urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS)
        url = self._url + path
        try:
            answer = self._pool.request(method, url, body=body, headers=headers, timeout=timeout, redirect=False)
            reply = json.loads(answer.data) if answer.status == 200 and answer.data else {}
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            self._refresh()
            raise ServerUnreachable(f"The Valo server at {self._url} does not answer: {error}") from error
        if answer.status == 409:
            raise StaleAttempt
        if answer.status in _REFUSED:
            self.last_contact = time.monotonic()
            raise Refused(f"The Valo server refused {method} {path} ({answer.status}): {_message(answer.data)}")
        if answer.status != 200:
            self._refresh()
            raise ServerUnreachable(f"The Valo server at {self._url} answered {answer.status} to {method} {path}.")
        self.last_contact = time.monotonic()
        return reply

    def post(self, path: str, value: Any) -> dict[str, Any] | list:
        """One try at a POST of `value` as JSON."""
        return self.request("POST", path, encoded(value).encode())

    def insist(self, path: str, value: Any, *, give_up: threading.Event | None = None) -> dict[str, Any] | list:
        """POST until the server has answered; raises `ServerUnreachable` only when `give_up` is set meanwhile."""
        pauses = Pauses()
        while True:
            try:
                return self.post(path, value)
            except ServerUnreachable as error:
                if give_up is not None and give_up.is_set():
                    raise
                log.warning("%s; trying again", error.message)
            pause = pauses.next()
            if give_up is None:
                time.sleep(pause)
            else:
                give_up.wait(pause)

    def close(self) -> None:
        self._pool.clear()

    def _refresh(self) -> None:
        if self._refresh_url is None:
            return
        try:
            self._url = self._refresh_url().rstrip("/")
        except (OSError, ValueError, ValoError) as error:
            log.warning("no address of the server for now: %s", error)


class Pauses:
    """Growing pauses between tries, with jitter, so that many machines do not return to a server at one moment."""

    def __init__(self, first: float = 0.05, longest: float = _MAX_PAUSE) -> None:
        self._first, self._longest = first, longest
        self._next = first

    def next(self) -> float:
        pause, self._next = self._next, min(self._next * 2, self._longest)
        return pause * random.uniform(0.5, 1.0)

    def reset(self) -> None:
        self._next = self._first


def _message(data: bytes) -> str:
    try:
        return str(json.loads(data)["message"])
    except (ValueError, KeyError, TypeError):
        return data[:200].decode(errors="replace")
