"""One container, from its creation to the end of the last process in it."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import requests
from docker.errors import APIError, DockerException, NotFound

from valo_jupyter.runtime.containers.engine import ContainerEngine
from valo_jupyter.runtime.containers.errors import ContainerFailed, ImageWithoutShell
from valo_jupyter.runtime.containers.memory import wait_for_end

log = logging.getLogger(__name__)

#: for an engine that is restarted while its containers live
_ENGINE_AWAY = 10.0
#: a question that was open for longer has reached the engine
_HEARD = 1.0
_REMOVE = 10.0


class Container:
    """A started container. `signal` and `kill` may be called from any thread.

    Parameters
    ----------
    config
        The body of the engine's `POST /containers/create`.
    memory_bytes
        Its limit, for telling that it was reached.
    """

    def __init__(self, engine: ContainerEngine, config: Mapping[str, Any], *, memory_bytes: int | None) -> None:
        self._engine = engine
        self._client = engine.client
        self._memory_bytes = memory_bytes
        self._ended = threading.Event()
        self._killed = False
        self.exit_code: int | None = None
        self.out_of_memory = False
        self.id = self._create(config)
        #: the end of a pipe that can be read once the container has ended
        self.exited, self._exit = os.pipe()
        try:
            self._client.start(self.id)
            self.pid = self._seen_pid()
        except BaseException as error:
            os.close(self._exit)
            self.remove()
            if isinstance(error, (DockerException, requests.RequestException)):
                raise _why_not_started(error) from error
            raise
        threading.Thread(target=self._wait, name="valo-container", daemon=True).start()

    def poll(self) -> int | None:
        """The exit code once it has ended, 128 + its number for a signal."""
        return self.exit_code if self._ended.is_set() else None

    def wait(self, timeout: float) -> bool:
        return self._ended.wait(timeout)

    def why_ended(self) -> str | None:
        """Said of a container that had no memory left."""
        if not self.out_of_memory or self._killed:
            return None
        limit = f": its limit is {in_words(self._memory_bytes)}" if self._memory_bytes else ""
        return f"the container ran out of memory{limit}"

    def signal(self, number: int) -> None:
        """Its init hands a signal on to the group of the program that it has started."""
        if self._ended.is_set():
            return
        if number == signal.SIGKILL:
            self._killed = True
        # 409: it ends at this moment
        with suppress(DockerException, requests.RequestException):
            self._client.kill(self.id, number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)

    def remove(self) -> None:
        """End it and remove it; may be called twice."""
        deadline = time.monotonic() + _REMOVE
        while True:
            try:
                self._client.remove_container(self.id, v=True, force=True)
            except NotFound:
                break
            except (DockerException, requests.RequestException) as error:
                # 409: it is being removed, or killed, already
                if time.monotonic() > deadline:
                    log.warning("container %s could not be removed: %s", self.id[:12], error)
                    break
                time.sleep(0.05)
        exited, self.exited = self.exited, -1
        if exited >= 0:
            os.close(exited)

    def _create(self, config: Mapping[str, Any]) -> str:
        try:
            made = self._client.create_container_from_config(dict(config))
        except APIError as error:
            raise _why_not_started(error) from error
        except (DockerException, requests.RequestException) as error:
            raise ContainerFailed(f"The container engine does not answer: {error}.") from error
        return made["Id"]

    def _seen_pid(self) -> int | None:
        """Its init as a process of this machine, unless the engine runs it elsewhere, in a virtual machine."""
        pid = self._client.inspect_container(self.id)["State"]["Pid"]
        try:
            with open(f"/proc/{pid}/cgroup") as file:
                return pid if self.id[:12] in file.read() else None
        except OSError:
            return None

    def _wait(self) -> None:
        try:
            counted = self._memory_bytes is not None and self.pid is not None and wait_for_end(self.pid)
            self.exit_code = self._exit_code()
            self.out_of_memory = self.exit_code == 137 and (counted or self._was_out_of_memory())
        finally:
            self._ended.set()
            os.close(self._exit)

    def _exit_code(self) -> int:
        away_since: float | None = None
        while True:
            asked = time.monotonic()
            try:
                # no timeout: for as long as it runs
                return self._client.wait(self.id, timeout=None)["StatusCode"]
            except NotFound:
                return 137
            except (DockerException, requests.RequestException) as error:
                now = time.monotonic()
                if away_since is None or now - asked > _HEARD:
                    away_since = now
                if now - away_since > _ENGINE_AWAY:
                    log.warning("the container engine is gone: %s", error)
                    return 137
                time.sleep(0.2)

    def _was_out_of_memory(self) -> bool:
        # it is true as well when only a program inside was ended for that
        with suppress(DockerException, requests.RequestException):
            return bool(self._client.inspect_container(self.id)["State"]["OOMKilled"])
        return False


def in_words(size: int) -> str:
    """ "512 MB", as one writes limits: in units of 1024 when they are whole, else of 1000."""
    for base in (1024, 1000):
        for power, unit in ((3, "GB"), (2, "MB")):
            if size >= base**power and size % base**power == 0:
                return f"{size // base**power} {unit}"
    return f"{size / 1e6:.0f} MB"


def _why_not_started(error: Exception) -> ContainerFailed:
    said = str(getattr(error, "explanation", None) or error)
    lower = said.lower()
    if "executable file not found" in lower or ('"sh"' in lower and "no such file" in lower):
        return ImageWithoutShell(
            "The image has no shell (sh), which starts what runs in it. Build it on an image that has one, "
            "such as python:3.12-slim."
        )
    if "bind source path does not exist" in lower:
        return ContainerFailed(
            f"The container engine does not see this machine's files ({said}). Run it on this computer, and "
            "without a view of its own of /tmp (PrivateTmp of a service, or a snap)."
        )
    if "could not select device driver" in lower:
        return ContainerFailed(
            "The container engine has no access to GPUs: install the NVIDIA container toolkit there, or ask for none."
        )
    return ContainerFailed(f"The container could not be started: {said}")
