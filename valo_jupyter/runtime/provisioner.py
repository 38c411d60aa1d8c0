"""A jupyter_client provisioner: kernels on sockets of a private folder, started so that they never outlive us."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Unicode

from valo_jupyter.domain.errors import StateFolder
from valo_jupyter.runtime.processes import Processes
from valo_jupyter.runtime.spawn import kill_group, spawn

#: `sun_path` has 108 bytes on Linux, the last a zero; macOS has 104
_LONGEST = 103 if sys.platform == "darwin" else 107
#: what is kept of what the process itself writes
_TAIL = 8192
#: jupyter_client numbers the sockets `<ip>-1` to `<ip>-5`; `inside` adds a sixth
_SOCKET = "k"


class LastWords:
    """Keeps the last of what a kernel's program itself writes, as a kernel or in its stead."""

    #: the pipe that it arrives in, which is read without waiting
    output: int | None = None
    _tail = b""

    def read_output(self) -> bool:
        """Take what has been written; False when nothing more will come."""
        if self.output is None:
            return False
        try:
            chunk = os.read(self.output, 65536)
        except BlockingIOError:
            return True
        self._tail = (self._tail + chunk)[-_TAIL:]
        return bool(chunk)

    def last_words(self) -> list[str]:
        """The last lines."""
        self.read_output()
        return [line for line in self._tail.decode(errors="replace").splitlines() if line.strip()][-3:]


class ProcessProvisioner(LastWords, LocalProvisioner):
    """Starts the kernel as a process of this machine, reachable by Unix sockets only: there is no port to connect to.

    What the process itself writes (ipykernel sends its output over the sockets, and repeats part of it there) comes
    out at `output`, a pipe for diagnosing a kernel that does not start.
    """

    socket_folder = Unicode("/tmp", help="Where each kernel's own folder is made; short, since a socket's path is.")

    process: Any = None
    #: can be read once the process has ended; None where there is no such thing
    exited: int | None = None
    folder: Path | None = None

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._reaping = threading.Lock()

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        manager: Any = self.parent
        # mkdtemp makes it 0700
        self.folder = Path(tempfile.mkdtemp(prefix="valo-", dir=self.socket_folder))
        sockets = self.folder / _SOCKET
        try:
            check_length(sockets)
        except StateFolder:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        manager.transport = "ipc"
        manager.ip = str(sockets)
        manager.connection_file = str(self.folder / "connection.json")
        return await super().pre_launch(**kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        environment = kwargs["env"]
        # as jupyter_client's launcher does: ipykernel ends when this process is gone
        environment["JPY_PARENT_PID"] = str(os.getpid())
        self.output, end = os.pipe()
        try:
            self.process = spawn(
                cmd,
                env=environment,
                cwd=kwargs.get("cwd"),
                stdin=subprocess.DEVNULL,
                stdout=end,
                stderr=subprocess.STDOUT,
            )
        finally:
            os.close(end)
        os.set_blocking(self.output, False)
        self.pid = self.pgid = self.process.pid
        self.cwd = kwargs.get("cwd")
        if hasattr(os, "pidfd_open"):
            self.exited = os.pidfd_open(self.process.pid)
        return self.connection_info

    def why_ended(self) -> str | None:
        """What is known of its end beyond the exit code."""
        return None

    def processes(self) -> Processes:
        return Processes(self.process.pid)

    def reap(self) -> int | None:
        """The exit code once the kernel has ended; then the rest of its group is ended, too."""
        if self.process is None:
            return None
        with self._reaping:
            if self.process.returncode is None and _has_ended(self.process):
                # before its id is given back: the group's id is the same, and might become somebody else's
                kill_group(self.process.pid, signal.SIGKILL)
                self.process.wait()
        return self.process.returncode

    def kill_now(self) -> None:
        """End the kernel's whole group; from any thread."""
        with self._reaping:
            if self.process is not None and self.process.returncode is None:
                kill_group(self.process.pid, signal.SIGKILL)

    async def kill(self, restart: bool = False) -> None:
        self.kill_now()

    async def cleanup(self, restart: bool = False) -> None:
        for descriptor in (self.output, self.exited):
            if descriptor is not None:
                os.close(descriptor)
        self.output = self.exited = None
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None


def check_length(sockets: Path) -> None:
    """Raise `StateFolder` if sockets numbered after this path would have too long ones."""
    if len(os.fsencode(f"{sockets}-5")) > _LONGEST:
        raise StateFolder(
            f"The folder for kernel sockets, {sockets.parent.parent}, has too long a path: "
            f"a socket's path may have {_LONGEST} bytes. Name a shorter one."
        )


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    if hasattr(os, "waitid"):
        # without reaping it
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    return process.poll() is not None
