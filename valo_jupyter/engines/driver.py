"""What every machine does, wherever it is: one order after the other, and a kernel started ahead for the next."""

from __future__ import annotations

import contextvars
import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from valo_jupyter.domain.errors import ValoError
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.engines.processes import MachineFile, MachineRecord, ProcessId, machines_folder

log = logging.getLogger(__name__)

_LEAVE_SECONDS = 10.0
#: orders whose results are remembered
_RESULTS = 20


class Driver:
    """A machine's own program, but for how it is reached. Subclasses say how an order is run (`drive`).

    Parameters
    ----------
    state
        Where the machine is written down, and keeps its log; of its server, or a folder like it elsewhere.
    engine
        The engine's process, when it is on this computer.
    """

    def __init__(self, name: str, state: StateFolder, *, engine: ProcessId | None, kernel: dict[str, Any] | None):
        from valo_jupyter.runtime.kernels import KernelPool

        self.name = name
        self.state = state
        # under /tmp for its short name, which the paths of sockets need
        self.scratch = tempfile.mkdtemp(prefix="valo-", dir="/tmp")
        record = MachineRecord(name=name, machine=own_process(), engine=engine, scratch=self.scratch)
        self.file = MachineFile(machines_folder(state), record)
        self.kernels = KernelPool(size=1, socket_folder=Path(self.scratch), watch=self.file)
        # the kernel starts on another core while this process goes to its engine
        self._warm(kernel)
        self._lock = threading.Lock()
        self._idle = threading.Event()
        self._idle.set()
        self._leaving = False
        self._results: dict[tuple[str, int], Future[str]] = {}
        # Dask gives every task a context of its own, in which jupyter_client would look for its event loop in vain, and
        # make another one each time
        self._context = contextvars.copy_context()

    def drive(self, order: dict[str, Any]) -> str:
        """Run the order to its end; the execution's final status, or `stale`."""
        raise NotImplementedError

    @staticmethod
    def prepare() -> None:
        """Import what orders need, so that the first one, which may come meanwhile, waits less."""
        import valo_jupyter.runtime.job  # noqa: F401

    def run_job(self, *arguments: Any, **options: Any) -> str:
        from valo_jupyter.runtime.job import run_job

        return run_job(*arguments, **options)

    def kernel_to_warm(self, kernel: dict[str, Any] | None) -> dict[str, Any] | None:
        """What this machine makes of the kernelspec of an order; None: its own `python3`."""
        return kernel

    def abandon(self) -> None:
        """See that all that runs here is ended, from outside of this process, which is about to end."""
        command = [sys.executable, "-m", "valo_jupyter.engines.remains", str(self.state.root), self.name]
        subprocess.Popen(command, start_new_session=True, stdin=subprocess.DEVNULL)

    def farewell(self) -> None:
        """Nothing runs here any more."""

    def run(self, order: dict[str, Any]) -> str:
        """Run the order, once: given again, while it runs or later, it has the same result."""
        key = (order["execution_id"], order["attempt"])
        with self._lock:
            if self._leaving:
                return "stale"
            result = self._results.get(key)
            if result is not None:
                known = True
            else:
                known, result = False, Future()
                self._results[key] = result
                while len(self._results) > _RESULTS:
                    del self._results[next(iter(self._results))]
                self._idle.clear()
        if not known:
            result.set_result(self._run(order))
        return result.result()

    def _run(self, order: dict[str, Any]) -> str:
        self.file.runs(order["execution_id"], order["attempt"])
        try:
            return self._context.run(self.drive, order)
        except Exception:
            # `run_job` raises nothing; the lease tells what became of the attempt
            log.exception("the order of %s failed", order["execution_id"])
            return "crashed"
        finally:
            self.file.runs(None, None)
            self._idle.set()
            self._warm(order["kernel"])

    def _warm(self, kernel: dict[str, Any] | None) -> None:
        try:
            self.kernels.warm(self.kernel_to_warm(kernel))
        except ValoError as error:
            # an execution that needs this kernel fails with the same message
            log.warning("no kernel is kept warm: %s", error.message)

    def leave(self, code: int) -> None:
        """End this process: an idle machine puts its kernel away, a busy one has everything ended by somebody else.

        Were that done here, the run in the other thread would see its processes die, and report it as their failure.
        """
        with self._lock:
            first, self._leaving = not self._leaving, True
        if not first:
            # another thread is about to end the process
            time.sleep(_LEAVE_SECONDS)
        try:
            if self._idle.is_set():
                self.kernels.close()
                self.file.end_groups()
                self.file.remove()
                self.farewell()
            else:
                self.abandon()
        finally:
            os._exit(code)


def own_process() -> ProcessId:
    found = ProcessId.of(os.getpid())
    assert found is not None, "a process finds itself"
    return found
