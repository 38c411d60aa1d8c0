"""A machine's side of `/run/v1/`: one attempt's requests to the server, under its own token."""

from __future__ import annotations

import json
import logging
import random
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import IO, Any

import urllib3

from valo_jupyter.domain.errors import ServerUnreachable, StaleAttempt, ValoError
from valo_jupyter.domain.lease import lease_clock
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
    """Requests of one attempt. Thread-safe. The connections stay open, and serve the process's next attempt.

    Goes directly to the server: proxies named in the environment are for the user's downloads, not for this.

    Parameters
    ----------
    server_url
        As the engine named it; replaced by what `refresh_url` returns after a failure, since a restarted server may
        listen elsewhere.
    ca
        The authority that the server's certificate is checked against (PEM), for `https://`.
    """

    def __init__(
        self, server_url: str, token: str, refresh_url: Callable[[], str] | None = None, *, ca: str | None = None
    ) -> None:
        self._url = server_url.rstrip("/")
        self._refresh_url = refresh_url
        self._headers = {"Authorization": f"Bearer {token}"}
        self._pool = _connections(ca)
        #: how long an answer may take
        self.read_seconds = _READ_SECONDS
        #: when the last request began that the server has answered (`lease_clock`), for the fence; told to `on_contact`
        self.last_contact = lease_clock()
        self.on_contact: Callable[[float], None] | None = None

    def request(self, method: str, path: str, body: bytes, *, content_type: str | None = None) -> dict[str, Any] | list:
        """One try. Raises `StaleAttempt` (409), `Refused` (the request is wrong) or `ServerUnreachable` (try later)."""
        headers = {"Content-Type": content_type or "application/json"}
        answer = self.send(method, path, body=body, headers=headers)
        try:
            return json.loads(answer.data) if answer.data else {}
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise ServerUnreachable(f"The Valo server at {self._url} does not answer: {error}") from error

    def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes | IO[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        stream: bool = False,
        read_seconds: float | None = None,
        allowed: frozenset[int] = frozenset(),
    ) -> urllib3.BaseHTTPResponse:
        """One try, and the answer, which was good or is among the `allowed`. Raises as `request`.

        Of a `stream` nothing is read yet: the caller does so within `reading`.
        """
        begun = lease_clock()
        try:
            answer = self._pool.request(
                method,
                self._url + path,
                body=body,
                headers={**self._headers, **(headers or {})},
                timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=read_seconds or self.read_seconds),
                redirect=False,
                preload_content=not stream,
            )
            if answer.status >= 300 and stream:
                answer.read()  # an error is short
        except (urllib3.exceptions.HTTPError, OSError) as error:
            self._refresh()
            raise ServerUnreachable(f"The Valo server at {self._url} does not answer: {error}") from error
        if answer.status == 409:
            raise StaleAttempt
        what = f"{method} {path.partition('?')[0]}"
        if answer.status < 300 or answer.status in allowed:
            self._contact(begun)
            return answer
        if answer.status in _REFUSED:
            self._contact(begun)
            raise Refused(f"The Valo server refused {what} ({answer.status}): {_message(answer.data)}")
        self._refresh()
        raise ServerUnreachable(f"The Valo server at {self._url} answered {answer.status} to {what}.")

    @contextmanager
    def reading(self, answer: urllib3.BaseHTTPResponse) -> Iterator[None]:
        """While a streamed answer is read; `ServerUnreachable` when its connection ends before it does."""
        try:
            yield
        except (urllib3.exceptions.HTTPError, ConnectionError, TimeoutError) as error:
            raise ServerUnreachable(f"The connection to {self._url} has ended: {error}") from error
        finally:
            # what was not read is not waited for
            answer.close()

    def _contact(self, begun: float) -> None:
        # from the beginning: the server renewed the lease after it, whenever the answer came
        self.last_contact = max(self.last_contact, begun)
        if self.on_contact is not None:
            self.on_contact(self.last_contact)

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

    def _refresh(self) -> None:
        if self._refresh_url is None:
            return
        try:
            self._url = self._refresh_url().rstrip("/")
        except (OSError, ValueError, ValoError) as error:
            log.warning("no address of the server for now: %s", error)


@lru_cache(maxsize=2)
def _connections(ca: str | None) -> urllib3.PoolManager:
    # a machine's next attempt begins on the connection that its last one ended on
    context = ssl.create_default_context(cadata=ca) if ca is not None else None
    return urllib3.PoolManager(num_pools=2, maxsize=4, retries=False, ssl_context=context)


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
