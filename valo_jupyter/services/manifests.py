"""Asks a registry for what it would give to a pull, without a container engine: manifests and logins."""

from __future__ import annotations

import base64
import email.utils
import hashlib
import ipaddress
import json
import re
from dataclasses import dataclass
from datetime import datetime, timezone
from urllib.parse import urlencode, urlsplit

import urllib3
from urllib3 import exceptions as http

from valo_jupyter.domain.errors import ImageNotFound, RegistryRateLimited, RegistryRefused, RegistryUnreachable
from valo_jupyter.domain.images import DOCKER_HUB, Reference
from valo_jupyter.domain.registries import Credentials

#: where Docker Hub's registry really is
_HUB_HOST = "registry-1.docker.io"
_ACCEPT = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
    )
)
_SECONDS = 10.0
#: a token or a manifest is never larger
_MAX_BYTES = 4_000_000


@dataclass(frozen=True)
class Answer:
    status: int
    headers: urllib3.HTTPHeaderDict
    data: bytes


class Registry:
    """One registry, asked with the credentials of one entry.

    Parameters
    ----------
    domain
        As in the names of images.
    entry
        The entry's pattern, for messages.
    plain
        Whether it may be asked without encryption.
    """

    def __init__(self, domain: str, credentials: Credentials, *, entry: str, plain: bool = False) -> None:
        self._domain = domain
        self._host = _HUB_HOST if domain == DOCKER_HUB else domain
        self._credentials = credentials
        self._entry = entry
        self._plain = plain or is_loopback(domain)
        self._scheme = "https"
        self._pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(_SECONDS))
        #: whether the registry has asked for credentials and taken them
        self.logged_in = False

    def manifest(self, image: Reference) -> str:
        """The digest of what a pull would give; raises an `ImageUnavailable` that says what is in the way."""
        path = f"/v2/{image.path}/manifests/{image.version}"
        # a HEAD does not count as a pull where pulls are counted
        answer = self._ask("HEAD", path, image.path)
        if answer.status == 405 or (answer.status < 300 and "Docker-Content-Digest" not in answer.headers):
            answer = self._ask("GET", path, image.path)
        if answer.status == 404:
            raise ImageNotFound(f"{self._domain} has no image {image}, or the entry {self._entry} may not see it.")
        self._check(answer, str(image))
        return answer.headers.get("Docker-Content-Digest") or f"sha256:{hashlib.sha256(answer.data).hexdigest()}"

    def repository(self, path: str) -> None:
        """Raises unless the credentials may pull from the repository."""
        answer = self._ask("GET", f"/v2/{path}/tags/list?n=1", path)
        if answer.status == 404:
            raise ImageNotFound(f"{self._domain} has no repository {path}, or the entry {self._entry} may not see it.")
        self._check(answer, f"{self._domain}/{path}")

    def log_in(self) -> None:
        """Raises unless the registry takes the credentials."""
        self._check(self._ask("GET", "/v2/", None), None)

    def _ask(self, method: str, path: str, repository: str | None) -> Answer:
        answer = self._request(method, path, None)
        if answer.status != 401:
            return answer
        kind, challenge = _challenge(answer.headers.getlist("WWW-Authenticate"))
        if kind == "basic":
            authorization = self._basic()
        elif kind == "bearer" and challenge.get("realm"):
            authorization = f"Bearer {self._token(challenge, repository)}"
        else:
            raise RegistryUnreachable(f"{self._domain} asks for credentials in a way that is not known here.")
        answer = self._request(method, path, authorization)
        if answer.status == 401 and kind == "basic":
            raise self._refused()
        self.logged_in = answer.status < 500
        return answer

    def _token(self, challenge: dict[str, str], repository: str | None) -> str:
        """A token of the server that the registry names."""
        realm = challenge["realm"]
        try:
            url = urlsplit(realm)
        except ValueError:
            raise RegistryUnreachable(f"{self._domain} names no server that gives tokens: {realm!r}.") from None
        if url.scheme != "https" and not (url.scheme == "http" and self._plain):
            raise RegistryUnreachable(f"{self._domain} wants the credentials sent without encryption, to {url.netloc}.")
        query = {"service": challenge["service"]} if "service" in challenge else {}
        if repository is not None:
            query["scope"] = challenge.get("scope") or f"repository:{repository}:pull"
        headers = {"Authorization": self._basic()}
        address = f"{realm}{'&' if url.query else '?'}{urlencode(query)}"
        answer = self._send("GET", address, headers, url.netloc)
        if answer.status in (400, 401, 403):
            raise self._refused()
        self._check(answer, None)
        try:
            value = json.loads(answer.data)
            token = value.get("token") or value["access_token"]
        except (ValueError, KeyError, AttributeError):
            raise RegistryUnreachable(f"{url.netloc} gave no token for {self._domain}.") from None
        return str(token)

    def _check(self, answer: Answer, what: str | None) -> None:
        if answer.status < 300:
            return
        if answer.status == 429:
            raise RegistryRateLimited(
                f"{self._domain} answers no more for a while: too many pulls with the entry {self._entry}"
                f"{_when(answer.headers)}."
            )
        if answer.status in (401, 403):
            raise self._refused(what)
        raise RegistryUnreachable(f"{self._domain} answered {answer.status}, which is no answer of a registry.")

    def _refused(self, what: str | None = None) -> RegistryRefused:
        if what is None:
            return RegistryRefused(f"{self._domain} refused the user name or the password of the entry {self._entry}.")
        return RegistryRefused(
            f"{self._domain} knows the entry {self._entry}, but does not let it pull {what}; or there is no such image."
        )

    def _basic(self) -> str:
        pair = f"{self._credentials.username}:{self._credentials.password}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"

    def _request(self, method: str, path: str, authorization: str | None) -> Answer:
        headers = {"Accept": _ACCEPT, **({"Authorization": authorization} if authorization else {})}
        if self._plain and self._scheme == "https":
            try:
                return self._send(method, f"https://{self._host}{path}", headers, self._domain)
            except RegistryUnreachable:
                self._scheme = "http"
        return self._send(method, f"{self._scheme}://{self._host}{path}", headers, self._domain)

    def _send(self, method: str, url: str, headers: dict[str, str], whom: str) -> Answer:
        """One request. Redirects are not followed: what is asked for here, registries answer themselves."""
        try:
            answer = self._pool.request(method, url, headers=headers, redirect=False, preload_content=False)
            try:
                return Answer(answer.status, answer.headers, answer.read(_MAX_BYTES))
            finally:
                # a connection with something unread is of no use
                answer.close()
        except http.NameResolutionError as error:
            raise RegistryUnreachable(f"There is no registry {whom}: its name is not known.") from error
        except http.SSLError as error:
            raise RegistryUnreachable(f"{whom} cannot be trusted: {_reason(error)}.") from error
        except (http.HTTPError, OSError) as error:
            # to urllib3 a refused connection is a kind of timeout
            if isinstance(error, http.TimeoutError) and not isinstance(error, http.NewConnectionError):
                raise RegistryUnreachable(f"{whom} did not answer within {_SECONDS:.0f} s.") from error
            raise RegistryUnreachable(f"{whom} does not answer: {_reason(error)}.") from error


def is_loopback(domain: str) -> bool:
    """Whether the registry is on this computer, by its own name."""
    host = re.sub(r":\d+$", "", domain)
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _challenge(headers: list[str]) -> tuple[str, dict[str, str]]:
    """`(kind, parameters)` of how a registry wants to be asked; tokens before passwords."""
    found: dict[str, dict[str, str]] = {}
    # in one form, in which there is one way to read it
    for header in (" ".join(header.split()) for header in headers):
        for kind, rest in re.findall(r"(?i)\b(bearer|basic)\b((?:\s*,?\s*\w+=(?:\"[^\"]*\"|[^\s,]+))*)", header):
            found[kind.lower()] = {k: a or b for k, a, b in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', rest)}
    for kind in ("bearer", "basic"):
        if kind in found:
            return kind, found[kind]
    return "", {}


def _when(headers: urllib3.HTTPHeaderDict) -> str:
    """“; try again in 40 s” from what the registry says of it, else nothing."""
    text = headers.get("Retry-After") or headers.get("X-Retry-After") or ""
    now = datetime.now(timezone.utc)
    if text.isdigit():
        seconds = float(text)
        # some send a moment instead of a duration
        seconds = seconds - now.timestamp() if seconds > 1e9 else seconds
    else:
        try:
            seconds = (email.utils.parsedate_to_datetime(text) - now).total_seconds()
        except (TypeError, ValueError):
            return ""
    seconds = max(1.0, seconds)
    return f"; try again in {seconds:.0f} s" if seconds < 120 else f"; try again in {seconds / 60:.0f} minutes"


def _reason(error: Exception) -> str:
    """The last, most telling part of what urllib3 says, without objects' addresses."""
    text = str(error.__cause__ or error.args[-1] if error.args else error)
    return re.sub(r"^<[^>]*>:\s*|^\[Errno -?\d+\]\s*|\s*\(_ssl\.c:\d+\)", "", text).rstrip(".") or type(error).__name__
