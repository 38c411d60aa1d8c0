"""A jupyter_client provisioner whose kernels run in containers, on sockets in a folder that both sides see."""

from __future__ import annotations

import json
import shlex
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase

from valo_jupyter.runtime.containers.box import Box
from valo_jupyter.runtime.containers.container import Container
from valo_jupyter.runtime.containers.errors import ImageWithoutKernel
from valo_jupyter.runtime.containers.folder import INSIDE, OutputPipe, RunFolder
from valo_jupyter.runtime.containers.kernelspecs import PYTHON
from valo_jupyter.runtime.processes import Processes
from valo_jupyter.runtime.provisioner import LastWords, check_length

#: jupyter_client numbers the sockets `<ip>-1` to `<ip>-5`; `inside` adds a sixth
_SOCKET = "k"
_CONNECTION, _OUTPUT = "connection.json", "output"
_NO_PROGRAM = 127


class DockerProvisioner(LastWords, KernelProvisionerBase):
    """Starts one kernel in a container of `box`.

    The driver's connection file is not in the folder that is shared: what runs inside could change it.
    """

    def __init__(self, *, box: Box, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._box = box
        self._folder: RunFolder | None = None
        self._container: Container | None = None
        self._output: OutputPipe | None = None
        self.pid: int | None = None
        self.exited: int | None = None

    @property
    def has_process(self) -> bool:
        return self.exited is not None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        manager: Any = self.parent
        self._folder = folder = self._box.folder()
        sockets = folder.shared / _SOCKET
        try:
            check_length(sockets)
        except BaseException:
            folder.close()
            raise
        manager.transport = "ipc"
        manager.ip = str(sockets)
        manager.connection_file = str(folder.path / _CONNECTION)
        manager.write_connection_file()
        self.connection_info = manager.get_connection_info()
        info = json.loads((folder.path / _CONNECTION).read_text())
        folder.write(_CONNECTION, json.dumps({**info, "ip": f"{INSIDE}/{_SOCKET}"}))
        file = f"{INSIDE}/{_CONNECTION}"
        argv = [word.replace("{connection_file}", file) for word in self.kernel_spec.argv]
        argv += kwargs.pop("extra_arguments", [])
        return await super().pre_launch(cmd=argv, **kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        assert self._folder is not None
        self._output = self._folder.make_output(_OUTPUT)
        command = f"exec >{INSIDE}/{_OUTPUT} 2>&1\n{_command(cmd)}"
        self._container = self._box.start(self._folder, kwargs["env"], command, cwd=str(kwargs["cwd"]))
        self.pid = self._container.pid
        self.output, self.exited = self._output.read, self._container.exited
        return self.connection_info

    # -- what RunningKernel asks

    def reap(self) -> int | None:
        return None if self._container is None else self._container.poll()

    def why_ended(self) -> str | None:
        return None if self._container is None else self._container.why_ended()

    def kill_now(self) -> None:
        if self._container is not None:
            self._container.kill()

    def processes(self) -> Processes:
        return Processes(self.pid, init=True)

    def check_kernel(self) -> None:
        """Raise `ImageWithoutKernel` if that is how it ended before it was ready."""
        words = " / ".join(self.last_words())
        argv = self.kernel_spec.argv
        if "No module named" in words and "ipykernel" in words:
            raise ImageWithoutKernel(
                "The image has no kernel for notebooks: add ipykernel to it, `pip install ipykernel`."
            )
        if self.reap() == _NO_PROGRAM and tuple(argv) == PYTHON:
            raise ImageWithoutKernel(
                "The image has no Python on its PATH, and so no kernel for notebooks. Build it on one that has, "
                "such as python:3.12-slim, and add ipykernel: `pip install ipykernel`."
            )
        if self.reap() == _NO_PROGRAM:
            raise ImageWithoutKernel(f"The image has no program {argv[0]} for the kernel. It says: {words}")

    # -- what jupyter_client asks

    async def poll(self) -> int | None:
        return self.reap()

    async def wait(self) -> int | None:
        if self._container is not None:
            self._container.wait(10)
        return self.reap()

    async def send_signal(self, signum: int) -> None:
        if self._container is not None and signum:
            self._container.signal(signum)

    async def kill(self, restart: bool = False) -> None:
        self.kill_now()

    async def terminate(self, restart: bool = False) -> None:
        self.kill_now()

    async def cleanup(self, restart: bool = False) -> None:
        # how it ended is asked for afterwards, too
        self.output = self.exited = None
        if self._container is not None:
            self._container.remove()
        if self._output is not None:
            self._output.close()
        if self._folder is not None:
            self._folder.close()
            self._folder = None


def _command(argv: list[str]) -> str:
    program, rest = argv[0], shlex.join(argv[1:])
    if program == PYTHON[0]:
        # some systems have the other name only
        return f"command -v python >/dev/null && exec python {rest}\nexec python3 {rest}"
    return f"exec {shlex.quote(program)} {rest}"
