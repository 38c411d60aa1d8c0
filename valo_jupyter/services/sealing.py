"""Encrypts what must not be read from the database, and signs download addresses."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import time
from pathlib import Path
from typing import Any

from valo_jupyter.domain.errors import StateFolder


class Seal:
    """Holds the server's key, made on first use in a file only its owner can read."""

    def __init__(self, path: Path) -> None:
        self._key = _read_or_make(path)

    def close(self, value: Any) -> str:
        """A JSON value, encrypted and authenticated."""
        return self._fernet().encrypt(json.dumps(value).encode()).decode()

    def open(self, sealed: str | None) -> Any:
        """What `close` was given; None for None."""
        if sealed is None:
            return None
        from cryptography.fernet import InvalidToken

        try:
            return json.loads(self._fernet().decrypt(sealed.encode()))
        except InvalidToken as error:
            raise StateFolder(
                "A secret in the database was encrypted with another key; restore the server's `secret` file."
            ) from error

    def sign(self, subject: str, ttl: float) -> tuple[int, str]:
        """`(expires, signature)` for `subject`; `expires` is a Unix time in seconds."""
        expires = int(time.time() + ttl)
        return expires, self._signature(subject, expires)

    def verify(self, subject: str, expires: int, signature: str) -> bool:
        return expires >= time.time() and hmac.compare_digest(self._signature(subject, expires), signature)

    def _signature(self, subject: str, expires: int) -> str:
        key = hashlib.sha256(b"download:" + self._key).digest()
        digest = hmac.new(key, f"{expires}:{subject}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def _fernet(self) -> Any:
        # imported on first use: most servers of one user never see a secret
        from cryptography.fernet import Fernet

        return Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"seal:" + self._key).digest()))


def _read_or_make(path: Path) -> bytes:
    try:
        return bytes.fromhex(path.read_text().strip())
    except FileNotFoundError:
        pass
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32))
    try:
        os.link(fresh, path)  # the first of several processes wins
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    return bytes.fromhex(path.read_text().strip())
