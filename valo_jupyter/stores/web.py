"""Requests to web servers: by the environment's proxies, redirected with care, their failures as errors of stores."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import HTTPError, LocationValueError

from valo_jupyter.stores import redirects
from valo_jupyter.stores.errors import Denied, Misconfigured, NotFound, StoreError, Unavailable

_TIMEOUT = urllib3.Timeout(connect=10, read=30)
#: besides 5xx: a later try may succeed
_TRANSIENT = frozenset({408, 425, 429})


def without_credentials(url: str) -> str:
    """The address as it may be shown."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


class request:
    """A streamed answer, closed at the end of the block."""

    def __init__(self, method: str, url: str, headers: Mapping[str, str], *, inside: bool = False) -> None:
        # identity: the file as it is on the server, with a length that can be checked and a middle to resume from
        wanted = {"Accept-Encoding": "identity", "User-Agent": "valo-jupyter", **headers}
        parts = _web_address(url)
        if parts.username is not None:
            credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            wanted.update(urllib3.make_headers(basic_auth=credentials))
        url = without_credentials(url)
        for _ in range(redirects.MOST + 1):
            self._answer = _ask(method, url, wanted)
            location = self._answer.headers.get("Location")
            if self._answer.status not in redirects.STATUSES or not location:
                return
            self._answer.close()
            url, wanted = redirects.follow(url, location, wanted, inside=inside)
            url = without_credentials(url)
        raise Unavailable("too many redirects")

    def __enter__(self) -> urllib3.BaseHTTPResponse:
        return self._answer

    def __exit__(self, *_: object) -> None:
        # what was not read is not waited for
        self._answer.close()


def _web_address(url: str) -> SplitResult:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Misconfigured(f"“{without_credentials(url)}” is no web address: those begin with http:// or https://.")
    return parts


def _ask(method: str, url: str, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
    parts = _web_address(url)
    try:
        return _manager(proxy_for(parts.scheme, parts.hostname or "")).request(
            method, url, headers=headers, preload_content=False, timeout=_TIMEOUT, retries=False
        )
    except LocationValueError:
        raise
    except HTTPError as error:
        raise Unavailable(plain(error)) from error


def raise_for(answer: urllib3.BaseHTTPResponse, url: str) -> None:
    status = answer.status
    if status < 400:
        return
    shown = f"{without_credentials(url)} answered {status} {answer.reason or ''}".rstrip()
    if status in (404, 410):
        raise NotFound(f"{shown}: there is no such file.")
    if status in (401, 403, 407):
        raise Denied(f"{shown}: it needs credentials, or they are not accepted.")
    if status >= 500 or status in _TRANSIENT:
        raise Unavailable(f"the server answered {status} {answer.reason or ''}".rstrip())
    raise StoreError(f"{shown}.")


def proxy_for(scheme: str, host: str) -> str | None:
    """The proxy that the environment names for the host."""
    if proxy_bypass(host):
        return None
    proxies = getproxies()
    return proxies.get(scheme) or proxies.get("all")


@lru_cache(maxsize=8)
def _manager(proxy: str | None) -> urllib3.PoolManager:
    if proxy is None:
        return urllib3.PoolManager()
    if urlsplit(proxy).scheme not in ("http", "https"):
        raise Misconfigured(f"The proxy {without_credentials(proxy)} is none for http; only such proxies can be used.")
    return urllib3.ProxyManager(proxy)


def plain(error: Exception) -> str:
    """The error without urllib3's object addresses."""
    text = re.sub(r"^<[^>]*>: |\(?Caused by .*", "", str(error)).strip()
    text = re.sub(r"^HTTPS?Connection\([^)]*\): ", "", text)
    return text or type(error).__name__
