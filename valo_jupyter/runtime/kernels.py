"""Kernels for executions: one that waits, fully started, or one started now."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from jupyter_client.manager import KernelManager

from valo_jupyter.domain.errors import ValoError
from valo_jupyter.runtime import warm
from valo_jupyter.runtime.capture import Packages
from valo_jupyter.runtime.contract import ProcessWatch, StopRequest, StopSignal
from valo_jupyter.runtime.kernelspecs import find_kernel, with_spec
from valo_jupyter.runtime.provisioner import ProcessProvisioner
from valo_jupyter.runtime.running import KernelStopped, RunningKernel

#: Between looks for a stop while a kernel starts.
_LOOK = 0.1


@dataclass
class _Waiting:
    """A kernel that never ran user code, and what it took from the machine as it started."""

    kernel: RunningKernel
    born: dict[str, str]
    state: dict[str, int]


class Kernels(Protocol):
    """Gives a notebook its kernel."""

    packages: Packages

    def find(self, wanted: dict[str, Any] | None, notebook: Mapping[str, Any]) -> dict[str, Any]:
        """The kernel for a notebook (its JSON), as on the wire: the one asked for, else what the notebook names."""
        ...

    def take(
        self, kernel: dict[str, Any], *, cwd: Path, environment: Mapping[str, str], stop: StopSignal | None = None
    ) -> RunningKernel:
        """A ready kernel; the caller closes it. Raises `KernelDied`, `KernelStopped`."""
        ...


class KernelPool:
    """The kernels of one machine process, for any thread.

    At most `size` wait, fully started; each serves one execution and is never given back. `socket_folder` must be a
    short path (default /tmp); `watch` is told of every kernel's process group.
    """

    def __init__(self, *, size: int = 1, socket_folder: Path | None = None, watch: ProcessWatch | None = None) -> None:
        self.packages = Packages()
        self.socket_folder = socket_folder or Path("/tmp")
        self.watch = watch
        self._size = size
        self._lock = threading.Lock()
        self._waiting: dict[str, list[Future[_Waiting]]] = {}
        self._last: dict[str, dict[str, str]] = {}
        self._starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="valo-warm")
        self._closing = StopSignal()

    def warm(self, kernel: dict[str, Any] | None) -> None:
        """See that a kernel of this kind waits, or is on its way; does not wait for it. None: `python3`."""
        kernel = kernel or find_kernel(None)
        key = warm.key(kernel)
        surplus: list[Future[_Waiting]] = []
        with self._lock:
            if self._closing.is_set() or self._size < 1 or self._waiting.get(key):
                return
            environment = self._last.get(key) or warm.waiting_environment(None)
            if not warm.can_wait(kernel, environment):
                return
            while sum(map(len, self._waiting.values())) >= self._size:
                # the one nobody asked for the longest
                oldest = next(iter(self._waiting))
                surplus.append(self._waiting[oldest].pop(0))
                if not self._waiting[oldest]:
                    del self._waiting[oldest]
            self._waiting.setdefault(key, []).append(self._starter.submit(self._start_waiting, kernel, environment))
        for future in surplus:
            future.add_done_callback(_discard)

    def take(
        self,
        kernel: dict[str, Any] | None,
        *,
        cwd: Path,
        environment: Mapping[str, str],
        must_start_cold: bool = False,
        stop: StopSignal | None = None,
        timeout: float = 60.0,
    ) -> RunningKernel:
        """A ready kernel in `cwd` with `environment`; `.warm` says whether it waited. The caller closes it.

        Raises
        ------
        KernelDied
            It did not come up within `timeout` seconds.
        KernelStopped
            `stop` was set.
        """
        if self.watch is not None:
            self.watch.ready()
        kernel = kernel or find_kernel(None)
        key = warm.key(kernel)
        with self._lock:
            self._last[key] = warm.waiting_environment(environment)
            futures = [] if must_start_cold else self._waiting.get(key, [])
            future = futures.pop(0) if futures else None
            if not self._waiting.get(key):
                self._waiting.pop(key, None)
        if future is not None:
            found = self._adopted(future, cwd, with_spec(kernel, environment), stop)
            if found is not None:
                return found
        return self._start(kernel, cwd, environment, stop, timeout)

    def find(self, wanted: dict[str, Any] | None, notebook: Mapping[str, Any]) -> dict[str, Any]:
        return wanted or find_kernel(None, notebook)

    def wait_warm(self, timeout: float) -> bool:
        """Until every kernel that was asked to wait is ready; whether there is one."""
        with self._lock:
            futures = [future for waiting in self._waiting.values() for future in waiting]
        ready, _ = wait(futures, timeout)
        return any(future.exception() is None for future in ready)

    def close(self) -> None:
        """End every kernel that waits."""
        self._closing.set(StopRequest("the pool is closed"))
        with self._lock:
            futures = [future for waiting in self._waiting.values() for future in waiting]
            self._waiting.clear()
        for future in futures:
            if not future.cancel():
                future.add_done_callback(_discard)
        self._starter.shutdown(wait=True)

    def _adopted(
        self, future: Future[_Waiting], cwd: Path, environment: dict[str, str], stop: StopSignal | None
    ) -> RunningKernel | None:
        # it may still be starting: sooner ready than one started now
        while stop is not None and not wait([future], _LOOK).done:
            if stop.is_set():
                future.add_done_callback(_discard)
                raise KernelStopped()
        try:
            waiting = future.result()
        except (ValoError, OSError):
            # the cold start that follows fails the same way, and says so to the one it concerns
            return None
        fits = (
            warm.birth(environment) == waiting.born
            and warm.state_of(list(waiting.state)) == waiting.state
            and not waiting.kernel.ended()
        )
        if fits and warm.adopt(waiting.kernel, cwd=cwd, environment=environment):
            waiting.kernel.warm = True
            return waiting.kernel
        waiting.kernel.close()
        return None

    def _start(
        self,
        kernel: dict[str, Any],
        cwd: Path,
        environment: Mapping[str, str],
        stop: StopSignal | None,
        timeout: float,
    ) -> RunningKernel:
        started = RunningKernel(kernel, cwd=cwd, environment=environment, provision=self._provision, watch=self.watch)
        make_ready(started, stop, timeout)
        return started

    def _provision(self, manager: KernelManager) -> ProcessProvisioner:
        return ProcessProvisioner(
            parent=manager,
            kernel_id=str(uuid.uuid4()),
            kernel_spec=manager.kernel_spec,
            socket_folder=str(self.socket_folder),
        )

    def _start_waiting(self, kernel: dict[str, Any], environment: dict[str, str]) -> _Waiting:
        started = self._start(kernel, Path("/"), environment, self._closing, 60.0)
        return _Waiting(started, warm.birth(with_spec(kernel, environment)), warm.state_of(started.folders))


def make_ready(started: RunningKernel, stop: StopSignal | None, timeout: float) -> None:
    """Wait until the kernel answers, and settle it; if it does not come to that, it is closed."""

    def wake(_: StopRequest) -> None:
        started.connection.wake()

    try:
        if stop is not None:
            stop.on_stop(wake)
        started.wait_ready(timeout, stop)
        if started.asks:
            started.folders = _folders(started.ask("settle"))
    except BaseException:
        started.close()
        raise
    finally:
        if stop is not None:
            stop.forget(wake)


def _folders(answer: str | None) -> list[str]:
    return json.loads(answer) if answer else []


def _discard(future: Future[_Waiting]) -> None:
    if not future.cancelled() and future.exception() is None:
        future.result().kernel.close()
