"""The shell that runs a step's commands, as a process of this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from valo_jupyter.runtime.contract import Folders, ProcessWatch
from valo_jupyter.runtime.processes import Processes
from valo_jupyter.runtime.spawn import kill_group, spawn
from valo_jupyter.runtime.stopping import group_lives, kill_marked


class Shell(Protocol):
    """A shell that has been started, in a process or a container. `signal` may be called from any thread."""

    #: a pipe in which it names the number of each command that it comes to; it never ends
    steps: int
    #: the pipes that its output arrives in
    stdout: int
    stderr: int
    #: the most memory that its programs held, known once it has ended
    peak_bytes: int | None

    def answer(self) -> None:
        """Let it run the command that it has announced."""
        ...

    def poll(self) -> int | None:
        """Its exit code once it has ended, negative for a signal."""
        ...

    def signal(self, number: int) -> None:
        """Send a signal to all it has started."""
        ...

    def lives(self) -> bool:
        """Whether anything of what it started still runs."""
        ...

    def end(self) -> None:
        """End whatever is left of it."""
        ...

    def close(self) -> None:
        """Give back its pipes."""
        ...

    def why_ended(self) -> str | None:
        """What is known of its end beyond the exit code, when the system ended it."""
        ...


class StartShell(Protocol):
    """Starts a shell on a script, whose first argument is the path of the pipe `steps`."""

    def __call__(
        self,
        script: Path,
        *,
        folders: Folders,
        environment: Mapping[str, str],
        watch: ProcessWatch | None,
    ) -> Shell: ...


class ProcessShell:
    """A process group of this machine."""

    def __init__(
        self,
        script: Path,
        *,
        folders: Folders,
        environment: Mapping[str, str],
        watch: ProcessWatch | None,
    ) -> None:
        if watch is not None:
            watch.ready()
        pipe = subprocess.PIPE
        steps = folders.root / "commands.fifo"
        os.mkfifo(steps, 0o600)
        # for writing, too: so that it never ends, and before the shell opens it, which would wait for a reader
        self.steps = os.open(steps, os.O_RDWR | os.O_NONBLOCK)
        argv, cwd = ["sh", str(script), str(steps)], folders.repository
        try:
            self._process = spawn(argv, cwd=cwd, env=dict(environment), stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0)
        except OSError:
            os.close(self.steps)
            raise
        self._pid = self._process.pid
        # its daemons, which have left the group, are found by this
        self._mark = ("VH_CONFIG_DIR", str(folders.config))
        self._watch = watch
        if watch is not None:
            watch.started(self._pid)
        self._processes = Processes(self._pid)
        self.peak_bytes: int | None = None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self.stdout = self._process.stdout.fileno()
        self.stderr = self._process.stderr.fileno()

    def answer(self) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(b"\n")
        except BrokenPipeError:
            # it was killed meanwhile
            pass

    def poll(self) -> int | None:
        if self._process.returncode is None:
            # wait4, unlike poll, tells the memory of programs that ended between two samples
            pid, status, usage = os.wait4(self._pid, os.WNOHANG)
            if pid == 0:
                return None
            self._process.returncode = os.waitstatus_to_exitcode(status)
            self.peak_bytes = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        return self._process.returncode

    def signal(self, number: int) -> None:
        kill_group(self._pid, number)

    def lives(self) -> bool:
        return group_lives(self._pid)

    def end(self) -> None:
        self._processes.stop()
        self.peak_bytes = max(self._processes.peak_bytes, self.peak_bytes or 0)
        kill_group(self._pid)
        self._processes.kill_left()
        kill_marked(*self._mark)

    def close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()
        os.close(self.steps)
        if self._watch is not None:
            self._watch.ended(self._pid)

    def why_ended(self) -> str | None:
        return None
