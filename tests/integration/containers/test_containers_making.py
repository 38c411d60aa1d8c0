"""A process that dies while the container engine makes it a container, which nobody would then know of."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from contextlib import closing
from pathlib import Path

from tests.parts import images
from tests.parts.docker import Engine
from tests.parts.local import until
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.engines.processes import MachineRecord, ProcessId, container_labels, machines_folder
from valo_jupyter.engines.remains import end_machine

_REQUESTS = 3


def test_a_container_in_the_making_is_removed_with_its_machine(dockerd: Engine, tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    machine = subprocess.Popen(["sleep", "600"])
    try:
        known = ProcessId.of(machine.pid)
        assert known is not None
        record = MachineRecord("one", known, ProcessId.of(os.getpid()), str(tmp_path / "scratch"))
        record.execution_id, record.attempt, record.containers = "an-execution", 1, dockerd.host
        labels = container_labels(machines_folder(state), record.name)
        for _ in range(_REQUESTS):
            ask_and_hang_up(dockerd, labels)
        end_machine(state, record)
        until(lambda: made(dockerd, labels) == _REQUESTS, 20)
        assert dockerd.client.containers.list(all=True) == []
    finally:
        machine.kill()
        machine.wait()


def ask_and_hang_up(dockerd: Engine, labels: dict[str, str]) -> None:
    body = json.dumps({"Image": images.TINY, "Labels": labels}).encode()
    head = "POST /v1.40/containers/create HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\n"
    with closing(socket.socket(socket.AF_UNIX)) as connection:
        connection.connect(dockerd.host.removeprefix("unix://"))
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)


def made(dockerd: Engine, labels: dict[str, str]) -> int:
    """How many containers with these labels there have ever been."""
    wanted = {"event": "create", "label": [f"{name}={value}" for name, value in labels.items()]}
    soon = int(time.time()) + 1
    return len(list(dockerd.client.events(since=1, until=soon, filters=wanted, decode=True)))
