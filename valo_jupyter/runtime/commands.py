"""A step's commands: one shell in the checkout's root, its output as lines, its end for a reason that is said."""

from __future__ import annotations

import codecs
import os
import selectors
import shlex
import signal
import time
from collections.abc import Callable, Mapping, Sequence

from valo_jupyter.domain.errors import ValoError
from valo_jupyter.runtime.contract import Folders, Outcome, ProcessWatch, Sink, StopRequest, StopSignal
from valo_jupyter.runtime.lines import LineAssembler, metadata_of
from valo_jupyter.runtime.shell import ProcessShell, Shell, StartShell
from valo_jupyter.runtime.stopping import Escalation

_READ = 256 * 1024
#: a line that has not ended is shown after so long without more of it (a question, a progress bar)
_PARTIAL = 0.3
#: the same for a line that redraws itself, which would else be a log line for each step
_REDRAWN = 5.0
#: between looks whether the shell has ended, while something else holds its pipes open
_LOOK = 0.1
#: how long output is awaited from processes that have left the group and hold its pipes
_LEFTOVERS = 1.0


def run_commands(
    commands: Sequence[str],
    *,
    folders: Folders,
    environment: Mapping[str, str],
    sink: Sink,
    stop: StopSignal,
    watch: ProcessWatch | None = None,
    start: StartShell = ProcessShell,
) -> Outcome:
    """Run the commands one after the other in one shell, up to the first that fails.

    One shell, so that `cd` and `export` hold for the commands that follow, as on Valohai; `set -e`, so that a failing
    line within a command ends it too.
    """
    begun = time.monotonic()
    script = folders.root / "commands.sh"
    script.write_text(_script(commands), encoding="utf-8", errors="surrogateescape")
    try:
        shell = start(script, folders=folders, environment=environment, watch=watch)
    except ValoError as error:
        return Outcome.refused(error)
    except OSError as error:
        # variables larger than the system passes on, no memory for another process
        return Outcome("error", f"the shell could not be started: {error.strerror or error}")
    output = _Output(commands, shell, sink)
    try:
        with Escalation(stop, shell.signal) as escalation:
            exit_code = output.read()
            if stop.is_set():
                # the shell dies of the interrupt at once; a program it started may still be saving its work
                output.read_while(lambda: not escalation.killed and shell.lives())
    finally:
        # what the commands left running in the background ends with them
        shell.end()
        output.close()
        shell.close()
    outcome = _outcome(exit_code, commands, output.step, stop.request, shell.why_ended())
    outcome.seconds = {"run": time.monotonic() - begun}
    outcome.peak_memory_bytes = shell.peak_bytes
    return outcome


def _script(commands: Sequence[str]) -> str:
    """The shell says which command comes next and waits for our answer, so that our line stands before its output."""
    lines = ["set -e", 'exec 4<&0 3>"$1" </dev/null', "shift"]
    for number, command in enumerate(commands, 1):
        lines += [f"echo {number} >&3", "read -r _ <&4", f"eval {shlex.quote(command)} 3>&- 4<&-"]
    return "\n".join([*lines, ""])


def _outcome(
    exit_code: int, commands: Sequence[str], step: int, request: StopRequest | None, why: str | None
) -> Outcome:
    if request is not None:
        return Outcome("stopped", request.reason, exit_code)
    if exit_code == 0:
        return Outcome("complete", exit_code=0)
    which = f"command {step} of {len(commands)}" if len(commands) > 1 else "the command"
    if why:
        return Outcome("crashed", f"{which} failed: {why}", exit_code)
    how = f"exit code {exit_code}"
    if exit_code < 0:
        how = f"signal {-exit_code}"
    elif exit_code == 137:
        how = "exit code 137: killed (out of memory?)"
    elif exit_code == 127:
        how = "exit code 127: no such program"
    command = commands[step - 1].strip() if step else ""
    # the shell itself ended so: the system killed it, or somebody; a killed program in it is the command's failure
    status = "crashed" if exit_code == -signal.SIGKILL else "error"
    return Outcome(status, f"{which} failed with {how}: {_shortened(command)}", exit_code)


def _shortened(command: str) -> str:
    line = command.split("\n", 1)[0]
    return line if line == command and len(line) <= 200 else f"{line[:200]} …"


class _Output:
    """What the shell prints, and which command it is at."""

    def __init__(self, commands: Sequence[str], shell: Shell, sink: Sink) -> None:
        self.step = 0
        self.shell = shell
        self._commands = commands
        self._sink = sink
        self._streams = [_Stream("stdout", self.shell.stdout, sink), _Stream("stderr", self.shell.stderr, sink)]
        self._selector = selectors.DefaultSelector()
        self._selector.register(shell.steps, selectors.EVENT_READ)
        for stream in self._streams:
            self._selector.register(stream.descriptor, selectors.EVENT_READ, stream)

    def read(self) -> int:
        """Read until the shell has ended; its exit code."""
        while (code := self.shell.poll()) is None:
            self._read_ready(_LOOK)
        return code

    def read_while(self, goes_on: Callable[[], bool]) -> None:
        while goes_on():
            self._read_ready(_LOOK)

    def close(self) -> None:
        """The last of it; the processes are dead by now, but one that left the group may hold the pipes."""
        deadline = time.monotonic() + _LEFTOVERS
        while any(stream.open for stream in self._streams) and time.monotonic() < deadline:
            self._read_ready(_LOOK)
        for stream in self._streams:
            stream.finish()
        self._selector.close()

    def _read_ready(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            if key.data is None:
                self._begin(int(os.read(self.shell.steps, 100)))
                continue
            key.data.read()
            if not key.data.open:
                self._selector.unregister(key.fd)
        for stream in self._streams:
            stream.show_partial()

    def _begin(self, number: int) -> None:
        # what the command before printed is in the pipes already: the shell waits for our answer
        for stream in self._streams:
            while stream.read():
                pass
            stream.finish()
        self.step = number
        which = f"Command {number} of {len(self._commands)}: " if len(self._commands) > 1 else "Command: "
        self._sink.log("status", (which + self._commands[number - 1].strip()).split("\n"))
        self.shell.answer()


class _Stream:
    """One output of the shell, from bytes to lines and metadata points."""

    def __init__(self, name: str, descriptor: int, sink: Sink) -> None:
        self.descriptor = descriptor
        self.open = True
        self._name = name
        self._sink = sink
        self._assembler = LineAssembler()
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._heard = self._shown = time.monotonic()
        os.set_blocking(descriptor, False)

    def read(self) -> bool:
        """Take what is there; whether there was something."""
        if not self.open:
            return False
        try:
            data = os.read(self.descriptor, _READ)
        except BlockingIOError:
            return False
        if not data:
            self.open = False
            return False
        self._heard = time.monotonic()
        self._emit(self._assembler.feed(self._decode(data)))
        return True

    def finish(self) -> None:
        """What has not ended with a line end ends here."""
        self._emit(self._assembler.feed(self._decode(b"", final=True)) + self._assembler.flush())

    def show_partial(self) -> None:
        """An unfinished line is shown when nothing more comes: a question, or now and then a progress bar.

        What begins like a metadata point waits for its end, however long that takes.
        """
        beginning = self._assembler.beginning
        if not beginning or beginning.lstrip()[:1] == "{":
            return
        now = time.monotonic()
        if now - self._heard > _PARTIAL and now - self._shown > (_REDRAWN if "\r" in beginning else _PARTIAL):
            self._shown = now
            self._emit(self._assembler.flush())

    def _emit(self, lines: list[str]) -> None:
        if not lines:
            return
        self._sink.log(self._name, lines)
        if self._name == "stdout":
            for line in lines:
                if (values := metadata_of(line)) is not None:
                    self._sink.emit({"k": "metadata", "values": values})
