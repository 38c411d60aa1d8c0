"""A machine elsewhere: a Dask worker that comes to its scheduler, and reaches its server over the run API alone.

`python -m valo_jupyter.engines.remote [FILE]`: the configuration of `docs/developer/pool.md` is the first line of
standard input, or in a private file that is removed at once, or in the variable `VALO_MACHINE`.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import logging
import os
import shutil
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import IO, Any

from valo_jupyter import __version__
from valo_jupyter.domain.errors import Conflict, Invalid, ValoError
from valo_jupyter.domain.lease import FENCE_SECONDS, lease_clock
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.engines import lean
from valo_jupyter.engines.driver import Driver
from valo_jupyter.engines.fence import Watchdog
from valo_jupyter.engines.logs import BoundedLog
from valo_jupyter.engines.processes import machines_folder
from valo_jupyter.engines.remains import end_dead_machines

log = logging.getLogger(__name__)

VARIABLE = "VALO_MACHINE"
_RETRY_SECONDS = 1.0
#: of a silent scheduler; it may also be very busy
_ANSWER_SECONDS = FENCE_SECONDS / 2
#: what its provider says of it, and is recorded with executions
_SITE = ("kind", "place", "region", "provider")


class RemoteMachine(Driver):
    """A machine with folders of its own, laid out like a state folder; others on its computer may share them."""

    def __init__(self, config: dict[str, Any], state: StateFolder) -> None:
        from valo_jupyter.runtime.cache import largest_for
        from valo_jupyter.runtime.contract import Place

        self._addresses = config.get("addresses")
        self._scheduler = config["scheduler"]
        self._lock_file = _only_one(state, config["name"])
        super().__init__(config["name"], state, engine=None, kernel=config.get("kernel"))
        command = [sys.executable, "-m", "valo_jupyter.engines.remains", str(state.root), self.name]
        self._watchdog = Watchdog(self.file.path, command, lost=lambda: self.leave(1))
        site = config.get("site") or {}
        self.place = Place(
            jobs=state.jobs,
            cache=state.cache,
            cache_bytes=config.get("cache_bytes") or largest_for(state.root),
            ca=config["tls"]["ca"],
            site={name: site.get(name) for name in _SITE},
            fence=self._watchdog,
        )

    def drive(self, order: dict[str, Any]) -> str:
        return self.run_job(
            order["server_url"],
            order["execution_id"],
            order["attempt"],
            order["token"],
            kernels=self.kernels,
            watch=self.file,
            refresh_url=lambda: self._current("server") or order["server_url"],
            place=self.place,
        )

    def kernel_to_warm(self, kernel: dict[str, Any] | None) -> dict[str, Any] | None:
        from valo_jupyter.runtime.elsewhere import own_kernel

        # the `argv` of an order's kernelspec is that of the computer it was submitted on
        return own_kernel({"name": kernel["name"], "language": kernel.get("language")} if kernel else None)

    def hardware(self) -> dict[str, Any]:
        from valo_jupyter.runtime.machine import describe_machine

        return describe_machine() | dict(self.place.site)

    def scheduler(self) -> str:
        return self._current("scheduler") or self._scheduler

    def abandon(self) -> None:
        """The watchdog sees this process end, and does the rest."""

    def farewell(self) -> None:
        (self.state.log / f"machine-{self.name}.log").unlink(missing_ok=True)
        (machines_folder(self.state) / f"{self.name}.lock").unlink(missing_ok=True)
        self._watchdog.release()

    def _current(self, what: str) -> str | None:
        """An address that has changed since the start."""
        if self._addresses is None:
            return None
        try:
            return json.loads(Path(self._addresses).read_text()).get(what)
        except (OSError, ValueError, AttributeError):
            return None


async def _serve(config: dict[str, Any], machine: RemoteMachine, output: BoundedLog) -> None:
    """Take orders; when the connection ends, come back until the fence has passed."""
    from valo_jupyter.engines.cluster import security
    from valo_jupyter.engines.credentials import Credentials
    from valo_jupyter.engines.peers import standing_for
    from valo_jupyter.engines.worker import serve

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: threading.Thread(target=machine.leave, args=(0,)).start())
    credentials = security(Credentials(**config["tls"]))
    # an engine that does not answer at all is waited for as long as one that has gone
    last = lease_clock()
    arrived = False

    def connected() -> None:
        nonlocal arrived, last
        arrived, last = True, float("inf")

    while True:
        try:
            dismissed = await serve(
                machine.scheduler(),
                name=machine.name,
                run=machine.run,
                prepare=machine.prepare,
                security=credentials,
                folder=machine.scratch,
                hardware=machine.hardware,
                minutely=output.check,
                patience=FENCE_SECONDS,
                contact=standing_for(machine.name),
                connected=connected,
                unanswered=_ANSWER_SECONDS,
            )
            if dismissed:
                return
        except Exception as error:
            if not arrived:
                raise
            log.warning("the engine does not take this machine back yet: %r", error)
        last = min(last, lease_clock())
        if lease_clock() - last > FENCE_SECONDS:
            log.warning("the engine has been gone for %.0f s; this machine ends", FENCE_SECONDS)
            return
        await asyncio.sleep(_RETRY_SECONDS)


def _only_one(state: StateFolder, name: str) -> IO[str]:
    folder = machines_folder(state)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = (folder / f"{name}.lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise Conflict(f"The machine {name} runs already; a machine starts once.") from None
    return file


def _configuration(arguments: list[str]) -> tuple[dict[str, Any], IO[str] | None]:
    """The configuration, and where the engine says that the machine is to leave, if it can."""
    if arguments:
        path = Path(arguments[0])
        text = path.read_text()
        path.unlink(missing_ok=True)
        return json.loads(text), None
    if text := os.environ.pop(VARIABLE, None):
        _without_variable(text)
    lines = os.fdopen(os.dup(0), "r")
    return json.loads(lines.readline()), lines


def _without_variable(text: str) -> None:
    """Begin again with the configuration on standard input: what a process was started with can be read for long."""
    end, start = os.pipe()
    os.write(start, text.encode() + b"\n")
    os.close(start)
    os.dup2(end, 0)
    os.execve(sys.executable, [sys.executable, "-m", "valo_jupyter.engines.remote"], os.environ)


def _listen(lines: IO[str], machine: RemoteMachine) -> None:
    # that the pipe ends says nothing: a connection may have ended that the engine makes anew
    for line in lines:
        if line.strip() == "leave":
            machine.leave(0)


def _prepare(config: dict[str, Any]) -> StateFolder:
    if config["version"] != __version__:
        raise Invalid(
            f"This machine has version {__version__} of valo-jupyter, the server {config['version']}: "
            "install the server's version there, or let the server send its own."
        )
    if shutil.which("git") is None:
        raise Invalid(f"git is not installed on {socket.gethostname()}, or not on its PATH; a machine needs it.")
    # as the computer itself has it: $SLURMD_NODENAME, $USER
    folder = os.path.expandvars(config.get("folder") or "~/.cache/valo")
    state = StateFolder(Path(folder).expanduser().absolute())
    for folder in (state.root, state.jobs, state.cache, state.log):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return state


def main() -> None:
    lean.forgo()
    words = os.fdopen(os.dup(2), "w")
    try:
        config, lines = _configuration(sys.argv[1:])
        state = _prepare(config)
        output = BoundedLog(state.log / f"machine-{config['name']}.log")
        end_dead_machines(state)
        machine = RemoteMachine(config, state)
    except (ValoError, OSError, ValueError, KeyError) as error:
        text = error.message if isinstance(error, ValoError) else f"this machine cannot start: {error!r}"
        print(text, file=words, flush=True)
        sys.exit(1)
    if lines is not None:
        threading.Thread(target=_listen, args=(lines, machine), name="engine-watch", daemon=True).start()
    code = 0
    try:
        asyncio.run(_serve(config, machine, output))
    except Exception as error:
        log.exception("this machine has failed")
        print(f"the engine at {config['scheduler']} cannot be reached: {error}", file=words, flush=True)
        code = 1
    finally:
        machine.leave(code)


if __name__ == "__main__":
    main()
