"""Machines elsewhere, as plain processes of this computer that cannot see the server's state folder."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import uuid
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

from distributed.deploy.spec import ProcessInterface

from valo_jupyter import __version__
from valo_jupyter.domain.lease import FENCE_SECONDS
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.engines.credentials import Credentials
from valo_jupyter.engines.dask import DaskEngine
from valo_jupyter.engines.port import Order
from valo_jupyter.engines.remains import end_execution

ROOT = Path(__file__).parents[2]


def hidden(state: Path, *command: str) -> list[str]:
    """The command in a mount namespace in which the state folder is empty."""
    user = [] if os.getuid() == 0 else ["--map-root-user"]
    script = 'mount -t tmpfs none "$0" && exec "$@"'
    return ["unshare", *user, "--mount", "sh", "-c", script, str(state), *command]


class ProcessEngine(DaskEngine):
    """Each machine is the program of machines elsewhere, with a home and folders of its own."""

    def __init__(self, state: StateFolder, home: Path, **config: Any) -> None:
        self.state, self.home, self.config = state, home, config
        self.patience = FENCE_SECONDS
        #: of its machines, beside their own
        self.variables: dict[str, str] = {}
        self.processes: dict[str, _Process] = {}
        super().__init__(slug="bench", credentials=Credentials.in_folder(state.root / "tls"))

    @property
    def folder(self) -> StateFolder:
        return StateFolder(self.home / ".cache" / "valo")

    @property
    def port(self) -> int:
        """Where its scheduler listens."""
        scheduler = self._cluster.scheduler
        assert scheduler is not None
        return int(scheduler.address.rpartition(":")[2])

    def machine_spec(self) -> dict[str, Any]:
        return {"cls": _Process, "options": {"engine": self}}

    def new_name(self) -> str:
        return f"far-{uuid.uuid4().hex[:8]}"

    def address_for(self, name: str, order: Order) -> str:
        return order.machines_url or order.server_url

    def explain(self, name: str) -> Awaitable[str | None]:
        process = self.processes.get(name)
        return process.ending() if process else super().explain(name)

    async def end(self, name: str, execution_id: str | None) -> None:
        await asyncio.to_thread(end_execution, self.folder, execution_id, name)

    async def close(self) -> None:
        processes = list(self.processes.values())
        await super().close()
        await asyncio.gather(*(process.close() for process in processes))

    def configuration(self, name: str, scheduler: str) -> dict[str, Any]:
        return {
            "name": name,
            "scheduler": scheduler,
            "tls": Credentials.of_machine(self.state.root / "tls", name),
            "folder": "~/.cache/valo",
            "version": __version__,
            "site": {"kind": "ssh", "place": "on-prem", "region": "here"},
            **self.config,
        }


class _Process(ProcessInterface):
    def __init__(self, scheduler: str, *, engine: ProcessEngine, name: str) -> None:
        super().__init__()
        self._scheduler, self._engine, self._name = scheduler, engine, name

    async def start(self) -> None:
        engine = self._engine
        engine.home.mkdir(exist_ok=True)
        variables = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        self._process = await asyncio.create_subprocess_exec(
            *hidden(engine.state.root, sys.executable, "-m", "valo_jupyter.engines.remote"),
            stdin=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd="/",
            env={**variables, "HOME": str(engine.home), "PYTHONPATH": str(ROOT), **engine.variables},
            start_new_session=True,
        )
        assert self._process.stdin is not None
        config = await asyncio.to_thread(engine.configuration, self._name, self._scheduler)
        self._process.stdin.write(json.dumps(config).encode() + b"\n")
        engine.processes[self._name] = self
        self._waiter = asyncio.get_running_loop().create_task(self._wait())
        await super().start()

    async def _wait(self) -> str:
        assert self._process.stderr is not None
        said = await self._process.stderr.read()
        code = await self._process.wait()
        reason = f"its process was ended by signal {-code}" if code < 0 else f"its process exited with code {code}"
        reason = f"{reason}: {said.decode().strip()}" if said else reason
        self._engine.processes.pop(self._name, None)
        self._engine.gone(self._name, reason)
        return reason

    async def ending(self) -> str | None:
        done, _ = await asyncio.wait({self._waiter}, timeout=1)
        return self._waiter.result() if done else None

    async def close(self) -> None:
        """Ask it to leave, and wait until it has."""
        if self._process.returncode is None:
            assert self._process.stdin is not None
            self._process.stdin.write(b"leave\n")
            done, _ = await asyncio.wait({self._waiter}, timeout=10)
            if not done:
                self._process.kill()
                await self._waiter
        await super().close()
