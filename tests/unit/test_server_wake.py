"""Calls to the engine: one connection while it is the same engine, and none that an engine which has gone leaves."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from valo_jupyter.domain.state import StateFolder
from valo_jupyter.server.wake import Caller, Listener, ask_engine


@contextlib.asynccontextmanager
async def engine(state: StateFolder, name: str) -> AsyncIterator[Listener]:
    listener = Listener(name, {"status": lambda: {"name": name}, "wake": lambda: None})
    state.engine_file.write_text(json.dumps({"port": listener.port, "key": name}))
    try:
        yield listener
    finally:
        listener.close()
        await listener._server.close_all_connections()


@pytest.mark.asyncio
async def test_a_caller_keeps_its_connection_and_follows_the_engine(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    caller = Caller(state)

    async def ask(command: str = "status") -> dict | None:
        return await asyncio.to_thread(caller.ask, command)

    assert await ask() is None
    async with engine(state, "first"):
        assert await ask() == {"name": "first"}
        kept = caller._connection
        assert await ask("wake") == {}
        assert caller._connection is kept
    # nobody listens there any more
    assert await ask() is None
    async with engine(state, "second"):
        assert await ask() == {"name": "second"}
        # it forgets its callers, as after an hour
        assert caller._connection is not None
        caller._connection.sock.shutdown(socket.SHUT_RDWR)
        assert await ask() == {"name": "second"}
        assert await asyncio.to_thread(ask_engine, state, "status") == {"name": "second"}
        state.engine_file.unlink()
        assert await ask() is None
        assert caller._connection is None
