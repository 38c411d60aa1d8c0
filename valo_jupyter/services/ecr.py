"""Passwords of AWS ECR: a key pair gives one for some hours."""

from __future__ import annotations

import base64
import threading
import time
from typing import Any

from valo_jupyter.domain.errors import RegistryRateLimited, RegistryRefused, RegistryUnreachable
from valo_jupyter.domain.registries import Credentials, ecr_region

#: a pull that begins with a password must be able to end with it
_MARGIN_SECONDS = 600.0
_MAX_KEPT = 1000
_REFUSALS = ("AccessDenied", "ExpiredToken", "InvalidSignature", "InvalidClientTokenId", "UnrecognizedClient")
_THROTTLES = ("Throttling", "TooManyRequests", "LimitExceeded")


class EcrPasswords:
    """Keeps each password in memory until shortly before it expires."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str, str], tuple[float, Credentials]] = {}

    def get(self, domain: str, key: Credentials, *, entry: str) -> Credentials:
        """User name and password for the registry; raises an `ImageUnavailable` that names the entry."""
        kept_as = (domain, key.username, key.password)
        with self._lock:
            until, credentials = self._kept.get(kept_as, (0.0, key))
        if time.time() < until:
            return credentials
        until, credentials = _ask(domain, key, entry)
        with self._lock:
            if len(self._kept) >= _MAX_KEPT:
                self._kept.clear()
            self._kept[kept_as] = (until - _MARGIN_SECONDS, credentials)
        return credentials

    def forget(self) -> None:
        """Ask anew next time: a key may have been revoked."""
        with self._lock:
            self._kept.clear()


def _ask(domain: str, key: Credentials, entry: str) -> tuple[float, Credentials]:
    try:
        from boto3.session import Session
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError as error:
        raise RegistryUnreachable(
            f"The entry {entry} needs a package that is not installed here: pip install 'valo-jupyter[ecr]'."
        ) from error
    config = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})
    try:
        # a session of its own: the default one is not safe among threads
        client = Session().client(
            "ecr",
            region_name=ecr_region(domain),
            aws_access_key_id=key.username,
            aws_secret_access_key=key.password,
            config=config,
        )
        found: dict[str, Any] = client.get_authorization_token()["authorizationData"][0]
    except ClientError as error:
        raise _explained(str(error.response.get("Error", {}).get("Code", "")), entry) from error
    except BotoCoreError as error:
        raise RegistryUnreachable(f"AWS does not give a password for {domain}: {error}.") from error
    username, _, password = base64.b64decode(found["authorizationToken"]).decode().partition(":")
    return found["expiresAt"].timestamp(), Credentials(username, password)


def _explained(code: str, entry: str) -> Exception:
    if any(word in code for word in _THROTTLES):
        return RegistryRateLimited(f"AWS answers no more for a while: too many requests with the entry {entry}.")
    if any(word in code for word in _REFUSALS):
        return RegistryRefused(f"AWS refused the key pair of the entry {entry} ({code}).")
    return RegistryUnreachable(f"AWS gave no password for the entry {entry} ({code or 'no reason given'}).")
