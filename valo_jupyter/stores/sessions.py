"""HTTP sessions of stores whose SDKs speak through `requests`: their own authority, no signature in a log."""

from __future__ import annotations

import logging
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry
from urllib3.exceptions import HTTPError

from valo_jupyter.stores.errors import Misconfigured, StoreError, Unavailable
from valo_jupyter.stores.retrying import Patience

#: connections that are kept for each host: several files at once, each in several ranges
_KEPT = 32
_SIGNATURE = re.compile(
    r"((?:^|[?&\s])(?:sig|upload_id|x-(?:goog|amz)-[a-z-]*|temp_url_sig)=)[^&\s\"']*", re.IGNORECASE
)


class _Adapter(HTTPAdapter):
    def __init__(self, ca: str | None) -> None:
        self._more: dict[str, Any] = {"ssl_context": _context(ca)} if ca else {}
        super().__init__(pool_connections=4, pool_maxsize=_KEPT, max_retries=Retry(total=False, redirect=False))

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options, **self._more)

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        return super().proxy_manager_for(*args, **options, **self._more)


class _Redacted(logging.Filter):
    """Addresses in urllib3's log without what would open them."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(redacted(arg) if isinstance(arg, str) else arg for arg in record.args)
        return True


for _name in ("urllib3.connectionpool", "urllib3.util.retry"):
    logging.getLogger(_name).addFilter(_Redacted("signatures"))


def redacted(text: str) -> str:
    """The text with the signatures of its addresses left out."""
    return _SIGNATURE.sub(r"\1…", text)


def prepare(session: requests.Session, ca: str | None) -> None:
    """Let the session trust the authority of the PEM text, keep enough connections, and try nothing again itself."""
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Adapter(ca))


def timeouts(patience: Patience) -> tuple[float, float]:
    """As `requests` wants them."""
    return patience.connect, patience.silence


@contextmanager
def reaching(service: str) -> Iterator[None]:
    """Connections that fail are `Unavailable`."""
    try:
        yield
    except (requests.RequestException, HTTPError, ConnectionError, TimeoutError) as error:
        raise unreachable(service, error) from None


def unreachable(service: str, error: BaseException) -> StoreError:
    """What is said of a connection that failed; the error's own words may have an address with its signature."""
    words = str(error).lower()
    if "certificate" in words:
        return Misconfigured(f"The certificate of {service} is not trusted; give those of its authority (`ca`).")
    if "resolve" in words or "getaddrinfo" in words:
        return Unavailable(f"{service} cannot be reached: there is no such host.")
    if "timed out" in words or "timeout" in words:
        return Unavailable(f"{service} does not answer.")
    return Unavailable(f"{service} cannot be reached, or the connection was cut.")


def _context(ca: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(cadata=ca)
    except (ssl.SSLError, ValueError) as error:
        raise Misconfigured("The certificates of `ca` cannot be read: they are PEM text.") from error
    return context
