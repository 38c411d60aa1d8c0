"""Faults: planned by a seed, done to whatever is there when their time has come."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psutil

from tests.chaos.boxes import Box
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.engines.processes import MachineRecord, ProcessId, machines_folder, records
from valo_jupyter.server.locks import last_holder

#: what is done, to whom, and how often in relation to the others
_WEIGHTS = {
    ("kill", "web"): 3,
    ("kill", "engine"): 2,
    ("kill", "machine"): 4,
    ("kill", "user"): 3,
    ("freeze", "web"): 2,
    ("freeze", "engine"): 2,
    ("freeze", "machine"): 3,
    ("freeze", "user"): 2,
    ("change", "max_scale"): 3,
    ("change", "per_user_quota"): 2,
    ("change", "enabled"): 1,
}
#: what can also happen to machines that are on other hosts
_HOSTS = {
    ("cut", "network"): 4,
    ("drop", "connection"): 3,
}
#: and to executions in containers; to freeze is to stop each process in it
_BOXES = {
    ("kill", "container"): 4,
    ("freeze", "container"): 2,
    ("pause", "container"): 2,
}
_SLURM = {
    ("kill", "slurmd"): 3,
    ("kill", "slurmctld"): 2,
}


@dataclass(frozen=True)
class Fault:
    """Something that happens at a time; `aim`, in [0, 1), chooses among the victims there are then."""

    at: float
    what: str
    whom: str
    aim: float
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"{self.what} {self.whom}" + (f" for {self.seconds:.1f} s" if self.seconds else "")


@dataclass(frozen=True)
class Victim:
    process: ProcessId
    label: str
    execution_id: str | None = None

    @property
    def name(self) -> int:
        return self.process.pid

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        try:
            if self.process.alive():
                os.kill(self.process.pid, number)
        except (ProcessLookupError, psutil.Error):
            # it ended meanwhile
            pass


def plan_faults(
    dice: random.Random,
    seconds: float,
    *,
    pause: float,
    long: tuple[str, ...] = (),
    hosts: bool = False,
    slurm: bool = False,
    boxes: bool = False,
) -> list[Fault]:
    """Faults over `seconds`, one every `pause` on average.

    Each of `long` is frozen (or cut off) once for longer than a lease, and for longer than a server's process may be
    silent.
    """
    known = _WEIGHTS | (_HOSTS if hosts else {}) | (_SLURM if slurm else {}) | (_BOXES if boxes else {})
    kinds, weights = list(known), list(known.values())
    faults, at = [], 0.0
    while (at := at + dice.uniform(0.2, 2 * pause - 0.2)) < seconds:
        what, whom = dice.choices(kinds, weights)[0]
        length = dice.choice((0.2, 1.0, 3.0, 6.0)) * dice.uniform(0.5, 1.5)
        lasts = what in ("freeze", "pause", "cut") or whom == "enabled"
        faults.append(Fault(at, what, whom, dice.random(), length if lasts else 0.0))
    known_whom = {whom for _, whom in known}
    for whom in (whom for whom in long if whom in known_whom):
        length = dice.uniform(60, 65) if whom in ("web", "engine") else dice.uniform(33, 45)
        what = {"network": "cut", "container": "pause"}.get(whom, "freeze")
        faults.append(Fault(dice.uniform(2, max(4, seconds - 60)), what, whom, dice.random(), length))
    return sorted(faults, key=lambda fault: fault.at)


def machines(folders: Sequence[StateFolder]) -> list[MachineRecord]:
    """The machines that are written down in these folders and live."""
    found = [record for folder in folders for record in records(machines_folder(folder))]
    return [record for record in found if record.machine.alive()]


def victims(folders: Sequence[StateFolder], whom: str) -> list[Victim]:
    """Who could be hit now; the first folder is the server's."""
    if whom in ("web", "engine"):
        held = last_holder(folders[0].lock(whom))
        process = ProcessId(held.get("pid", -1), held.get("started", 0.0))
        return [Victim(process, whom)] if process.alive() else []
    found = machines(folders)
    if whom == "machine":
        return [Victim(each.machine, f"machine {each.name}", each.execution_id) for each in found]
    return [
        Victim(ProcessId(pid, started), f"a kernel or shell of {each.name}", each.execution_id)
        for each in found
        for pid, started in each.groups.items()
    ]


class Freezer:
    """Stops victims for a while. They go on by a timer, since the storm itself may wait for one of them."""

    def __init__(self, thawed: Callable[[Victim | Box], None]) -> None:
        self._thawed = thawed
        self._timers: list[tuple[threading.Timer, Victim | Box]] = []

    def freeze(self, victim: Victim | Box, seconds: float) -> None:
        victim.freeze()
        timer = threading.Timer(seconds, self._thaw, (victim,))
        timer.daemon = True
        timer.start()
        self._timers.append((timer, victim))

    def frozen(self) -> bool:
        return any(timer.is_alive() for timer, _ in self._timers)

    def close(self) -> None:
        for timer, victim in self._timers:
            timer.cancel()
            victim.thaw()

    def _thaw(self, victim: Victim | Box) -> None:
        self._thawed(victim)
        victim.thaw()
