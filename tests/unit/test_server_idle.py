"""A server is needed by requests, by executions that have not ended, and by running Jupyter servers."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from jupyter_core.paths import jupyter_runtime_dir

from valo_jupyter.domain.state import StateFolder
from valo_jupyter.server.idle import idle_seconds, jupyter_servers, until_idle


def register(name: str, pid: int) -> Path:
    folder = Path(jupyter_runtime_dir())
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(json.dumps({"pid": pid, "url": "http://localhost:8888/"}))
    return path


def test_running_jupyter_servers_are_found_by_their_files() -> None:
    assert jupyter_servers() == []
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    register(f"jpserver-{gone.pid}.json", gone.pid)
    register("jpserver-1.html", 1)
    (Path(jupyter_runtime_dir()) / "jpserver-2.json").write_text("{")
    assert jupyter_servers() == []
    path = register(f"jpserver-{os.getpid()}.json", os.getpid())
    assert jupyter_servers() == [os.getpid()]
    # left by a server before this process, which has its number by chance
    os.utime(path, (1, 1))
    assert jupyter_servers() == []


@pytest.mark.asyncio
@pytest.mark.parametrize("needed_by", ["nobody", "request", "execution", "jupyter"])
async def test_the_time_counts_from_when_it_was_needed_last(needed_by: str) -> None:
    begun = time.monotonic()
    needed_until = begun + 0.4

    def needed(by: str) -> bool:
        return needed_by == by and time.monotonic() < needed_until

    await asyncio.wait_for(
        until_idle(
            0.3,
            last_request=lambda: time.monotonic() if needed("request") else begun,
            incomplete=lambda: int(needed("execution")),
            servers=lambda: [1] if needed("jupyter") else [],
        ),
        20,
    )
    assert time.monotonic() - begun >= (0.3 if needed_by == "nobody" else 0.65)


def test_how_long_is_configured_by_variable_or_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = StateFolder(tmp_path)
    assert idle_seconds(state) == 3600
    (tmp_path / "settings.json").write_text('{"idle_seconds": 120}')
    assert idle_seconds(state) == 120
    monkeypatch.setenv("VALO_IDLE_SECONDS", "7.5")
    assert idle_seconds(state) == 7.5
    monkeypatch.setenv("VALO_IDLE_SECONDS", "0")
    assert idle_seconds(state) is None
    monkeypatch.setenv("VALO_IDLE_SECONDS", "soon")
    assert idle_seconds(state) == 3600
