"""The program of a machine elsewhere: how it comes, comes back, and leaves."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.parts.gate import Gate
from valo_jupyter import __version__
from valo_jupyter.engines.cluster import QuietScheduler, configure, security
from valo_jupyter.engines.credentials import Credentials

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


class Scheduler:
    def __init__(self, dask: QuietScheduler, tls: Path, folder: Path) -> None:
        self.dask, self.tls, self.folder = dask, tls, folder
        self.started: list[subprocess.Popen[bytes]] = []

    def configuration(self, **changes: Any) -> dict[str, Any]:
        return {
            "name": "m-1",
            "scheduler": self.dask.address,
            "tls": Credentials.of_machine(self.tls, changes.get("name", "m-1")),
            "folder": str(self.folder),
            "version": __version__,
            **changes,
        }

    def start(self, *words: str, config: dict[str, Any] | None = None, **variables: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "valo_jupyter.engines.remote", *words],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        )
        self.started.append(process)
        if config is not None:
            self.tell(process, json.dumps(config))
        return process

    def tell(self, process: subprocess.Popen[bytes], line: str) -> None:
        assert process.stdin is not None
        process.stdin.write(line.encode() + b"\n")
        process.stdin.flush()

    async def until(self, condition: Callable[[], Any], seconds: float = 30) -> Any:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while loop.time() < deadline:
            if value := condition():
                return value
            await asyncio.sleep(0.05)
        raise AssertionError("it did not come to be")

    async def arrived(self) -> Any:
        await self.until(lambda: self.dask.workers)
        (worker,) = self.dask.workers.values()
        return worker

    def nothing_left(self) -> bool:
        return not list((self.folder / "machines").iterdir()) and not list((self.folder / "jobs").iterdir())


@asynccontextmanager
async def scheduler(tmp_path: Path) -> AsyncIterator[Scheduler]:
    configure()
    tls = tmp_path / "tls"
    credentials = security(Credentials.in_folder(tls))
    async with QuietScheduler(host="tls://127.0.0.1:0", dashboard=False, security=credentials) as dask:
        made = Scheduler(dask, tls, tmp_path / "far")
        try:
            yield made
        finally:
            for process in made.started:
                process.kill()
                process.wait(10)


@pytest.mark.asyncio
async def test_it_says_what_it_is_and_leaves_when_asked(tmp_path: Path) -> None:
    async with scheduler(tmp_path) as there:
        site = {"kind": "slurm", "place": "on-prem", "region": None, "provider": None}
        process = there.start(config=there.configuration(site=site))
        worker = await there.arrived()
        machine = worker.extra["machine"]
        assert machine["pid"] == process.pid
        assert machine["cpu_count"] >= 1
        assert {name: machine[name] for name in site} == site
        # its key shows nowhere
        assert all("PRIVATE" not in word for word in psutil.Process(process.pid).cmdline())
        assert not any("PRIVATE" in value for value in psutil.Process(process.pid).environ().values())
        twice = there.start(config=there.configuration())
        assert b"runs already" in twice.communicate(timeout=30)[1]
        there.tell(process, "leave")
        assert await asyncio.to_thread(process.wait, 20) == 0
        await there.until(there.nothing_left)


@pytest.mark.asyncio
async def test_its_configuration_may_come_from_a_file_or_a_variable(tmp_path: Path) -> None:
    async with scheduler(tmp_path) as there:
        file = tmp_path / "machine.json"
        file.write_text(json.dumps(there.configuration()))
        by_file = there.start(str(file))
        await there.arrived()
        assert not file.exists()
        by_file.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(by_file.wait, 20) == 0
        await there.until(lambda: not there.dask.workers)
        by_variable = there.start(VALO_MACHINE=json.dumps(there.configuration()))
        await there.arrived()
        assert not any("PRIVATE" in value for value in psutil.Process(by_variable.pid).environ().values())
        # standard input means nothing then
        assert by_variable.stdin is not None
        by_variable.stdin.close()
        await asyncio.sleep(0.5)
        assert by_variable.poll() is None
        await there.dask.remove_worker(next(iter(there.dask.workers)), stimulus_id="test")
        assert await asyncio.to_thread(by_variable.wait, 20) == 0


@pytest.mark.asyncio
async def test_another_version_is_refused_with_both_named(tmp_path: Path) -> None:
    async with scheduler(tmp_path) as there:
        process = there.start(config=there.configuration(version="9.9"))
        words = (await asyncio.to_thread(process.communicate))[1].decode()
        assert process.returncode == 1
        assert __version__ in words
        assert "9.9" in words


@pytest.mark.asyncio
async def test_it_comes_back_under_its_name_and_finds_a_scheduler_that_has_moved(tmp_path: Path) -> None:
    async with scheduler(tmp_path) as there:
        port = int(there.dask.address.rpartition(":")[2])
        first = Gate(port)
        addresses = tmp_path / "addresses.json"
        config = there.configuration(scheduler=f"tls://127.0.0.1:{await first.listen()}", addresses=str(addresses))
        process = there.start(config=config)
        worker = await there.arrived()
        await first.close()
        await there.until(lambda: not there.dask.workers)
        second = Gate(port)
        addresses.write_text(json.dumps({"scheduler": f"tls://127.0.0.1:{await second.listen()}"}))
        again = await there.arrived()
        assert (again.name, again.address) == (worker.name, worker.address)
        assert process.poll() is None
        there.tell(process, "leave")
        assert await asyncio.to_thread(process.wait, 20) == 0
        await second.close()


@pytest.mark.asyncio
async def test_what_a_dead_one_has_left_is_cleared_away_by_the_next(tmp_path: Path) -> None:
    async with scheduler(tmp_path) as there:
        process = there.start(config=there.configuration(name="m-0"))
        await there.arrived()
        watchdogs = [one for one in psutil.Process(process.pid).children() if "watchdog.py" in " ".join(one.cmdline())]
        # both at once, as when a computer loses its power
        for one in (*watchdogs, psutil.Process(process.pid)):
            one.kill()
        process.wait(10)
        await there.until(lambda: not there.dask.workers)
        assert (there.folder / "machines" / "m-0.json").exists()
        there.start(config=there.configuration())
        await there.arrived()
        assert [path.name for path in sorted((there.folder / "machines").glob("*.json"))] == ["m-1.json"]
