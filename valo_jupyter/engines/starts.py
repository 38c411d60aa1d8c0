"""What a machine is told at its start, kept for it until it asks: once, with a token that is good for nothing else."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import time
from pathlib import Path
from typing import Any

from valo_jupyter.domain.errors import StaleAttempt
from valo_jupyter.domain.state import StateFolder, write_private
from valo_jupyter.engines import bundle

_VALID_SECONDS = 3600


class UnknownStart(StaleAttempt):
    """No machine is expected with this token: it was used, or is older than an hour."""


class Starts:
    """Written by an engine, read by the web process."""

    def __init__(self, state: StateFolder) -> None:
        self._folder = state.root / "starts"
        self._wheels = state.root / "wheels"

    def leave(self, config: dict[str, Any]) -> str:
        """Keep a machine's configuration; the token it is had for."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path in self._folder.glob("*.json"):
            if time.time() - os.stat(path).st_mtime > _VALID_SECONDS:
                path.unlink(missing_ok=True)
        token = secrets.token_urlsafe(32)
        write_private(self._file(token), json.dumps(config))
        return token

    def forget(self, token: str) -> None:
        self._file(token).unlink(missing_ok=True)

    def check(self, token: str) -> None:
        """Raise `UnknownStart` unless a machine is expected with this token."""
        try:
            age = time.time() - os.stat(self._file(token)).st_mtime
        except OSError:
            raise UnknownStart() from None
        if age > _VALID_SECONDS:
            raise UnknownStart()

    def take(self, token: str) -> dict[str, Any]:
        """The configuration, and the runtime that reads it. Whoever asks second is refused."""
        path = self._file(token)
        taken = path.with_suffix(f".{secrets.token_hex(4)}")
        try:
            os.rename(path, taken)
        except OSError:
            raise UnknownStart() from None
        config = json.loads(taken.read_text())
        taken.unlink()
        wheel = bundle.wheel(self._wheels)
        content = base64.b64encode(wheel.read_bytes()).decode()
        return {
            "config": config,
            "bootstrap": bundle.bootstrap(),
            "wheel": {"name": wheel.name, "content": content},
        }

    def _file(self, token: str) -> Path:
        return self._folder / f"{hashlib.sha256(token.encode()).hexdigest()}.json"
