"""How Swift knows us: a login at Keystone or in the old way, whose token is used until the service refuses it."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import urlsplit, urlunsplit

import requests
import swiftclient
from swiftclient.exceptions import ClientException

from valo_jupyter.stores.errors import Denied, Misconfigured, StoreError, Unavailable
from valo_jupyter.stores.retrying import Patience, worth_retrying
from valo_jupyter.stores.sessions import unreachable


@dataclass(frozen=True)
class Login:
    """`url`: of the account's storage; `token` is secret, and so is what it is shown in."""

    url: str
    token: str

    def __repr__(self) -> str:
        return f"<Login {self.url}>"


class Access:
    """The login of one store, shared by its threads."""

    def __init__(self, options: Mapping[str, Any], credentials: Mapping[str, Any], patience: Patience) -> None:
        self._options, self._credentials = options, credentials
        self._patience = patience
        self._lock = threading.Lock()
        self._login: Login | None = None
        self._ca = _file_of(options["ca"])

    def login(self, refused: Login | None = None) -> Login:
        """The login there is, unless it is the one that was `refused`."""
        with self._lock:
            if self._login is None or self._login is refused:
                self._login = self._log_in()
            return self._login

    def _log_in(self) -> Login:
        options, given = self._options, self._credentials
        names = {"project_name": options["project"], "region_name": options["region"]}
        if given.get("application_credential_id"):
            names = {
                "auth_type": "v3applicationcredential",
                "application_credential_id": given["application_credential_id"],
                "application_credential_secret": given.get("application_credential_secret"),
                "region_name": options["region"],
            }
        elif not given.get("username"):
            raise Misconfigured("Swift needs a user and a password, or an application credential; enter them.")
        else:
            names |= {"user_domain_name": options["user_domain"], "project_domain_name": options["project_domain"]}
        try:
            url, token = swiftclient.get_auth(
                options["auth_url"],
                given.get("username"),
                given.get("password"),
                auth_version=options["auth_version"],
                os_options={name: value for name, value in names.items() if value},
                cacert=self._ca.name if self._ca else None,
                timeout=self._patience.silence,
            )
        except ClientException as error:
            raise _refused(error, options["auth_url"]) from None
        except requests.RequestException as error:
            raise unreachable(options["auth_url"], error) from None
        return Login(_at(url, options["endpoint_url"]), token)

    def public(self, url: str) -> str:
        """An address of the storage, as people's browsers reach it."""
        return _at(url, self._options["public_endpoint_url"])


def _at(url: str, endpoint: str | None) -> str:
    """The storage's address at another host; an endpoint with a path is the whole of it."""
    if not endpoint:
        return url.rstrip("/")
    there = urlsplit(endpoint.rstrip("/"))
    return urlunsplit(urlsplit(url.rstrip("/"))._replace(scheme=there.scheme, netloc=there.netloc, **_path(there.path)))


def _path(path: str) -> dict[str, str]:
    return {"path": path} if path else {}


def _file_of(ca: str | None) -> IO[str] | None:
    """The certificates in a file, as the SDK wants them, for as long as the store is there."""
    if not ca:
        return None
    file = tempfile.NamedTemporaryFile("w", prefix="valo-ca-", suffix=".pem")  # noqa: SIM115
    file.write(ca)
    file.flush()
    return file


def _refused(error: ClientException, auth_url: str) -> StoreError:
    words = str(error).lower()
    status = error.http_status or 0
    if status in (401, 403) or "unauthorized" in words or "401" in words:
        return Denied(
            f"{auth_url} does not accept the user and password, or they may not use the project; enter them anew."
        )
    if "endpoint for" in words:
        return Misconfigured(
            f"{auth_url} knows no object storage in this region; correct `region`, or give `endpoint_url`."
        )
    with suppress(ValueError):
        if status and worth_retrying(status):
            return Unavailable(f"{auth_url} answers {status}.")
    if "could not find" in words or "not found" in words or status == 404:
        return Misconfigured(f"{auth_url} is no login of OpenStack; correct `auth_url` and `auth_version`.")
    return Unavailable(f"{auth_url} does not let us log in, or cannot be reached.")
