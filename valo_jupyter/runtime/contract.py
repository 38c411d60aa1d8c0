"""What the parts of the runtime promise each other: the sink of events, the stop request, the outcome of a run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from valo_jupyter.domain.errors import ValoError


class Sink(Protocol):
    """Takes what happens, in order, from any thread; blocks when the server is far behind (bounded memory)."""

    def emit(self, event: dict[str, Any]) -> None:
        """One event of `docs/developer/wire.md` (`k` and its fields); `t` and the number are added here if absent."""
        ...

    def log(self, stream: str, lines: list[str], cell: int | None = None) -> None:
        """Whole lines without their ends, in order. `stream`: stdout, stderr or status."""
        ...

    def notebook(self, content: bytes) -> None:
        """The notebook as it stands; only the newest is kept, sent when there is time."""
        ...


@dataclass(frozen=True)
class StopRequest:
    reason: str
    #: seconds from the request until what still runs is killed
    kill_after: float = 10.0
    #: what the run ends as: `stopped` (somebody asked), `error` (a limit) or `lost` (stale attempt: write nothing more)
    status: str = "stopped"


class StopSignal:
    """Set once, from any thread; callbacks run at once in the setting thread, or immediately if already set."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._event = threading.Event()
        self._callbacks: list[Callable[[StopRequest], None]] = []
        self.request: StopRequest | None = None

    def set(self, request: StopRequest) -> None:
        with self._lock:
            # a stale attempt overrides a polite stop; nothing else is replaced
            if self.request is not None and not (request.status == "lost" and self.request.status != "lost"):
                return
            self.request = request
            self._event.set()
            callbacks = list(self._callbacks)
        for callback in callbacks:
            callback(request)

    def is_set(self) -> bool:
        return self._event.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        return self._event.wait(timeout)

    def on_stop(self, callback: Callable[[StopRequest], None]) -> None:
        with self._lock:
            self._callbacks.append(callback)
            request = self.request
        if request is not None:
            callback(request)

    def forget(self, callback: Callable[[StopRequest], None]) -> None:
        with self._lock:
            if callback in self._callbacks:
                self._callbacks.remove(callback)


@dataclass(frozen=True)
class Folders:
    """An attempt's folders: `repository` (the checkout), `inputs`, `outputs`, `config`, below `root`."""

    root: Path

    @property
    def repository(self) -> Path:
        return self.root / "repository"

    @property
    def inputs(self) -> Path:
        return self.root / "inputs"

    @property
    def outputs(self) -> Path:
        return self.root / "outputs"

    @property
    def config(self) -> Path:
        return self.root / "config"


@dataclass
class Outcome:
    """How user code ended. `status`: complete, error, stopped or crashed."""

    status: str
    reason: str = ""
    exit_code: int | None = None
    #: `{"cell", "code_cell", "ename", "evalue", "traceback"}`; of what could not begin, `{"code", "message"}`
    error: dict[str, Any] | None = None
    #: seconds by part, e.g. `{"kernel": 0.01, "run": 1.9}`
    seconds: dict[str, float] = field(default_factory=dict)
    peak_memory_bytes: int | None = None
    #: `{"python", "packages", "kernel", "warm"}`
    capture: dict[str, Any] | None = None

    @classmethod
    def refused(cls, error: ValoError) -> Outcome:
        """User code could not begin."""
        return cls("error", error.message, error={"code": error.code, "message": error.message})


class ProcessWatch(Protocol):
    """Told of every process group of user code, so that an outside party can end it should this machine die."""

    def started(self, pid: int) -> None: ...

    def ended(self, pid: int) -> None: ...

    def contains(self, host: str) -> Mapping[str, str]:
        """There will be containers in the engine at `host`; the labels by which they are found."""
        ...

    def ready(self) -> None:
        """Return when the outside party would know which execution runs; no code of it does before."""
        ...


class Fence(Protocol):
    """Ends this machine's processes from outside of it when its server has not answered for too long."""

    def arm(self, seconds: float, contact: float) -> None:
        """From now on; `contact` is when the last answered request began (`domain.lease.lease_clock`)."""
        ...

    def heard(self, contact: float) -> None: ...

    def disarm(self) -> None: ...


@dataclass(frozen=True)
class Place:
    """What a machine has of its own that shares no folder with its server."""

    jobs: Path
    #: downloads and code, shared by the machines of a computer
    cache: Path
    cache_bytes: int
    #: the authority of the server's certificate, PEM
    ca: str | None
    #: what its provider says of it: `kind`, `place`, `region`, `provider`
    site: Mapping[str, Any]
    fence: Fence
