"""Requests for the content of S3 objects: signed by botocore, sent over connections that are kept.

A client of boto3 takes milliseconds for each; of small files that is most of the time.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree

import urllib3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from urllib3.exceptions import HTTPError, SSLError
from urllib3.util.ssl_ import create_urllib3_context

from valo_jupyter.stores.digests import CHUNK
from valo_jupyter.stores.errors import Misconfigured, Unavailable
from valo_jupyter.stores.retrying import Patience
from valo_jupyter.stores.web import plain, proxy_for

#: sha256 of nothing
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#: in place of a digest: the body is not signed
UNSIGNED = "UNSIGNED-PAYLOAD"
_CONNECTIONS = 32

#: `(status, headers, code, message)` of a refusal
Refuse = Callable[[int, Mapping[str, str], str, str], NoReturn]


class Requests:
    """Of one bucket; may be used by several threads.

    Parameters
    ----------
    root
        Address of the bucket, without a slash at the end.
    credentials
        Gives those of the moment.
    """

    def __init__(
        self,
        root: str,
        region: str,
        credentials: Callable[[], ReadOnlyCredentials],
        patience: Patience,
        ca: str | None = None,
    ) -> None:
        self._parts = urlsplit(root)
        self._region, self._credentials = region, credentials
        self._timeout = urllib3.Timeout(connect=patience.connect, read=patience.silence)
        proxy = proxy_for(self._parts.scheme, self._parts.hostname or "")
        # boto3 reads this variable, too
        bundle = os.environ.get("AWS_CA_BUNDLE") if root.startswith("https:") else None
        context = _trusting(ca, bundle) if ca or bundle else None
        options: dict[str, Any] = {"maxsize": _CONNECTIONS, "ssl_context": context}
        manager = urllib3.ProxyManager(proxy, **options) if proxy else urllib3.PoolManager(**options)
        # the pool itself: a manager would take `a/../b` for `b`
        self._pool = manager.connection_from_url(root)
        # such a proxy is told the whole address; else only the path is
        self._before_path = f"{self._parts.scheme}://{self._parts.netloc}" if proxy and root[:5] == "http:" else ""

    @contextmanager
    def send(
        self,
        method: str,
        key: str,
        refuse: Refuse,
        *,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        sha256: str = EMPTY,
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """An answer below 300, whose content can be read in the block. `sha256` is that of the body."""
        path = f"{self._parts.path}/{quote(key, safe='/~')}{'?' + query if query else ''}"
        request = AWSRequest(method, f"{self._parts.scheme}://{self._parts.netloc}{path}", dict(headers or {}), body)
        request.context["sha256"] = sha256
        _Signer(self._credentials(), "s3", self._region).add_auth(request)
        signed: dict[str, str] = dict(request.headers.items())
        with as_unavailable(self._parts.netloc):
            answer = self._pool.urlopen(
                method,
                self._before_path + path,
                body,
                {"Accept-Encoding": "identity", **signed},
                retries=False,
                redirect=False,
                timeout=self._timeout,
                preload_content=False,
            )
            try:
                if answer.status >= 300:
                    refuse(answer.status, answer.headers, *_words(answer.read(CHUNK)))
                yield answer
                if method != "GET":
                    # an answer gives its connection back when it was read to its end, also where that is its beginning
                    answer.drain_conn()
            finally:
                answer.close()


class _Signer(S3SigV4Auth):
    """The digest of the body is known already."""

    def payload(self, request: AWSRequest) -> str:
        return request.context["sha256"]


@contextmanager
def as_unavailable(host: str) -> Iterator[None]:
    """urllib3's errors as those of stores."""
    try:
        yield
    except SSLError as error:
        raise Misconfigured(
            f"The certificate of {host} is not trusted ({plain(error)}); give the certificates of its authority (`ca`)."
        ) from error
    except (HTTPError, OSError) as error:
        raise Unavailable(f"{host} does not answer: {plain(error)}") from error


def _words(body: bytes) -> tuple[str, str]:
    """Code and message of an error's XML."""
    try:
        error = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        return "", ""
    return error.findtext("{*}Code") or "", error.findtext("{*}Message") or ""


def _trusting(ca: str | None, bundle: str | None) -> ssl.SSLContext:
    context = create_urllib3_context()
    context.load_default_certs()
    context.load_verify_locations(cafile=None if ca else bundle, cadata=ca)
    return context
