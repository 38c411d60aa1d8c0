"""One run of a notebook on one kernel: from the first cell to the kernel's orderly end."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from papermill.log import logger

from valo_jupyter.runtime.capture import Packages
from valo_jupyter.runtime.cells import NOTEBOOK_OUTPUT_BYTES, CellRunner
from valo_jupyter.runtime.contract import Sink, StopRequest, StopSignal
from valo_jupyter.runtime.engine import SavingManager
from valo_jupyter.runtime.kernels import KernelPool
from valo_jupyter.runtime.kernelspecs import find_kernel
from valo_jupyter.runtime.mask import Mask
from valo_jupyter.runtime.running import RunningKernel

#: For what a kernel does at its end (`atexit`, open files, uploads of tracking libraries); papermill gives it 5.
_PATIENCE = 15.0


@dataclass
class NotebookRun:
    """What the engine runs with. `close` must follow; the kernel is gone then."""

    kernel: RunningKernel
    sink: Sink
    stop: StopSignal
    mask: Mask
    notebook_output_bytes: int
    packages: Packages
    #: `input_path` and `output_path` as the notebook's metadata shall name them
    paths: dict[str, str] = field(default_factory=dict)
    runner: CellRunner | None = None
    described: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.processes = self.kernel.processes()
        self._killer: threading.Timer | None = None
        self._over = self._leaving = False
        self.stop.on_stop(self._kill_later)

    @classmethod
    def alone(cls, kernel_name: str, nb_man: SavingManager, **options: Any) -> None:
        """A run that papermill asked for, in its folder and environment; nobody listens."""
        kernels = KernelPool(size=0)
        timeout = options.pop("start_timeout", None) or 60
        options["timeout"] = options.pop("execution_timeout", None)
        options.pop("input_path", None)
        kernel = kernels.take(find_kernel(kernel_name), cwd=Path.cwd(), environment=dict(os.environ), timeout=timeout)
        run = cls(kernel, _Nobody(), StopSignal(), Mask(), NOTEBOOK_OUTPUT_BYTES, kernels.packages)
        try:
            run.execute(nb_man, **options)
        finally:
            run.close()
            kernels.close()

    def execute(self, nb_man: SavingManager, **options: Any) -> None:
        """Run the cells, then let the kernel begin to end."""
        self.runner = CellRunner(
            nb_man,
            kernel=self.kernel,
            sink=self.sink,
            stop=self.stop,
            mask=self.mask,
            processes=self.processes,
            notebook_output_bytes=self.notebook_output_bytes,
            log=logger,
            **options,
        )
        self.runner.execute()
        self._leave(self.runner)

    def close(self) -> None:
        """Wait for the kernel's end, as long as a stop leaves time for it, and see that nothing of it is left."""
        try:
            if self._leaving and self.runner is not None:
                if not self.kernel.wait_ended(_PATIENCE, self.runner.on_stray):
                    late = f"the kernel did not end within {_PATIENCE:.0f} seconds of its last cell, and was killed"
                    self.sink.log("status", [late])
                self.runner.run_log.flush()
        finally:
            self._over = True
            self.stop.forget(self._kill_later)
            if self._killer is not None:
                self._killer.cancel()
            self.processes.stop()
            self.kernel.close()
            self.processes.kill_left()

    def _leave(self, runner: CellRunner) -> None:
        self.described = self.packages.of(self.kernel, runner.on_stray)
        self.processes.stop()
        if self.kernel.exit_code is None:
            self.processes.terminate_children()
            self.kernel.ask_to_end(runner.on_stray)
            self._leaving = True
        runner.run_log.flush()

    def _kill_later(self, request: StopRequest) -> None:
        # from any thread, whatever the run waits for
        if request.kill_after <= 0:
            self.kernel.kill()
        elif not self._over:
            self._killer = threading.Timer(request.kill_after, self.kernel.kill)
            self._killer.daemon = True
            self._killer.start()


class _Nobody:
    """A sink for papermill's own use of the engine: the notebook is all there is."""

    def emit(self, event: dict[str, Any]) -> None: ...

    def log(self, stream: str, lines: list[str], cell: int | None = None) -> None: ...

    def notebook(self, content: bytes) -> None: ...
