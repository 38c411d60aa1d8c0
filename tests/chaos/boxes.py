"""Executions in containers, as victims, and what they do while nothing but the network leads out of them."""

from __future__ import annotations

import os
import signal
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import docker.errors
from docker.models.containers import Container

from tests.parts.docker import Engine
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.engines.processes import container_labels, machines_folder


@dataclass(frozen=True)
class Box:
    """One container, as a `faults.Victim` is one process."""

    container: Container
    #: stopped by the engine, or each process in it by itself
    paused: bool

    @property
    def label(self) -> str:
        return f"the container of attempt {self.container.labels['valo.attempt']}"

    @property
    def execution_id(self) -> str:
        return self.container.labels["valo.execution"]

    @property
    def name(self) -> str:
        return self.container.short_id

    def kill(self) -> None:
        # it ends at this moment
        with suppress(docker.errors.APIError):
            self.container.kill()

    def freeze(self) -> None:
        with suppress(docker.errors.APIError):
            self.container.pause() if self.paused else self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        with suppress(docker.errors.APIError):
            self.container.unpause() if self.paused else self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        for process in self.container.top()["Processes"] or ():
            with suppress(ProcessLookupError):
                os.kill(int(process[1]), number)


def boxes(engine: Engine, state: StateFolder, what: str) -> list[Box]:
    """The containers of the server's own machines that run now."""
    labels = [f"{name}={value}" for name, value in container_labels(machines_folder(state)).items()]
    found = engine.client.containers.list(filters={"label": labels}, ignore_removed=True)
    return [Box(container, paused=what == "pause") for container in found]


class Traces:
    """Takes the side effects of what runs in containers: one datagram is one line of an execution's file.

    They are in the order in which they were sent, since nothing but this computer's bridge is between.
    """

    def __init__(self, folder: Path, address: str) -> None:
        self._folder = folder
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self._socket.bind((address, 0))
        self.address = "udp:{}:{}".format(*self._socket.getsockname())
        self._thread = threading.Thread(target=self._take, name="traces", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """When all that was sent is written; may be called twice."""
        if self._thread.is_alive():
            self._socket.sendto(b"", self._socket.getsockname())
            self._thread.join(60)
            self._socket.close()

    def _take(self) -> None:
        while line := self._socket.recv(65536):
            execution, _, rest = line.partition(b" ")
            with (self._folder / execution.decode()).open("ab") as file:
                file.write(rest)
