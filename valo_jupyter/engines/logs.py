"""A process's own output in a file that never grows beyond a bound."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

_LIMIT_BYTES = 2_000_000


class BoundedLog:
    """Standard output and error of this process, in a file; `check` turns it over to `<name>.1` when it is large."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._open()
        logging.basicConfig(
            level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr, force=True
        )
        # eight lines at every start about plug-ins nobody asked for
        logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)

    def _open(self) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        os.close(descriptor)

    def check(self) -> None:
        try:
            if self._path.stat().st_size > _LIMIT_BYTES:
                os.replace(self._path, self._path.with_name(f"{self._path.name}.1"))
                self._open()
        except FileNotFoundError:
            self._open()


def tail(path: Path, lines: int = 5) -> str:
    """The last lines of a log, for an error message."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 4096))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(text.strip().splitlines()[-lines:])
