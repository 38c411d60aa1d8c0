"""What runs on a machine, written down so that somebody else can end it, and the ending of it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from valo_jupyter.domain.state import StateFolder, write_private
from valo_jupyter.runtime.spawn import kill_group

#: start times of one process differ by this much at the most when the clock is adjusted
_CLOCK_SLACK_SECONDS = 2.0


@dataclass(frozen=True)
class ProcessId:
    """A process that a reused number does not stand for: its number and its start."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> ProcessId | None:
        try:
            return cls(pid, psutil.Process(pid).create_time())
        except psutil.Error:
            return None

    def alive(self) -> bool:
        """True while the process exists and is no zombie."""
        try:
            process = psutil.Process(self.pid)
            if abs(process.create_time() - self.started) > _CLOCK_SLACK_SECONDS:
                return False
            return process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False


@dataclass
class MachineRecord:
    """A machine: its own process, its engine's if that is on the same computer, what it runs, its process groups."""

    name: str
    machine: ProcessId
    engine: ProcessId | None
    #: a folder for sockets and the like, removed with the machine
    scratch: str
    execution_id: str | None = None
    attempt: int | None = None
    groups: dict[int, float] = field(default_factory=dict)
    #: the container engine that may have containers of it
    containers: str | None = None
    #: the folder of the records may be shared by computers, the numbers of processes are not
    host: str = field(default_factory=socket.gethostname)

    @property
    def orphaned(self) -> bool:
        """True when nobody looks after it any more: its engine has died, or elsewhere the machine itself."""
        if self.engine is not None:
            return not self.engine.alive()
        return self.host == socket.gethostname() and not self.machine.alive()

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "machine": [self.machine.pid, self.machine.started],
            "engine": [self.engine.pid, self.engine.started] if self.engine else None,
            "scratch": self.scratch,
            "execution_id": self.execution_id,
            "attempt": self.attempt,
            "groups": [[pid, started] for pid, started in self.groups.items()],
            "containers": self.containers,
            "host": self.host,
        }

    @classmethod
    def read(cls, path: Path) -> MachineRecord | None:
        try:
            value = json.loads(path.read_text())
            return cls(
                name=value["name"],
                machine=ProcessId(*value["machine"]),
                engine=ProcessId(*value["engine"]) if value["engine"] else None,
                scratch=value["scratch"],
                execution_id=value["execution_id"],
                attempt=value["attempt"],
                groups=dict(value["groups"]),
                containers=value.get("containers"),
                host=value.get("host") or socket.gethostname(),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None


class MachineFile:
    """The record of this machine in its file; a `ProcessWatch` of the runtime. Safe between threads."""

    def __init__(self, folder: Path, record: MachineRecord) -> None:
        self.path = folder / f"{record.name}.json"
        self._record = record
        self._lock = threading.Lock()
        self._behind = False
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._write()

    def started(self, pid: int) -> None:
        known = ProcessId.of(pid)
        if known is None:
            return
        with self._lock:
            self._record.groups[pid] = known.started
            self._write()

    def ended(self, pid: int) -> None:
        with self._lock:
            if self._record.groups.pop(pid, None) is not None:
                self._write()

    def contains(self, host: str) -> dict[str, str]:
        with self._lock:
            if self._behind or self._record.containers != host:
                self._record.containers = host
                self._write()
        return container_labels(self.path.parent, self._record.name)

    def runs(self, execution_id: str | None, attempt: int | None) -> None:
        """It is written meanwhile; `ready` returns when it is, and raises when it cannot be."""
        with self._lock:
            self._record.execution_id = execution_id
            self._record.attempt = attempt
            self._behind = True
        threading.Thread(target=self._write_ahead, name="valo-record", daemon=True).start()

    def ready(self) -> None:
        with self._lock:
            if self._behind:
                self._write()

    def _write_ahead(self) -> None:
        # `ready` tries again, and who waits for it hears of the failure
        with suppress(OSError):
            self.ready()

    def end_groups(self) -> None:
        """End every process group there is; for a machine that ends itself."""
        with self._lock:
            end_groups(self._record.groups)

    def remove(self) -> None:
        with self._lock:
            self._behind = False
        shutil.rmtree(self._record.scratch, ignore_errors=True)
        # other threads may write there until this process ends; then whoever sees its end finds the record
        if not os.path.exists(self._record.scratch):
            self.path.unlink(missing_ok=True)

    def _write(self) -> None:
        self._behind = True
        write_private(self.path, json.dumps(self._record.to_json()))
        self._behind = False


def container_labels(folder: Path, machine: str | None = None) -> dict[str, str]:
    """What the containers of the machines written down in `folder` are labelled with, or those of one of them."""
    state = {"valo.state": str(folder)}
    return state if machine is None else {**state, "valo.machine": machine}


def machines_folder(state: StateFolder) -> Path:
    """Where the machines of a state folder, or of a folder like it elsewhere, are written down."""
    return state.root / "machines"


def records(folder: Path) -> list[MachineRecord]:
    """All machines that are written down in `folder`."""
    found = (MachineRecord.read(path) for path in folder.glob("*.json"))
    return [record for record in found if record is not None]


def end_process(process: ProcessId) -> None:
    if process.alive():
        _kill(process.pid)


def end_strays(execution_id: str) -> None:
    """End processes of an execution that left their groups: children inherit `VALO_EXECUTION`."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        found = list(_strays(execution_id))
        if not found:
            return
        for pid in found:
            _kill(pid)
        time.sleep(0.02)


def _strays(execution_id: str) -> Iterable[int]:
    own = os.getpid()
    for process in psutil.process_iter():
        try:
            if process.pid == own or process.status() == psutil.STATUS_ZOMBIE:
                continue
            # equal, and to something: what begins with nothing would be every process there is
            if execution_id and process.environ().get("VALO_EXECUTION") == execution_id:
                yield process.pid
        except (psutil.Error, OSError):
            continue


def end_groups(groups: dict[int, float]) -> None:
    """End process groups, given as leader and its start, and the children that left them."""
    for pid, started in list(groups.items()):
        leader = ProcessId.of(pid)
        if leader is not None and abs(leader.started - started) > _CLOCK_SLACK_SECONDS:
            continue  # the number belongs to somebody else by now
        for child in _descendants(pid):
            _kill(child)
        kill_group(pid)


def _descendants(pid: int) -> list[int]:
    try:
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    except psutil.Error:
        return []


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
