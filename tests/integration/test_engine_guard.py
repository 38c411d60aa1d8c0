"""Whoever holds a machine's key reaches the engine's scheduler, and has nothing run there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from distributed.comm.core import Comm, connect, listen
from distributed.protocol.pickle import dumps
from distributed.protocol.serialize import ToPickle

from tests.parts.elsewhere import ProcessEngine
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.engines.cluster import security
from valo_jupyter.engines.credentials import Credentials
from valo_jupyter.engines.local import LocalEngine
from valo_jupyter.engines.peers import standing_for


class Opens:
    """Makes a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return open, (str(self.path), "w")


async def _until(condition: Callable[[], Any]) -> None:
    for _ in range(600):
        if condition():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("it did not come to be")


def _about(worker: Any) -> dict[str, Any]:
    """What a worker says of itself when it registers, beside its name and address."""
    return {
        "status": "running", "server_id": "x", "nthreads": 1, "now": time.time(), "resources": {},
        "memory_limit": None, "metrics": worker.metrics, "local_directory": "", "versions": {}, "nanny": None,
        "extra": {}, "services": {}, "stimulus_id": "x",
    }  # fmt: skip


def _keys(state: StateFolder, machine: str) -> dict[str, Any]:
    texts = Credentials.of_machine(state.root / "tls", machine)
    return security(Credentials(**texts)).get_connection_args("worker")


@pytest.mark.asyncio
async def test_a_machines_key_runs_nothing_in_the_engine(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "state")
    engine = LocalEngine(slug="guarded", state=state, options={})
    await engine.start()
    try:
        scheduler = engine._cluster.scheduler
        assert scheduler is not None
        keys = _keys(state, "m-1")
        marks = [tmp_path / "function", tmp_path / "pickle", tmp_path / "plugin"]
        for message in (
            {"op": "run_function", "function": dumps(marks[0].touch)},
            {"op": "identity", "extra": ToPickle(Opens(marks[1]))},
            {"op": "register_scheduler_plugin", "plugin": dumps(Opens(marks[2])), "name": "x", "idempotent": False},
        ):
            comm = await connect(scheduler.address, **keys)
            await comm.write({"reply": True, **message})
            try:
                await asyncio.wait_for(comm.read(), 10)
            except (OSError, asyncio.TimeoutError):
                pass  # it may hang up instead of answering
            comm.abort()
        assert [mark.exists() for mark in marks] == [False, False, False]
        # and machines come as ever
        engine.set_limits(0, 1, 60.0)
        engine.demand(1)
        await _until(engine.free)
    finally:
        await engine.close()


@pytest.mark.asyncio
async def test_a_machines_key_speaks_of_no_other_machine(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "state")
    engine = ProcessEngine(state, tmp_path / "home")
    await engine.start()
    try:
        engine.set_limits(0, 1, 60.0)
        engine.demand(1)
        await _until(engine.free)
        scheduler = engine._cluster.scheduler
        assert scheduler is not None
        (worker,) = scheduler.workers.values()
        there = {"address": worker.address, "stimulus_id": "x", "now": 0.0, "metrics": {}}
        for machine, message in (
            # of another one that is there, or is awaited
            ("m-2", {"op": "unregister", "address": worker.address, "stimulus_id": "x"}),
            ("m-2", {"op": "heartbeat_worker", **there}),
            ("m-2", {"op": "register-worker", "name": "far-1", "address": standing_for("far-1")}),
            ("m-2", {"op": "register-worker", "name": "m-2", "address": worker.address}),
            # of itself, but not for a machine
            (worker.name, {"op": "terminate"}),
            (worker.name, {"op": "retire_workers"}),
        ):
            comm = await connect(scheduler.address, **_keys(state, machine))
            await comm.write({"reply": True, **message})
            answer = await asyncio.wait_for(comm.read(), 10)
            comm.abort()
            assert answer["status"] == "uncaught-error"
            assert "may not say" in str(answer)
        # and on the stream that follows
        seen: list[str] = []
        scheduler.stream_handlers["mark"] = lambda worker: seen.append(worker)
        comm = await connect(scheduler.address, **_keys(state, "m-2"))
        address = standing_for("m-2")
        await comm.write({"op": "register-worker", "reply": False, "name": "m-2", "address": address, **_about(worker)})
        assert (await asyncio.wait_for(comm.read(), 10))["status"] == "OK"
        await comm.write([{"op": "mark", "worker": worker.address}])
        await _until(lambda: seen)
        comm.abort()
        assert seen == [address]
        assert worker.address in scheduler.workers
        assert engine.free() == 1
    finally:
        await engine.close()


@pytest.mark.asyncio
async def test_a_machines_key_is_no_schedulers_towards_another_machine(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "state")
    engine = Credentials.in_folder(state.root / "tls")
    arrived: list[Comm] = []

    async def arrive(comm: Comm) -> None:
        arrived.append(comm)

    texts = Credentials.of_machine(state.root / "tls", "m-1")
    for credentials, taken in ((engine, True), (Credentials(**texts), False)):
        keys = security(credentials).get_listen_args("scheduler")
        listener: Any = listen("tls://127.0.0.1:0", arrive, **keys)
        async with listener:
            connecting = connect(listener.contact_address, timeout=20, **_keys(state, "m-2"))
            if taken:
                (await connecting).abort()
            else:
                with pytest.raises(OSError, match="certificate does not match"):
                    await connecting
    assert len(arrived) == 1
