"""The engine process: the machines of all environments, apart from the web process, so that each outlives the other."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import signal
import socket
import uuid
from typing import Any

from valo_jupyter import __version__
from valo_jupyter.domain import clock
from valo_jupyter.domain.placement import EnvironmentPlan
from valo_jupyter.domain.state import StateFolder, write_private
from valo_jupyter.engines.logs import BoundedLog
from valo_jupyter.engines.port import Engine
from valo_jupyter.engines.processes import ProcessId
from valo_jupyter.engines.registry import open_engine
from valo_jupyter.engines.remains import take_over
from valo_jupyter.server.companion import Companion
from valo_jupyter.server.dispatch import Addresses, Dispatcher
from valo_jupyter.server.locks import Lock
from valo_jupyter.server.trials import TrialRunner
from valo_jupyter.server.wake import Listener
from valo_jupyter.services import Services
from valo_jupyter.services.trials import Trial

log = logging.getLogger(__name__)

_LOG_CHECK_SECONDS = 60

#: the database of a team's server; the address holds a password, so it shows in no list of processes
DATABASE_VARIABLE = "VALO_DATABASE_URL"


class EngineProcess:
    """The listener, the dispatcher and the watch over the web process; lives while it holds `lock`, or drains."""

    def __init__(self, state: StateFolder, services: Services, lock: Lock, output: BoundedLog) -> None:
        self._state = state
        self._pool = services.pool
        self._machines = services.machines
        self._options = services.options
        self._lock = lock
        self._output = output
        self._id = uuid.uuid4().hex
        self._trials = TrialRunner(services.trials, self._id, open_engine=self._open_trial, addresses=self._where)
        self._addresses: Addresses | None = None
        self._companion = Companion.web(state)
        self._dispatcher = Dispatcher(
            services.pool,
            services.machines,
            self._id,
            beat=self._beat,
            addresses=self._where,
            open_engine=self._open_engine,
        )

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._dispatcher.stop)
        before = self._state.read_engine()
        # first: ending machines takes time, and who answers nobody is held for dead
        listener = self._listen()
        await loop.run_in_executor(None, self._take_over, before)
        watch = loop.create_task(self._companion.run())
        turn = loop.create_task(self._turn_log())
        trials = loop.create_task(self._trials.run())
        removed = loop.create_task(self._end_with_the_folder())
        try:
            await self._dispatcher.run()
        finally:
            self._companion.stop()
            self._forget_file()
            trials.cancel()
            await asyncio.gather(trials, self._dispatcher.close(), return_exceptions=True)
            listener.close()
            for task in (watch, turn, removed):
                task.cancel()

    def _take_over(self, before: dict[str, Any] | None) -> None:
        """End what an engine before this one left, when it no longer lives, and its right to place."""
        if before and "id" in before and not ProcessId(before["pid"], before["born"]).alive():
            self._machines.forget(before["id"])
            self._pool.leave(before["id"])
        take_over(self._state)

    def _listen(self) -> Listener:
        key = secrets.token_urlsafe(32)
        commands = {"wake": self._woken, "drain": self._drain, "stop": self._stop, "status": self._status}
        listener = Listener(key, commands)
        own = ProcessId.of(os.getpid())
        assert own is not None, "a process finds itself"
        content = {
            "id": self._id,
            "pid": own.pid,
            "born": own.started,
            "port": listener.port,
            "key": key,
            "version": __version__,
            "started": clock.text(clock.now()),
        }
        write_private(self._state.engine_file, json.dumps(content))
        return listener

    def _forget_file(self) -> None:
        mine = self._state.read_engine()
        if mine and mine.get("id") == self._id:
            self._state.engine_file.unlink(missing_ok=True)

    def _woken(self) -> None:
        self._dispatcher.wake()
        self._trials.wake()

    def _drain(self) -> None:
        """Make room for a newer engine; go on until what runs here has ended."""
        self._companion.stop()
        self._dispatcher.drain()
        self._trials.drain()
        self._forget_file()
        self._lock.release()

    def _stop(self) -> None:
        self._companion.stop()
        self._dispatcher.stop()

    def _status(self) -> dict[str, Any]:
        return {
            "pid": os.getpid(),
            "version": __version__,
            "draining": self._dispatcher.draining,
            "machines": self._dispatcher.machines(),
            "problems": self._dispatcher.problems,
        }

    def _beat(self, draining: bool) -> bool:
        return self._pool.heartbeat(
            self._id, host=socket.gethostname(), pid=os.getpid(), version=__version__, draining=draining
        )

    def _where(self) -> Addresses | None:
        server = self._state.read_server()
        # a web process that is being restarted will be found again: machines wait for it
        if server:
            self._addresses = Addresses(server["url"], (server.get("machines") or {}).get("url"))
        return self._addresses

    def _open_engine(self, plan: EnvironmentPlan) -> Engine:
        options = self._options.opened(plan.options, plan.secrets)
        return open_engine(plan.engine, slug=plan.slug, state=self._state, options=options)

    def _open_trial(self, trial: Trial, slug: str) -> Engine:
        return open_engine(trial.engine, slug=slug, state=self._state, options=trial.options)

    async def _end_with_the_folder(self) -> None:
        await self._lock.until_gone()
        log.error("the state folder %s was removed; this engine ends", self._state.root)
        self._stop()

    async def _turn_log(self) -> None:
        while True:
            await asyncio.sleep(_LOG_CHECK_SECONDS)
            self._output.check()


def main() -> None:
    state = StateFolder.default()
    lock = Lock.take(state.lock("engine"), patience=1.0, version=__version__)
    if lock is None:
        return  # another one was faster
    output = BoundedLog(state.log / "engine.log")
    services = Services.open(state, os.environ.pop(DATABASE_VARIABLE, None))
    try:
        asyncio.run(EngineProcess(state, services, lock, output).run())
    finally:
        services.close()
