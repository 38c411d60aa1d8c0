"""What is still there afterwards of executions and machines that have ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from tests.chaos.faults import machines
from tests.parts.docker import Engine
from tests.parts.local import processes_of, until
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.server import lifecycle

_PROGRAMS = {"valo_jupyter.engines.machine", "valo_jupyter.engines.remote"}


def remains(
    folders: Sequence[StateFolder], executions: set[str], scratch: set[str], docker: Engine | None
) -> list[str]:
    """
    Parameters
    ----------
    folders
        The server's, then those of machines elsewhere.
    executions
        All of them; they have ended.
    scratch
        Folders that machines have made outside of these.
    docker
        Where containers were.
    """
    incoming = folders[0].store / "incoming"
    return [
        *_left(lambda: _processes(executions)),
        *_left(lambda: _machines(folders)),
        *_left(lambda: [f"job folder {path}" for each in folders for path in each.jobs.glob("*")]),
        *_left(lambda: _folders(folders, scratch)),
        *_left(lambda: _mounts(scratch)),
        *(_left(lambda: _containers(docker, executions)) if docker else []),
        *(f"file {path.name} in {path.parent.name}" for path in incoming.glob("*")),
    ]


def _processes(executions: set[str]) -> list[str]:
    found = []
    for process in processes_of(None, VALO_EXECUTION="*"):
        with suppress(psutil.Error):
            if process.environ()["VALO_EXECUTION"] in executions:
                found.append(f"process {process.pid}: {process.cmdline()}")
    return found


def _machines(folders: Sequence[StateFolder]) -> list[str]:
    records = machines(folders)
    found = [f"machine {each.name} still has {each.execution_id}" for each in records if each.execution_id]
    known = {each["name"] for each in lifecycle.status(folders[0])["machines"]}
    found += [f"machine {each.name} is unknown to the engine" for each in records if each.name not in known]
    pids = {each.machine.pid for each in records}
    for process in processes_of(Path.home()):
        with suppress(psutil.Error):
            if _PROGRAMS & set(process.cmdline()) and process.pid not in pids:
                found.append(f"process {process.pid} is a machine that nobody has written down")
    return found


def _folders(folders: Sequence[StateFolder], scratch: set[str]) -> list[str]:
    mine = {each.scratch for each in machines(folders)}
    found = [f"folder {path}" for path in scratch - mine if Path(path).exists()]
    # those that a container had a part of: a machine outlives its executions
    return found + [f"folder {shared.parent}" for path in mine for shared in Path(path).glob("valo-*/s")]


def _mounts(scratch: set[str]) -> list[str]:
    points = [Path(line.split(" ")[4]) for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [f"mount {point}" for point in points if any(point.is_relative_to(path) for path in scratch)]


def _containers(docker: Engine, executions: set[str]) -> list[str]:
    found = docker.client.containers.list(all=True, ignore_removed=True, filters={"label": "valo.execution"})
    return [
        f"container {each.short_id} ({each.status}) of {each.labels}"
        for each in found
        if each.labels["valo.execution"] in executions
    ]


def _left(look: Callable[[], list[str]]) -> list[str]:
    """What is found, unless it goes by itself soon."""
    try:
        until(lambda: not look(), 30)
    except AssertionError:
        return look()
    return []
