"""Machines that are processes on this computer."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
from collections.abc import Awaitable
from dataclasses import asdict
from typing import Any

from distributed.deploy.spec import ProcessInterface

from valo_jupyter.domain.state import StateFolder
from valo_jupyter.engines.credentials import Credentials
from valo_jupyter.engines.dask import DaskEngine
from valo_jupyter.engines.logs import tail
from valo_jupyter.engines.processes import ProcessId
from valo_jupyter.engines.remains import end_execution

_START_SECONDS = 60.0
_CLOSE_SECONDS = 5.0

#: what is ours, or another execution's, in this process's environment: no user code is to see it
_PRIVATE = ("VALO_", "VH_", "DASK_")


class LocalEngine(DaskEngine):
    """One machine is one process with one slot. All of them end with this process, whatever ends it."""

    def __init__(self, *, slug: str, state: StateFolder, options: dict[str, Any]) -> None:
        self.state = state
        self.credentials = Credentials.in_folder(state.root / "tls")
        super().__init__(slug=slug, credentials=self.credentials)
        self._prefix = f"{slug}-{secrets.token_hex(3)}"
        self._count = 0
        self._processes: dict[str, _MachineProcess] = {}
        own = ProcessId.of(os.getpid())
        assert own is not None, "a process finds itself"
        self.own = own

    def machine_spec(self) -> dict[str, Any]:
        return {"cls": _MachineProcess, "options": {"engine": self}}

    def new_name(self) -> str:
        self._count += 1
        return f"{self._prefix}-{self._count}"

    def process_of(self, name: str) -> int | None:
        machine = self._processes.get(name)
        return machine.pid if machine else None

    def explain(self, name: str) -> Awaitable[str | None]:
        machine = self._processes.get(name)
        return machine.ending(0.5) if machine else super().explain(name)

    async def end(self, name: str, execution_id: str | None) -> None:
        machine = self._processes.get(name)
        if machine is not None:
            machine.kill()
        await asyncio.to_thread(end_execution, self.state, execution_id, name)

    async def close(self) -> None:
        machines = list(self._processes.values())
        await super().close()
        await asyncio.gather(*(machine.ending(_CLOSE_SECONDS + 1) for machine in machines))
        for machine in machines:
            await self.end(machine.name, None)

    def keep(self, name: str, machine: _MachineProcess) -> None:
        self._processes[name] = machine

    def ended(self, name: str, reason: str) -> None:
        """The process of a machine has ended, and may not have put everything away."""
        self._processes.pop(name, None)
        self._spawn(self.end(name, None))
        self.gone(name, reason)


class _MachineProcess(ProcessInterface):
    """Starts a machine and tells the engine when it ends; returns as soon as it is on its way, as Dask asks."""

    def __init__(self, scheduler: str, *, engine: LocalEngine, name: str) -> None:
        super().__init__()
        self._scheduler = scheduler
        self._engine = engine
        self.name = name
        self._process: asyncio.subprocess.Process | None = None
        self._waiter: asyncio.Task[str] | None = None
        self._log = engine.state.log / f"machine-{name}.log"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def start(self) -> None:
        try:
            self._process = await self._launch()
        except OSError as error:
            self._engine.ended(self.name, f"its process could not be started: {error}")
        else:
            self._engine.keep(self.name, self)
            self._waiter = asyncio.get_running_loop().create_task(self._wait(self._process))
        await super().start()

    async def _launch(self) -> asyncio.subprocess.Process:
        engine = self._engine
        engine.state.log.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(self._log, "ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "valo_jupyter.engines.machine",
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=engine.state.root,
                env={name: value for name, value in os.environ.items() if not name.startswith(_PRIVATE)},
            )
        config = {
            "name": self.name,
            "state": str(engine.state.root),
            "log": str(self._log),
            "scheduler": self._scheduler,
            "engine": [engine.own.pid, engine.own.started],
            "credentials": asdict(engine.credentials),
            "kernel": engine.last_kernel,
        }
        assert process.stdin is not None
        process.stdin.write(json.dumps(config).encode() + b"\n")
        return process

    async def _wait(self, process: asyncio.subprocess.Process) -> str:
        timer = asyncio.get_running_loop().call_later(_START_SECONDS, self._too_slow)
        code = await process.wait()
        timer.cancel()
        reason = f"its process was ended by signal {-code}" if code < 0 else f"its process exited with code {code}"
        if code > 0:
            reason = f"{reason}: {tail(self._log)}"
        elif code == 0:
            self._log.unlink(missing_ok=True)
        self._engine.ended(self.name, reason)
        return reason

    async def ending(self, patience: float) -> str | None:
        """How the process ended, if it does within `patience` seconds."""
        if self._waiter is None:
            return None
        done, _ = await asyncio.wait({self._waiter}, timeout=patience)
        return self._waiter.result() if done else None

    def _too_slow(self) -> None:
        if any(m.name == self.name and m.state == "starting" for m in self._engine.machines()):
            self.kill()

    def kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def close(self) -> None:
        """Let it put its kernel away, for a moment; then kill it."""
        if self._process is not None and self._process.returncode is None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            asyncio.get_running_loop().call_later(_CLOSE_SECONDS, self.kill)
        await super().close()
