"""One kernel, from its start to the end of the last process it left behind."""

from __future__ import annotations

import ast
import os
import signal
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import zmq
from jupyter_client.manager import KernelManager

from valo_jupyter.domain.errors import ValoError
from valo_jupyter.runtime.connection import Connection, Message
from valo_jupyter.runtime.contract import ProcessWatch, StopSignal
from valo_jupyter.runtime.kernelspecs import OneSpec, is_ipykernel
from valo_jupyter.runtime.processes import Processes

#: A kernel that has said nothing for so long, though it should, is sent another message.
SILENCE = 2.0
#: Between looks at a process that cannot be waited for together with sockets (no pidfd).
_LOOK = 0.2


class KernelDied(ValoError):
    """The kernel ended before its work was done."""

    code = "kernel_died"


class KernelStopped(ValoError):
    """A stop was asked for while the kernel was starting."""

    code = "stopped"


class Provisioner(Protocol):
    """What runs a kernel, a process or a container, beyond what jupyter_client wants of it."""

    #: of its first process, if this machine sees that
    pid: int | None
    #: can be read when the program itself has written something; its output as a kernel comes over the sockets
    output: int | None
    #: can be read once it has ended; None where there is no such thing
    exited: int | None

    def read_output(self) -> bool: ...
    def last_words(self) -> list[str]: ...
    def reap(self) -> int | None: ...
    def why_ended(self) -> str | None: ...
    def kill_now(self) -> None: ...
    def processes(self) -> Processes: ...


class RunningKernel:
    """A started kernel and the messages with it. One thread at a time uses it; `kill` may come from any."""

    def __init__(
        self,
        kernel: Mapping[str, Any],
        *,
        cwd: Path,
        environment: Mapping[str, str],
        provision: Callable[[KernelManager], Any],
        watch: ProcessWatch | None = None,
    ) -> None:
        self.kernel = kernel
        self.warm = False
        #: where it imports packages from, when it is an ipykernel
        self.folders: list[str] = []
        #: the reply to kernel_info, once it is ready
        self.info: dict[str, Any] = {}
        self.exit_code: int | None = None
        self._watch = watch
        self._closed = False
        self.asks = is_ipykernel(kernel)
        self._manager = KernelManager(
            context=zmq.Context.instance(), kernel_name=kernel["name"], kernel_spec_manager=OneSpec(kernel)
        )
        # one object for both sides
        self._manager.provisioner = made = provision(self._manager)
        self.provisioner: Provisioner = made
        # as papermill: no file of histories, which kernels would queue up for
        extra = ["--HistoryManager.hist_file=:memory:"] if self.asks else []
        try:
            self._manager.start_kernel(env=dict(environment), cwd=str(cwd), extra_arguments=extra)
        except OSError as error:
            self._manager.cleanup_resources()
            raise KernelDied(
                f"The kernel “{kernel['name']}” cannot be started: {kernel['argv'][0]}: {error.strerror or error}."
            ) from error
        except BaseException:
            self._manager.cleanup_resources()
            raise
        self.pid = self.provisioner.pid
        #: what the process was started with
        self.born: dict[str, str] = {**environment, "JPY_PARENT_PID": str(os.getpid())}
        if watch is not None and self.pid is not None:
            watch.started(self.pid)
        self.connection = Connection(dict(self._manager.get_connection_info()), waits=self.asks)
        for descriptor in (self.provisioner.exited, self.provisioner.output):
            if descriptor is not None:
                self.connection.watch(descriptor)

    # -- life

    def wait_ready(self, timeout: float = 60.0, stop: StopSignal | None = None) -> None:
        """Until it answers and its output arrives here.

        Raises
        ------
        KernelDied
            It ended, or did not answer within `timeout` seconds; with the last it wrote.
        KernelStopped
            `stop` was set.
        """
        deadline = time.monotonic() + timeout
        heard = answered = False
        ask_at = 0.0
        while not (heard and answered):
            now = time.monotonic()
            if now >= ask_at:
                self.connection.send("shell", "kernel_info_request", {})
                # an answer without output means that the subscription was late: ask again to hear something
                ask_at = now + (0.02 if answered else 2.0)
            ready = self.connection.wait(min(ask_at - now, _LOOK))
            for message in self.connection.receive("shell"):
                if message["msg_type"] == "kernel_info_reply":
                    self.info = message["content"]
                    if not answered:
                        answered, ask_at = True, time.monotonic() + 0.02
            for _ in self.connection.receive("iopub"):
                heard = True
            if stop is not None and stop.is_set():
                raise KernelStopped()
            name = f"The kernel “{self.kernel['name']}”"
            if self.ended(ready):
                raise KernelDied(f"{self.end_told(name)} before it was ready.{self._said()}", killed=self.was_killed())
            if time.monotonic() > deadline:
                raise KernelDied(f"{name} did not answer within {timeout:.0f} seconds of its start.{self._said()}")

    def ended(self, ready: set[Any] | None = None) -> bool:
        """Whether the process is gone; `ready`, from `Connection.wait`, spares a look when nothing says so."""
        if self.exit_code is not None:
            return True
        output, exited = self.provisioner.output, self.provisioner.exited
        if output is not None and (ready is None or output in ready) and not self.provisioner.read_output():
            self.connection.unwatch(output)
        if exited is not None and ready is not None and exited not in ready:
            return False
        self.exit_code = self.provisioner.reap()
        return self.exit_code is not None

    def end_told(self, subject: str) -> str:
        """How it ended, as a sentence of the subject, unless more is known."""
        return self.provisioner.why_ended() or f"{subject} {self.how_it_ended()}"

    def how_it_ended(self) -> str:
        """ "was killed (out of memory?)", "ended with exit code 3", for a sentence."""
        code = self.exit_code or 0
        # a wrapper, or a container, reports a signal as 128 + its number
        number = -code if code < 0 else code - 128 if code > 128 else 0
        if number == signal.SIGKILL:
            return "was killed (out of memory?)"
        if number:
            try:
                return f"was ended by signal {signal.Signals(number).name}"
            except ValueError:
                pass
        return f"ended with exit code {code}"

    def was_killed(self) -> bool:
        """Whether it ended by SIGKILL: for want of memory, or by somebody's hand."""
        return self.exit_code in (-signal.SIGKILL, 128 + signal.SIGKILL)

    def processes(self) -> Processes:
        """Its processes' memory from now on; to be stopped."""
        return self.provisioner.processes()

    def interrupt(self) -> None:
        """As the kernelspec says: by a signal to its group, or by a message."""
        self._manager.interrupt_kernel()

    def kill(self) -> None:
        """End its whole process group at once; from any thread."""
        self.provisioner.kill_now()

    def ask_to_end(self, on_output: Callable[[Message], None] | None = None) -> None:
        """Begin an orderly end: `atexit` handlers run, open files are written. It must be idle."""
        if not self.asks or self.ask("leave", on_output=on_output) is None:
            self.connection.send("control", "shutdown_request", {"restart": False})

    def wait_ended(self, timeout: float, on_output: Callable[[Message], None] | None = None) -> bool:
        """Wait for the end that was asked for; what the kernel sends meanwhile goes to `on_output`."""
        deadline = time.monotonic() + timeout
        while True:
            ready = self.connection.wait(min(_LOOK, max(0.0, deadline - time.monotonic())))
            for message in self.connection.receive("iopub"):
                if on_output is not None:
                    on_output(message)
            for channel in ("shell", "control"):
                for _ in self.connection.receive(channel):
                    pass
            if self.ended(ready):
                return True
            if time.monotonic() >= deadline:
                return False

    def close(self) -> None:
        """Kill what is left of it and give back everything; may be called twice."""
        if self._closed:
            return
        self._closed = True
        self.kill()
        deadline = time.monotonic() + 5
        while not self.ended() and time.monotonic() < deadline:
            time.sleep(0.002)
        self.connection.close()
        self._manager.cleanup_resources()
        if self._watch is not None and self.pid is not None:
            self._watch.ended(self.pid)

    # -- requests

    def execute(self, code: str, *, store_history: bool = True, stop_on_error: bool = True) -> str:
        return self.connection.send("shell", "execute_request", _request(code, store_history, stop_on_error))

    def nudge(self) -> None:
        """Send what changes nothing: a kernel may leave a message unnoticed until the next one comes.

        (ZeroMQ tells of readable sockets once; a program that misses it waits, with the message in its hands.)
        """
        self.connection.send("shell", "kernel_info_request", {})

    def ask(
        self, question: str, *arguments: Any, on_output: Callable[[Message], None] | None = None, timeout: float = 30.0
    ) -> str | None:
        """The answer of one of the functions of `inside`, run in the kernel without a trace; None when it failed."""
        content = _request("", False, False) | {"silent": True}
        content["user_expressions"] = {"answer": _expression(question, arguments)}
        request = self.connection.send("shell", "execute_request", content)
        deadline, nudge_at = time.monotonic() + timeout, time.monotonic() + SILENCE
        reply: dict[str, Any] | None = None
        idle = False
        while not (reply and idle):
            ready = self.connection.wait(min(_LOOK, max(0.0, deadline - time.monotonic())))
            for message in self.connection.receive("iopub"):
                if message["parent_header"].get("msg_id") == request:
                    idle = idle or message["content"].get("execution_state") == "idle"
                if on_output is not None:
                    on_output(message)
            for message in self.connection.receive("shell"):
                if message["parent_header"].get("msg_id") == request:
                    reply = message["content"]
            now = time.monotonic()
            if self.ended(ready) or now >= deadline:
                return None
            if now >= nudge_at:
                self.nudge()
                nudge_at = now + SILENCE
        return _answer(reply)

    def _said(self) -> str:
        words = self.provisioner.last_words()
        return f" Its last words: {' / '.join(words)}" if words else ""


def _request(code: str, store_history: bool, stop_on_error: bool) -> dict[str, Any]:
    return {
        "code": code,
        "silent": False,
        "store_history": store_history,
        "user_expressions": {},
        "allow_stdin": False,
        "stop_on_error": stop_on_error,
    }


@cache
def _inside(function: str) -> str:
    """The function of `inside`, and those that it calls: what is not sent the kernel need not compile."""
    source = Path(__file__).with_name("inside.py").read_text(encoding="utf-8")
    functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    texts = {node.name: ast.get_source_segment(source, node) or "" for node in functions}
    wanted = [function]
    for name in wanted:
        wanted += [other for other in texts if f"{other}(" in texts[name] and other not in wanted]
    return "\n".join(texts[name] for name in wanted)


def _expression(function: str, arguments: tuple[Any, ...]) -> str:
    # an expression binds no name, and a namespace of its own keeps ours out of the user's
    call = f"ns[{function!r}](*{arguments!r})"
    return f"(lambda ns: (__import__('builtins').exec({_inside(function)!r}, ns), {call})[1])({{'__name__': 'valo'}})"


def _answer(reply: dict[str, Any] | None) -> str | None:
    answer = ((reply or {}).get("user_expressions") or {}).get("answer") or {}
    if answer.get("status") != "ok":
        return None
    value = ast.literal_eval(answer["data"]["text/plain"])
    return value if isinstance(value, str) else None
