"""The local engine keeps the promise of all engines, and its own."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import ssl
import sys
import time
from pathlib import Path

import pytest

from tests.contract.engine_contract import EngineContract
from valo_jupyter.domain.placement import Placement
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.engines.dask import DaskEngine
from valo_jupyter.engines.port import Order
from valo_jupyter.engines.processes import machines_folder, records
from valo_jupyter.engines.registry import UnknownEngine, open_engine

ROOT = str(Path(__file__).parents[2])


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", ROOT)


class TestLocalEngine(EngineContract):
    @pytest.mark.asyncio
    async def test_who_has_no_key_of_the_engine_is_refused(self, tmp_path: Path) -> None:
        async with self.bench(tmp_path) as bench:
            bench.engine.set_limits(0, 1, 60.0)
            bench.engine.demand(1)
            await bench.idle(1)
            address = bench.engine.machines()[0].address
            assert address is not None
            host, port = address.removeprefix("tls://").rsplit(":", 1)
            assert host == "127.0.0.1"
            assert await asyncio.to_thread(_refused, host, int(port))

    @pytest.mark.asyncio
    async def test_a_machine_that_cannot_start_says_why_and_is_not_tried_at_once_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with self.bench(tmp_path) as bench:
            broken = tmp_path / "broken" / "valo_jupyter"
            broken.mkdir(parents=True)
            (broken / "__init__.py").write_text("raise ImportError('the disk has gone')")
            monkeypatch.setenv("PYTHONPATH", str(broken.parent))
            bench.engine.set_limits(0, 1, 60.0)
            bench.engine.demand(1)
            await bench.until(lambda: bench.said("failed"))
            assert "the disk has gone" in bench.said("failed")[0].reason
            await asyncio.sleep(0.6)
            assert len(bench.said("failed")) == 1
            monkeypatch.setenv("PYTHONPATH", ROOT)
            await bench.idle(1)

    @pytest.mark.asyncio
    async def test_when_no_machine_can_be_had_one_is_tried_after_growing_pauses(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with self.bench(tmp_path) as bench:
            with monkeypatch.context() as patched:
                patched.setattr(sys, "executable", str(tmp_path / "removed"))
                began = time.monotonic()
                bench.engine.set_limits(0, 3, 60.0)
                bench.engine.demand(3)
                # the three that were started together count once; then one after 1 s, one 2 s later, one 4 s later
                await bench.until(lambda: len(bench.said("failed")) == 6)
                assert time.monotonic() - began > 7
            # whoever changes the environment need not wait
            bench.engine.set_limits(0, 2, 60.0)
            await bench.idle(2)

    @pytest.mark.asyncio
    async def test_a_machine_without_a_process_is_a_failed_one(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with self.bench(tmp_path) as bench:
            with monkeypatch.context() as patched:
                patched.setattr(sys, "executable", str(tmp_path / "removed"))
                bench.engine.set_limits(0, 1, 60.0)
                bench.engine.demand(1)
                (failed,) = await bench.until(lambda: bench.said("failed"))
            assert "could not be started" in failed.reason
            await bench.idle(1)

    @pytest.mark.asyncio
    async def test_an_order_is_no_task_that_dask_would_run_again(self, tmp_path: Path) -> None:
        async with self.bench(tmp_path) as bench:
            bench.engine.set_limits(0, 1, 60.0)
            bench.engine.demand(1)
            await bench.idle(1)
            assert isinstance(bench.engine, DaskEngine)
            scheduler = bench.engine._cluster.scheduler
            assert scheduler is not None
            for count in (1, 2):
                await bench.place("quick")
                await bench.until(lambda count=count: len(bench.said("free")) == count)
                assert not scheduler.tasks
                assert not scheduler.task_prefixes

    @pytest.mark.asyncio
    async def test_an_idle_machine_that_hangs_leaves_nothing_when_it_is_closed(self, tmp_path: Path) -> None:
        async with self.bench(tmp_path) as bench:
            bench.engine.set_limits(0, 1, 60.0)
            bench.engine.demand(1)
            await bench.idle(1)
            (record,) = records(machines_folder(bench.project.state))
            os.kill(record.machine.pid, signal.SIGSTOP)
            bench.engine.set_limits(0, 0, 60.0)
            await bench.until(lambda: not records(machines_folder(bench.project.state)))
            assert not Path(record.scratch).exists()
            assert not record.machine.alive()


def _refused(host: str, port: int) -> bool:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with socket.create_connection((host, port), 5) as plain, context.wrap_socket(plain) as encrypted:
            # with TLS 1.3 the client's certificate is asked for after the handshake: the first read tells
            return encrypted.recv(1) == b""
    except (ssl.SSLError, ConnectionError):
        return True


def test_an_engine_that_is_not_installed_is_named_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(UnknownEngine, match=r"'mainframe', which is not installed. Installed: .*local"):
        open_engine("mainframe", slug="big", state=StateFolder(tmp_path), options={})


@pytest.mark.asyncio
async def test_a_machine_that_has_an_image_or_input_is_preferred(tmp_path: Path) -> None:
    async with TestLocalEngine().bench(tmp_path) as bench:
        bench.engine.set_limits(2, 2, 60.0)
        await bench.idle(2)

        async def place(step: str, want: str) -> Placement:
            given = await bench.order(step)
            order = Order(given.execution_id, given.attempt, given.token, bench.url, wants=(want, "of all"))
            assert await bench.engine.place(order)
            return given

        def machine_of(given: Placement) -> str:
            return next(m.name for m in bench.engine.machines() if m.execution == given.execution_id)

        first = await place("slow", "image-a")
        second = await place("slow", "image-b")
        had_a, had_b = machine_of(first), machine_of(second)
        # the one that is used last is not the one that is wanted
        for given in (second, first):
            await bench.until(lambda given=given: "begun" in bench.project.lines(given.execution_id))
            await bench.project_stop(given)
            await bench.until(
                lambda given=given: [c for c in bench.said("free") if c.execution_id == given.execution_id]
            )
        assert had_a != had_b
        assert machine_of(await place("slow", "image-b")) == had_b
