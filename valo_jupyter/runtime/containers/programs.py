"""The code of a job in containers of its image."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from valo_jupyter.runtime.containers.asking import ADDRESS, find_python
from valo_jupyter.runtime.containers.box import Box
from valo_jupyter.runtime.containers.engine import ContainerEngine
from valo_jupyter.runtime.containers.images import Access, Images
from valo_jupyter.runtime.containers.inside import PLACES
from valo_jupyter.runtime.containers.kept import KeptImages
from valo_jupyter.runtime.containers.kernels import ContainerKernels
from valo_jupyter.runtime.containers.shell import ContainerShell
from valo_jupyter.runtime.contract import Folders, ProcessWatch, Sink, StopSignal
from valo_jupyter.runtime.environment import valohai_variables
from valo_jupyter.runtime.shell import StartShell

if TYPE_CHECKING:
    from valo_jupyter.runtime.inputs.demand import OnDemand

connect = ContainerEngine.connect


class InContainers:
    """As `runtime.programs.Programs` says."""

    def __init__(self, box: Box, assignment: Mapping[str, Any], folders: Folders, sink: Sink, kept: KeptImages) -> None:
        self.folders = PLACES
        # not in the folder that code writes to: it could put a link in the place of the file
        self.executed = folders.root / "executed"
        self.inputs_are_read_only = not box.inside.writable_inputs
        self.image = box.image
        self.kernels = ContainerKernels(box)
        self.start_shell: StartShell = partial(ContainerShell, box)
        self._box = box
        self._kept = kept
        self._assignment = assignment
        self._outside = folders
        self._sink = sink

    @classmethod
    def prepared(
        cls,
        engine: ContainerEngine,
        assignment: Mapping[str, Any],
        folders: Folders,
        sink: Sink,
        stop: StopSignal,
        *,
        access: Access,
        short: Path,
        watch: ProcessWatch | None,
    ) -> InContainers:
        """With the image pulled. `short` is a folder with a short path, for sockets."""
        container = assignment["container"]
        own = Path(assignment["cache_folder"]) / "images" if container.get("local_images") else None
        kept = KeptImages(engine)
        try:
            image = Images(engine, sink, stop, own=own, kept=kept).fetch(container["image"], access)
            labels = {
                "valo.execution": assignment["execution"]["id"],
                "valo.attempt": str(assignment["attempt"]),
                # written down before there is a container, so that it is found whatever happens to this process
                **(watch.contains(engine.host) if watch is not None else {}),
            }
            # room is made for later pulls while this run is on its way
            box = Box(engine, image, assignment, folders, sink, short=short, labels=labels, started=kept.trim_soon)
            return cls(box, assignment, folders, sink, kept)
        except BaseException:
            kept.close()
            raise

    def can_ask(self) -> bool:
        self._box.python = find_python(self._box.engine, self.image.id, self._box.labels)
        if self._box.python is None:
            note = "The image has no Python by which code could ask for inputs: they are downloaded before it starts"
            self._sink.log("status", [note])
        return self._box.python is not None

    def serve(self, on_demand: OnDemand) -> str:
        self._box.on_demand = on_demand
        return ADDRESS

    def enter(self) -> None:
        self.executed.mkdir()
        self._box.inside.give()

    def environment(self) -> dict[str, str]:
        given = self._assignment["environment_variables"]
        return valohai_variables(self._assignment, PLACES) | {name: str(value) for name, value in given.items()}

    def kernel(self, wanted: dict[str, Any] | None) -> dict[str, Any] | None:
        return wanted

    def commands(self, commands: list[str]) -> list[str]:
        return commands

    def inputs(self, found: dict[str, Any]) -> dict[str, Any]:
        inside = self._box.inside
        return {
            name: {
                **each,
                "files": [{**file, "path": file["path"] and inside.path(Path(file["path"]))} for file in each["files"]],
            }
            for name, each in found.items()
        }

    def advice(self, message: str) -> str | None:
        return None

    def leave(self) -> None:
        self._box.inside.take_back()
        for notebook in self.executed.iterdir():
            try:
                os.replace(notebook, self._outside.outputs / notebook.name)
            except OSError as error:
                why = error.strerror or error
                self._sink.log("status", [f"The executed notebook is no output: {notebook.name}: {why}"])

    def close(self) -> None:
        self._kept.close()
        self._box.engine.close()
