"""The whole local server, web, engine and machines, as `jupyter valo start` starts it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from valo_jupyter.domain.state import StateFolder


@dataclass
class LocalServer:
    url: str
    token: str
    state: StateFolder
    environment: dict[str, str]

    def valo(self, *words: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """`jupyter valo …` on this server."""
        return subprocess.run(
            [sys.executable, "-m", "valo_jupyter.server.cli", *words],
            env=self.environment,
            text=True,
            capture_output=True,
            timeout=timeout,
        )


@contextlib.contextmanager
def local_server(folder: Path, database_url: str | None = None) -> Iterator[LocalServer]:
    environment = {
        **os.environ,
        "VALO_HOME": str(folder),
        # should a test run be killed, nothing stays for long
        "VALO_IDLE_SECONDS": "300",
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]),
    }
    if database_url:
        environment["VALO_DATABASE_URL"] = database_url
    state = StateFolder(folder)
    server = LocalServer("", "", state, environment)
    started = server.valo("start")
    assert started.returncode == 0, started.stderr + _logs(state)
    try:
        server.url = json.loads(server.valo("status", "--json").stdout)["url"]
        server.token = state.read_token() or ""
        yield server
    finally:
        stopped = server.valo("stop", "--force")
        assert stopped.returncode == 0, stopped.stderr + _logs(state)


def _logs(state: StateFolder) -> str:
    return "".join(f"\n--- {path.name}\n{path.read_text(errors='replace')[-3000:]}" for path in state.log.glob("*.log"))
