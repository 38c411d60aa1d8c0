"""What somebody said of values that look like secrets, and are none: remembered on this machine, for a folder."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable
from pathlib import Path

from valo_jupyter.domain.state import StateFolder, write_private


class Accepted:
    """Fingerprints in `accepted-secrets.json`, made with a salt of this machine: no value can be told from one."""

    def __init__(self, folder: Path, path: Path | None = None) -> None:
        self._path = path or StateFolder.default().root / "accepted-secrets.json"
        self._folder = str(folder)
        self._known = self._read()

    def fingerprint(self, kind: str, value: str) -> str:
        """The same for the same value, wherever it stands."""
        if "salt" not in self._known:
            self._known["salt"] = secrets.token_hex(16)
            self._write()
        key = bytes.fromhex(self._known["salt"])
        return hmac.new(key, f"{kind}\n{value}".encode(errors="surrogatepass"), hashlib.sha256).hexdigest()[:24]

    def __contains__(self, fingerprint: str) -> bool:
        return fingerprint in self._known.get("folders", {}).get(self._folder, ())

    def add(self, fingerprints: Iterable[str]) -> None:
        folders = self._known.setdefault("folders", {})
        folders[self._folder] = sorted({*folders.get(self._folder, ()), *fingerprints})
        self._write()

    def _read(self) -> dict:
        try:
            known = json.loads(self._path.read_text())
            bytes.fromhex(known.get("salt", ""))
            return known
        except (OSError, ValueError, AttributeError, TypeError):
            return {}  # at the worst, the question is asked again

    def _write(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(self._path, json.dumps(self._known))
