"""A real local server for measuring, in a folder of its own, and notebooks to run on it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat.v4 as v4
import urllib3


@dataclass
class Server:
    url: str
    token: str
    folder: Path
    environment: dict[str, str]

    def __post_init__(self) -> None:
        self._http = urllib3.PoolManager()

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Token {self.token}", "Content-Type": "application/json"}
        content = None if body is None else json.dumps(body)
        reply = self._http.request(method, self.url + path, headers=headers, body=content, timeout=60, retries=False)
        if reply.status >= 300:
            raise RuntimeError(reply.data.decode())
        return reply.json()

    def status(self) -> dict[str, Any]:
        return json.loads(_valo(self.environment, "status", "--json"))

    def project(self, folder: Path) -> tuple[str, str]:
        """`(project, commit)` of the folder as it is now."""
        from valo_jupyter import snapshots

        made = self.ask("POST", "/api/v0/projects/resolve/", {"folder": str(folder), "host": "here", "name": "bench"})
        sha = snapshots.commit_folder(Path(made["repository"]), folder)
        self.ask("POST", f"/api/v0/projects/{made['id']}/commits/", {"commit": sha, "identifier": f"~{sha}"})
        return made["id"], f"~{sha}"

    def submit(self, project: str, commit: str, notebook: str) -> dict[str, Any]:
        body = {
            "project": project,
            "commit": commit,
            "notebook": {"path": notebook, "kernel": None},
            "idempotency_key": uuid.uuid4().hex,
        }
        return self.ask("POST", "/api/v0/executions/", body)

    def wait(self, execution: dict[str, Any]) -> str:
        """Follow the stream as a client does, until the end is seen; the final status."""
        after = 0
        while True:
            answer = self.ask("GET", f"/api/v0/executions/{execution['id']}/stream/?after={after}&wait=20")
            after = answer["last"]
            if answer["done"]:
                return answer["status"]

    def timed(self, project: str, commit: str, notebook: str) -> float:
        """Seconds from the POST until a client has seen the end."""
        start = time.perf_counter()
        status = self.wait(self.submit(project, commit, notebook))
        seconds = time.perf_counter() - start
        if status != "complete":
            raise RuntimeError(f"the execution ended as {status}")
        return seconds


def _valo(environment: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "valo_jupyter.server.cli", *words],
        env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"valo {' '.join(words)}: {done.stderr}")
    return done.stdout


@contextlib.contextmanager
def server() -> Iterator[Server]:
    """A server that lives while the context does."""
    with tempfile.TemporaryDirectory(prefix="valo-bench-") as folder:
        home = Path(folder) / "state"
        environment = {**os.environ, "VALO_HOME": str(home), "VALO_IDLE_SECONDS": "600"}
        _valo(environment, "start")
        try:
            status = json.loads(_valo(environment, "status", "--json"))
            token = (home / "token").read_text().strip()
            yield Server(status["url"], token, Path(folder), environment)
        finally:
            _valo(environment, "stop", "--force")


def write_notebook(path: Path, sources: list[str]) -> Path:
    notebook = v4.new_notebook(
        cells=[v4.new_code_cell(source) for source in sources],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook))
    return path


def cells(count: int) -> list[str]:
    """Small cells that print, as most do."""
    return [f"x{number} = sum(range({number} * 100))\nprint({number}, x{number})" for number in range(count)]
