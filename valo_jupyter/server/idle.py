"""Ends a local server that nobody needs any more."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from valo_jupyter.domain.state import StateFolder

log = logging.getLogger(__name__)

_DEFAULT_SECONDS = 3600.0
_LOOKS = 60
_MAX_LOOK_SECONDS = 30.0


def idle_seconds(state: StateFolder) -> float | None:
    """How long a server nobody needs goes on; None: for ever.

    `VALO_IDLE_SECONDS`, else `idle_seconds` in the state folder's `settings.json`, else an hour; 0 is for ever.
    """
    value: object = os.environ.get("VALO_IDLE_SECONDS")
    if value is None:
        value = state.settings().get("idle_seconds")
    try:
        seconds = float(str(value)) if value is not None else _DEFAULT_SECONDS
    except ValueError:
        log.warning("%r is no number of seconds to stay idle; using %s", value, _DEFAULT_SECONDS)
        seconds = _DEFAULT_SECONDS
    return seconds if seconds > 0 else None


def jupyter_servers() -> list[int]:
    """Process numbers of this user's running Jupyter servers."""
    from jupyter_core.paths import jupyter_runtime_dir

    found = []
    for path in Path(jupyter_runtime_dir()).glob("*server-*.json"):
        try:
            pid = json.loads(path.read_text())["pid"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        # a file may be left of a server that was killed, and its number be somebody else's
        if isinstance(pid, int) and psutil.pid_exists(pid) and _written_after_start(path, pid):
            found.append(pid)
    return found


def _written_after_start(path: Path, pid: int) -> bool:
    try:
        return path.stat().st_mtime >= psutil.Process(pid).create_time() - 1
    except (OSError, psutil.Error):
        return False


async def until_idle(
    seconds: float,
    *,
    last_request: Callable[[], float],
    incomplete: Callable[[], int],
    servers: Callable[[], list[int]] = jupyter_servers,
) -> None:
    """Return when for `seconds` there was no request, no execution that has not ended, and no Jupyter server.

    Parameters
    ----------
    last_request
        `time.monotonic()` of the last request that somebody made.
    incomplete
        How many executions have not ended; called in a thread.
    """
    needed = time.monotonic()
    while True:
        await asyncio.sleep(min(seconds / _LOOKS, _MAX_LOOK_SECONDS))
        if await asyncio.to_thread(incomplete) or await asyncio.to_thread(servers):
            needed = time.monotonic()
        needed = max(needed, last_request())
        if time.monotonic() - needed >= seconds:
            return
