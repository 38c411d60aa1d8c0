"""How the code of one job runs: as processes of this machine, or in containers."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from valo_jupyter.domain.errors import ImageUnavailable
from valo_jupyter.runtime.contract import Folders, ProcessWatch, Sink, StopSignal
from valo_jupyter.runtime.elsewhere import own_kernel
from valo_jupyter.runtime.environment import user_environment, without_proxy_to_us
from valo_jupyter.runtime.kernels import KernelPool, Kernels
from valo_jupyter.runtime.shell import ProcessShell, StartShell
from valo_jupyter.runtime.stopping import kill_marked
from valo_jupyter.runtime.valohai_paths import NOTE, advice, with_own_folders
from valo_jupyter.runtime.wire import Refused

if TYPE_CHECKING:
    from valo_jupyter.runtime.inputs.demand import OnDemand


class Programs(Protocol):
    """
    Attributes
    ----------
    folders
        The attempt's, as its code knows them.
    executed
        Where a notebook is written while it runs.
    inputs_are_read_only
        Code cannot write to files that are read-only, and so not to what is kept for others either.
    """

    folders: Folders
    executed: Path
    inputs_are_read_only: bool

    @property
    def kernels(self) -> Kernels: ...

    @property
    def start_shell(self) -> StartShell: ...

    def can_ask(self) -> bool:
        """Code can ask this machine for inputs while it runs; if not, the log says so."""
        ...

    def serve(self, on_demand: OnDemand) -> str:
        """The address at which code will find it."""
        ...

    def enter(self) -> None:
        """The attempt's folders are complete: code may have them."""
        ...

    def environment(self) -> dict[str, str]: ...

    def kernel(self, wanted: dict[str, Any] | None) -> dict[str, Any] | None:
        """What the assignment says of the kernel, as it counts here."""
        ...

    def commands(self, commands: list[str]) -> list[str]: ...

    def inputs(self, found: dict[str, Any]) -> dict[str, Any]:
        """What `inputs.json` is to hold, from what it holds for this machine."""
        ...

    def advice(self, message: str) -> str | None:
        """What to say to code that missed a file, by its error message."""
        ...

    def leave(self) -> None:
        """On return nothing of the code runs, and what it wrote is ours."""
        ...

    def close(self) -> None: ...


class OnThisMachine:
    """As processes, with the machine's own programs and powers."""

    def __init__(self, assignment: Mapping[str, Any], folders: Folders, sink: Sink, kernels: KernelPool) -> None:
        self.folders = folders
        self.executed = folders.outputs
        self.inputs_are_read_only = os.geteuid() != 0
        self.kernels = kernels
        self.start_shell: StartShell = ProcessShell
        self._assignment = assignment
        self._sink = sink
        self._serves = False

    def can_ask(self) -> bool:
        return True

    def serve(self, on_demand: OnDemand) -> str:
        self._serves = True
        return on_demand.listen()

    def enter(self) -> None: ...

    def environment(self) -> dict[str, str]:
        environment = user_environment(self._assignment, self.folders)
        return without_proxy_to_us(environment) if self._serves else environment

    def kernel(self, wanted: dict[str, Any] | None) -> dict[str, Any] | None:
        return own_kernel(wanted)

    def commands(self, commands: list[str]) -> list[str]:
        replaced = with_own_folders(commands, self.folders)
        if replaced != commands:
            self._sink.log("status", [NOTE])
        return replaced

    def inputs(self, found: dict[str, Any]) -> dict[str, Any]:
        return found

    def advice(self, message: str) -> str | None:
        return advice(message)

    def leave(self) -> None:
        if self._assignment["notebook"] is not None:
            # daemons that its cells left: nobody may write to the outputs from here on; a shell has seen to that itself
            kill_marked("VH_CONFIG_DIR", str(self.folders.config))

    def close(self) -> None: ...


def programs_for(
    assignment: Mapping[str, Any],
    folders: Folders,
    sink: Sink,
    stop: StopSignal,
    *,
    kernels: KernelPool,
    watch: ProcessWatch | None,
    ask: Callable[[str, dict[str, Any]], Any],
) -> Programs:
    """What the assignment's `container` asks for; an image is pulled here.

    Parameters
    ----------
    ask
        A request to the server, by path and body.

    Raises
    ------
    ImageUnavailable, InvalidImage, ContainerFailed
        Each with what to do.
    Cancelled
        `stop` was set.
    """
    here = OnThisMachine(assignment, folders, sink, kernels)
    container = assignment.get("container")
    if container is None:
        return here
    if container["mode"] == "never":
        sink.log("status", [f"Image {container['image']} is recorded only: this environment runs no containers"])
        return here
    # the Docker SDK is imported when it is needed
    from valo_jupyter.runtime.containers.errors import NoContainerEngine
    from valo_jupyter.runtime.containers.images import Access
    from valo_jupyter.runtime.containers.programs import InContainers, connect

    try:
        engine = connect()
    except NoContainerEngine as error:
        if container["mode"] != "auto":
            raise
        warning = f"Warning: image {container['image']} is not used, the code runs as a process. {error.message}"
        sink.log("status", [warning])
        return here
    try:
        try:
            access = Access.from_json(ask("/run/v1/registry", {"image": container["image"]}))
        except Refused as error:
            raise ImageUnavailable(error.message) from error
        made = InContainers.prepared(
            engine, assignment, folders, sink, stop, access=access, short=kernels.socket_folder, watch=watch
        )
        image = made.image
        digest = {"reference": image.reference, "digest": image.digest, "entry": access.entry}
        ask("/run/v1/image", digest)
        return made
    except BaseException:
        engine.close()
        raise
