"""Ends machines of this computer that will not end themselves, and clears away what they leave on this computer."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

from valo_jupyter.domain.state import StateFolder
from valo_jupyter.engines.processes import (
    MachineRecord,
    container_labels,
    end_groups,
    end_process,
    end_strays,
    machines_folder,
    records,
)
from valo_jupyter.runtime.containers.daemon import find_host, remove_containers
from valo_jupyter.runtime.containers.errors import NoContainerEngine
from valo_jupyter.runtime.containers.folder import unmount_below

log = logging.getLogger(__name__)

_KEPT_LOGS = 20
#: An engine goes on making a container for a process that has died; nobody else would ever know of it.
_IN_THE_MAKING_SECONDS = 1.0


def end_machine(state: StateFolder, record: MachineRecord) -> None:
    """End the machine's process and all of its user's processes, and forget it.

    Blocks: a second for a container, 5 s at the most, or 15 if a container is hard to end.
    """
    if record.host != socket.gethostname():
        return  # the folder is shared, its processes are another computer's
    # the machine first: it could start more
    end_process(record.machine)
    end_groups(record.groups)
    if record.containers is not None:
        calm = _IN_THE_MAKING_SECONDS if record.execution_id is not None else 0.0
        _end_containers(record.containers, container_labels(machines_folder(state), record.name), calm)
    if record.execution_id is not None:
        end_strays(record.execution_id)
        remove_tree(state.jobs / f"{record.execution_id}-{record.attempt}")
    unmount_below(Path(record.scratch))
    remove_tree(Path(record.scratch))
    (machines_folder(state) / f"{record.name}.json").unlink(missing_ok=True)


def end_execution(state: StateFolder, execution_id: str | None, machine: str | None = None) -> None:
    """End the named machine, and whatever runs of the execution on this computer, whoever started it."""
    for record in records(machines_folder(state)):
        if record.name == machine or (execution_id is not None and record.execution_id == execution_id):
            end_machine(state, record)
    if execution_id is not None:
        end_strays(execution_id)
        with suppress(NoContainerEngine):
            _end_containers(find_host(), {"valo.execution": execution_id})


def take_over(state: StateFolder) -> None:
    """End the machines of engines that no longer live; remove job folders that no machine works in."""
    living, machines, orphans = set(), set(), []
    for record in records(machines_folder(state)):
        if record.orphaned:
            orphans.append(record)
        else:
            living.add(f"{record.execution_id}-{record.attempt}")
            machines.add(record.name)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(partial(end_machine, state), orphans))
    with suppress(NoContainerEngine, OSError, ValueError):
        # of machines whose record is lost
        labels = container_labels(machines_folder(state))
        remove_containers(find_host(), labels, but=lambda known: known.get("valo.machine") in machines)
    for folder in state.jobs.glob("*"):
        if folder.name not in living:
            remove_tree(folder)
    _forget_logs(state)


def end_dead_machines(state: StateFolder) -> None:
    """End what machines of this computer have left behind, in a folder that is no server's."""
    for record in records(machines_folder(state)):
        if record.orphaned:
            end_machine(state, record)
    _forget_logs(state)


def _forget_logs(state: StateFolder) -> None:
    found = []
    for log in state.log.glob("machine-*.log*"):
        with suppress(FileNotFoundError):
            found.append((log.stat().st_mtime, log))
    for _, log in sorted(found)[:-_KEPT_LOGS]:
        log.unlink(missing_ok=True)


def _end_containers(host: str, labels: dict[str, str], calm: float = 0.0) -> None:
    try:
        remove_containers(host, labels, calm=calm)
    except (OSError, ValueError) as error:
        # their processes are ended by their variables where they are this computer's; the engine's start looks again
        log.warning("containers labelled %s could not be removed: %s", labels, error)


def remove_tree(folder: Path) -> None:
    """Remove a folder, whatever user code has made of its permissions."""
    for parent, names, _ in os.walk(folder):
        for name in (".", *names):
            path = os.path.join(parent, name)
            if not os.path.islink(path):
                with suppress(OSError):
                    os.chmod(path, 0o700)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    _state = StateFolder(Path(sys.argv[1]))
    for _record in records(machines_folder(_state)):
        if _record.name == sys.argv[2]:
            end_machine(_state, _record)
