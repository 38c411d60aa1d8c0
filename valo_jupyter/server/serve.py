"""A web process from its lock to its end: found by `server.json`, watched by the engine, gone when nobody needs it."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from valo_jupyter import __version__
from valo_jupyter.domain import clock
from valo_jupyter.domain.errors import Conflict, ValoError
from valo_jupyter.domain.state import StateFolder, write_private
from valo_jupyter.engines.logs import BoundedLog
from valo_jupyter.server.companion import Companion
from valo_jupyter.server.idle import idle_seconds, until_idle
from valo_jupyter.server.listener import Address
from valo_jupyter.server.locks import Lock, holder, last_holder, refuse_network
from valo_jupyter.server.wake import ask_engine
from valo_jupyter.server.web import Web, local_token, until_signal

log = logging.getLogger(__name__)

T = TypeVar("T")

_LOG_CHECK_SECONDS = 60
_ENGINE_END_SECONDS = 15.0


async def serve(
    state: StateFolder,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    database_url: str | None = None,
    machines: Address | None = None,
    local: bool = False,
    output: BoundedLog | None = None,
) -> None:
    """Serve until a signal or, if `local`, until nobody needs the server.

    Parameters
    ----------
    port
        None: the one of the last server of this state folder if it is free, so that machines and browsers find it
        again; else any.
    machines
        Where machines elsewhere are to find it; None: as configured.
    local
        A user's own server, in the background: the engine starts it again when it dies.
    output
        Where this process writes; kept short.

    Raises
    ------
    Conflict
        Another process is this state folder's server.
    """
    path = state.lock("web")
    last = last_holder(path)
    lock = Lock.take(path, patience=1.0, version=__version__)
    if lock is None:
        by = (holder(path) or {}).get("pid")
        raise Conflict(f"Process {by} already serves {state.root}. `jupyter valo status` shows it.")
    web = Web(state, database_url)
    try:
        local_token(web.services)
        wanted = (last.get("port") or 0) if port is None else port
        url = await _listen(lambda port: web.listen(host, port), wanted, may_change=port is None)
        address = machines or Address.configured(state)
        told = await _listen(
            lambda port: web.listen_for_machines(address, port), last.get("machines_port") or 0, may_change=True
        )
        # what the file says outlives this process: the engine restarts only what asks for it
        lock.write(version=__version__, port=web.port, machines_port=web.machines_port, respawn=local)
        _announce(state, url, told)
        companion = Companion.engine(state)
        aside = [asyncio.create_task(companion.run()), asyncio.create_task(_turn(output))]
        seconds = idle_seconds(state) if local else None
        await _until_end(web, lock, companion, seconds)
        for task in aside:
            task.cancel()
        if (state.read_server() or {}).get("pid") == os.getpid():
            state.server_file.unlink(missing_ok=True)
    finally:
        await web.close()
        lock.release()


async def _listen(listen: Callable[[int], Awaitable[T]], port: int, *, may_change: bool) -> T:
    try:
        return await listen(port)
    except OSError as error:
        if not (may_change and port and error.errno == errno.EADDRINUSE):
            raise
        return await listen(0)


def _announce(state: StateFolder, url: str, machines: dict[str, Any]) -> None:
    content = {
        "url": url,
        "machines": machines,
        "pid": os.getpid(),
        "version": __version__,
        "host": socket.gethostname(),
        "started": clock.text(clock.now()),
        "python": sys.executable,
    }
    write_private(state.server_file, json.dumps(content))


async def _until_end(web: Web, lock: Lock, companion: Companion, idle: float | None) -> None:
    """Wait for a signal, for the state folder to be removed, or for `idle` seconds in which nobody needs the server."""
    signal, gone = asyncio.create_task(until_signal()), asyncio.create_task(lock.until_gone())
    while True:
        ends = {signal, gone}
        if idle is not None:
            needed = until_idle(idle, last_request=lambda: web.last_used, incomplete=web.services.pool.incomplete)
            ends.add(asyncio.create_task(needed))
        done, others = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if gone in done:
            log.error("the state folder %s was removed; this server ends", web.state.root)
        elif signal not in done and not await _end_engine(web.state):
            continue
        companion.stop()
        for task in others:
            task.cancel()
        return


async def _end_engine(state: StateFolder) -> bool:
    """Stop the engine of a server that nobody has needed; False if somebody is starting the server this moment."""
    guard = await asyncio.to_thread(Lock.take, state.lock("start"), 1.0)
    if guard is None:
        return False
    log.info("nobody has needed this server for long; it ends")
    try:
        await asyncio.to_thread(ask_engine, state, "stop")
        for _ in range(int(_ENGINE_END_SECONDS / 0.1)):
            if holder(state.lock("engine")) is None:
                break
            await asyncio.sleep(0.1)
        return True
    finally:
        guard.release()


async def _turn(output: BoundedLog | None) -> None:
    while output is not None:
        await asyncio.sleep(_LOG_CHECK_SECONDS)
        output.check()


def main() -> None:
    """The detached web process of a user's own server."""
    state = StateFolder.default()
    refuse_network(state.root)
    output = BoundedLog(state.log / "web.log")
    try:
        asyncio.run(serve(state, local=True, output=output))
    except ValoError as error:
        # the log's last line, which whoever started this one shows, unless another one was faster
        sys.exit(error.message)


if __name__ == "__main__":
    main()
