"""Whoever holds a machine's key reaches the engine's scheduler, and has nothing run there."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from distributed.comm import connect
from distributed.protocol import ToPickle
from distributed.protocol.pickle import dumps

from valo_jupyter.domain.state import StateFolder
from valo_jupyter.engines.cluster import security
from valo_jupyter.engines.credentials import Credentials
from valo_jupyter.engines.local import LocalEngine


class Opens:
    """Makes a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return open, (str(self.path), "w")


@pytest.mark.asyncio
async def test_a_machines_key_runs_nothing_in_the_engine(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "state")
    engine = LocalEngine(slug="guarded", state=state, options={})
    await engine.start()
    try:
        scheduler = engine._cluster.scheduler
        assert scheduler is not None
        keys = security(Credentials.of_machines(state.root / "tls")).get_connection_args("worker")
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
        for _ in range(600):
            if engine.free():
                break
            await asyncio.sleep(0.1)
        assert engine.free() == 1
    finally:
        await engine.close()
