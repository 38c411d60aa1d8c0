"""All that one execution's containers are made of: engine, image, folders, limits, labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from valo_jupyter.runtime.containers.asking import lead
from valo_jupyter.runtime.containers.container import Container
from valo_jupyter.runtime.containers.daemon import sees_our_mounts
from valo_jupyter.runtime.containers.engine import ContainerEngine
from valo_jupyter.runtime.containers.folder import INSIDE, RunFolder
from valo_jupyter.runtime.containers.images import Image
from valo_jupyter.runtime.containers.inside import HOME, Inside, bind
from valo_jupyter.runtime.contract import Folders, Sink
from valo_jupyter.runtime.inputs import asks_for_inputs

if TYPE_CHECKING:
    from valo_jupyter.runtime.inputs.demand import OnDemand


class Box:
    """Ready to start programs in, once `inside` has the folders.

    Parameters
    ----------
    short
        A folder with a short path, for sockets.
    started
        Called when a program has been started.
    """

    def __init__(
        self,
        engine: ContainerEngine,
        image: Image,
        assignment: Mapping[str, Any],
        folders: Folders,
        sink: Sink,
        *,
        short: Path,
        labels: Mapping[str, str],
        started: Callable[[], None] = lambda: None,
    ) -> None:
        self.engine = engine
        self.image = image
        self.settings: Mapping[str, Any] = assignment["container"]
        self._user, owner = engine.user(self.settings["profile"])
        self._sink = sink
        self._short = short
        self.labels = labels
        self._started = started
        #: what code asks for inputs, if there are such that it does
        self.on_demand: OnDemand | None = None
        #: the image's own, by which it is led to
        self.python: str | None = None
        self.inside = Inside(
            folders,
            owner,
            read_only=self.settings["profile"] == "strict",
            writable_inputs=asks_for_inputs(assignment),
        )
        for name in engine.unable(self.settings):
            sink.log("status", [f"The container engine of this machine cannot limit {name.removesuffix('_bytes')}"])

    def environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        """What programs inside see beyond the image's own: Valohai's variables and the user's."""
        name = "root" if self._user.startswith("0:") else "valo"
        return {"HOME": HOME, "USER": name, "LOGNAME": name, **variables}

    def folder(self) -> RunFolder:
        """A new folder shared with a container."""
        return RunFolder(self._short, self.inside.owner, mount=sees_our_mounts(self.engine.host))

    def start(self, folder: RunFolder, environment: Mapping[str, str], command: str, *, cwd: str) -> Container:
        """Start a shell on `command`; the container sees `folder` as `INSIDE`. Close both afterwards."""
        before = ""
        if self.on_demand is not None and self.python is not None:
            before = lead(self.on_demand, folder, self.inside.owner, self.python)
        left_out = folder.write_start(self.environment(environment), command, before=before)
        if left_out:
            names = ", ".join(sorted(left_out))
            self._sink.log("status", [f"No shell can hand on variables of these names, so they are not set: {names}"])
        mounts = [*self.inside.mounts(), bind(folder.shared, INSIDE)]
        config = {
            "Image": self.image.id,
            "Entrypoint": folder.argv(),
            "Cmd": [],
            "WorkingDir": cwd,
            "User": self._user,
            "Env": ["TINI_KILL_PROCESS_GROUP=1"],
            "Labels": dict(self.labels),
            "HostConfig": self.engine.host_config(self.settings, mounts),
        }
        container = Container(self.engine, config, memory_bytes=self.settings["memory_bytes"])
        self._started()
        return container
