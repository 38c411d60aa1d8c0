"""The shell that runs a step's commands, in a container."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from valo_jupyter.runtime.containers.box import Box
from valo_jupyter.runtime.containers.folder import INSIDE
from valo_jupyter.runtime.contract import Folders, ProcessWatch
from valo_jupyter.runtime.processes import Processes

_SCRIPT, _STEPS, _ANSWERS = "commands.sh", "steps", "answers"
#: The outer shell outlives an interrupt, so that programs may go on to save their work: the container ends with it.
_COMMAND = """\
trap 'stopped=1' INT TERM
sh {script} {steps} <{answers}
code=$?
while [ "$stopped" ] && kill -0 -1 2>/dev/null; do sleep 0.1; done
exit $code
"""


class ContainerShell:
    """A container whose program is the script."""

    def __init__(
        self,
        box: Box,
        script: Path,
        *,
        folders: Folders,
        environment: Mapping[str, str],
        watch: ProcessWatch | None,
    ) -> None:
        self._folder = folder = box.folder()
        try:
            folder.write(_SCRIPT, script.read_text(encoding="utf-8", errors="surrogateescape"))
            self.steps = folder.make_pipe(_STEPS)
            self._answers = folder.make_pipe(_ANSWERS)
            command = _COMMAND.format(
                script=f"{INSIDE}/{_SCRIPT}", steps=f"{INSIDE}/{_STEPS}", answers=f"{INSIDE}/{_ANSWERS}"
            )
            self._container = box.start(folder, environment, command, cwd=box.inside.path(folders.repository))
        except BaseException:
            folder.close()
            raise
        self._processes = Processes(self._container.pid, init=True)
        self._ended = False
        self.peak_bytes: int | None = None
        self.stdout, self.stderr = self._container.stdout, self._container.stderr

    def answer(self) -> None:
        os.write(self._answers, b"\n")

    def poll(self) -> int | None:
        return self._container.poll()

    def signal(self, number: int) -> None:
        self._container.signal(number)

    def lives(self) -> bool:
        return self._container.poll() is None

    def end(self) -> None:
        self._processes.stop()
        self.peak_bytes = self._processes.peak_bytes or None
        self._container.kill()
        self._container.wait(10)

    def close(self) -> None:
        self._container.remove()
        os.close(self._answers)
        os.close(self.steps)
        self._folder.close()

    def why_ended(self) -> str | None:
        return self._container.why_ended()
