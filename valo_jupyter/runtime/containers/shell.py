"""The shell that runs a step's commands, in a container."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from valo_jupyter.runtime.containers.box import Box
from valo_jupyter.runtime.containers.folder import INSIDE
from valo_jupyter.runtime.contract import Folders, ProcessWatch
from valo_jupyter.runtime.processes import Processes

_SCRIPT, _STEPS, _ANSWERS = "commands.sh", "steps", "answers"
_OUT, _ERR = "stdout", "stderr"
#: The outer shell outlives an interrupt, so that programs of its group may go on to save their work: the container ends
#: with it. It knows of them by /proc alone, since an image need not have `ps`.
_COMMAND = f"""\
exec >{INSIDE}/{_OUT} 2>{INSIDE}/{_ERR}
others_live() {{
  for file in /proc/[0-9]*/stat; do
    read -r line 2>/dev/null <"$file" || continue
    case "${{line%% *}}" in $$ | "$watcher") continue ;; esac
    set -- ${{line##*) }}
    [ "$3" = "$group" ] && [ "$1" != Z ] && return 0
  done
  return 1
}}
read -r line </proc/$$/stat
set -- ${{line##*) }}
group=$3
trap 'stopped=1' INT TERM
sh {INSIDE}/{_SCRIPT} {INSIDE}/{_STEPS} <{INSIDE}/{_ANSWERS}
code=$?
while [ "$stopped" ] && others_live; do sleep 0.1; done
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
        with ExitStack() as made:
            folder = box.folder()
            made.callback(folder.close)
            folder.write(_SCRIPT, script.read_text(encoding="utf-8", errors="surrogateescape"))
            self.steps, self._answers = folder.make_pipe(_STEPS), folder.make_pipe(_ANSWERS)
            for descriptor in (self.steps, self._answers):
                made.callback(os.close, descriptor)
            self._outputs = [folder.make_output(name) for name in (_OUT, _ERR)]
            for output in self._outputs:
                made.callback(output.close)
            self.stdout, self.stderr = (output.read for output in self._outputs)
            self._container = box.start(folder, environment, _COMMAND, cwd=box.inside.path(folders.repository))
            made.callback(self._container.remove)
            self._made = made.pop_all()
        self._processes = Processes(self._container.pid, init=True)
        self.peak_bytes: int | None = None

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
        for output in self._outputs:
            output.end()

    def close(self) -> None:
        self._made.close()

    def why_ended(self) -> str | None:
        return self._container.why_ended()
