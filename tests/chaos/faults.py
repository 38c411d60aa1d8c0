"""Faults: planned by a seed, done to whatever is there when their time has come."""

from __future__ import annotations

import os
import random
import signal
import time
from dataclasses import dataclass, field

import psutil

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
    ("scale", ""): 3,
    ("disable", ""): 1,
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


def plan_faults(dice: random.Random, seconds: float, *, pause: float, long_freezes: int) -> list[Fault]:
    """Faults over `seconds`, one every `pause` on average; some freeze for longer than a lease, early."""
    kinds, weights = list(_WEIGHTS), list(_WEIGHTS.values())
    faults, at = [], 0.0
    while (at := at + dice.uniform(0.2, 2 * pause - 0.2)) < seconds:
        what, whom = dice.choices(kinds, weights)[0]
        length = dice.choice((0.2, 1.0, 3.0, 6.0)) * dice.uniform(0.5, 1.5)
        faults.append(Fault(at, what, whom, dice.random(), length if what in ("freeze", "disable") else 0.0))
    for _ in range(long_freezes):
        whom = dice.choice(("machine", "machine", "engine", "web", "user"))
        faults.append(Fault(dice.uniform(2, 6), "freeze", whom, dice.random(), dice.uniform(33, 50)))
    return sorted(faults, key=lambda fault: fault.at)


def machines(state: StateFolder) -> list[MachineRecord]:
    return [record for record in records(machines_folder(state)) if record.machine.alive()]


def victims(state: StateFolder, whom: str) -> list[Victim]:
    """Who could be hit now."""
    if whom in ("web", "engine"):
        held = last_holder(state.lock(whom))
        process = ProcessId(held.get("pid", -1), held.get("started", 0.0))
        return [Victim(process, whom)] if process.alive() else []
    found = machines(state)
    if whom == "machine":
        return [Victim(each.machine, f"machine {each.name}", each.execution_id) for each in found]
    return [
        Victim(ProcessId(pid, started), f"a kernel or shell of {each.name}", each.execution_id)
        for each in found
        for pid, started in each.groups.items()
    ]


def kill(victim: Victim) -> None:
    _signal(victim.process, signal.SIGKILL)


@dataclass
class Freezer:
    """Processes that were stopped, and when they go on."""

    frozen: list[tuple[float, Victim]] = field(default_factory=list)

    def freeze(self, victim: Victim, seconds: float) -> None:
        _signal(victim.process, signal.SIGSTOP)
        self.frozen.append((time.monotonic() + seconds, victim))

    def thaw(self, *, all_of_them: bool = False) -> list[Victim]:
        """Let those go on whose time is over."""
        now = time.monotonic()
        due = [victim for until, victim in self.frozen if all_of_them or until <= now]
        self.frozen = [(until, victim) for until, victim in self.frozen if victim not in due]
        for victim in due:
            _signal(victim.process, signal.SIGCONT)
        return due


def _signal(process: ProcessId, number: int) -> None:
    try:
        if process.alive():
            os.kill(process.pid, number)
    except (ProcessLookupError, psutil.Error):
        # it ended meanwhile
        pass
