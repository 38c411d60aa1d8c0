"""What an attempt needs before its code can run: the image, the code, the inputs, and what code can read of it all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from valo_jupyter.domain.errors import ImageUnavailable, Invalid, StaleAttempt, ValoError
from valo_jupyter.runtime.assigned import AssignedStores
from valo_jupyter.runtime.config import write_config
from valo_jupyter.runtime.containers.errors import ContainerFailed
from valo_jupyter.runtime.contract import Folders, Outcome, ProcessWatch, Sink, StopSignal
from valo_jupyter.runtime.elsewhere import Source
from valo_jupyter.runtime.inputs import Inputs, asks_for_inputs
from valo_jupyter.runtime.kernels import KernelPool
from valo_jupyter.runtime.phases import Phases
from valo_jupyter.runtime.programs import OnThisMachine, Programs, programs_for
from valo_jupyter.runtime.wire import Wire
from valo_jupyter.stores.errors import Cancelled

if TYPE_CHECKING:
    from valo_jupyter.runtime.inputs.demand import OnDemand


class Preparation:
    """
    Parameters
    ----------
    token
        For files that code asks for while it runs.
    lost
        Set when the attempt is stale.

    Attributes
    ----------
    programs
        How the code is to run.
    """

    def __init__(
        self,
        assignment: Mapping[str, Any],
        folders: Folders,
        sink: Sink,
        stop: StopSignal,
        *,
        wire: Wire,
        source: Source,
        stores: AssignedStores,
        kernels: KernelPool,
        watch: ProcessWatch | None,
        phases: Phases,
        token: str,
        lost: threading.Event,
    ) -> None:
        self.programs: Programs = OnThisMachine(assignment, folders, sink, kernels)
        self._assignment = assignment
        self._folders = folders
        self._sink = sink
        self._stop = stop
        self._wire = wire
        self._source = source
        self._stores = stores
        self._kernels = kernels
        self._watch = watch
        self._phases = phases
        self._token = token
        self._lost = lost
        self._on_demand: OnDemand | None = None

    def done(self) -> Outcome | None:
        """An outcome if it ends here."""
        steps = (("image", self._pull), ("checkout", self._check_out), ("inputs", self._fetch))
        for name, step in steps:
            if name == "image" and self._assignment.get("container") is None:
                continue
            try:
                with self._phases.of(name):
                    refused = step()
            except Cancelled:
                refused = Outcome("stopped")
            if refused or self._stop.is_set():
                return refused or Outcome("stopped")
        return None

    def code_ended(self) -> None:
        """Nobody is to ask for files any more."""
        if self._on_demand is not None:
            self._on_demand.close()

    def close(self) -> None:
        self.code_ended()
        self.programs.close()

    def _pull(self) -> Outcome | None:
        """The image, if it is to be had and can be run here."""
        try:
            self.programs = programs_for(
                self._assignment,
                self._folders,
                self._sink,
                self._stop,
                kernels=self._kernels,
                watch=self._watch,
                ask=lambda path, body: self._wire.insist(path, body, give_up=self._lost),
            )
        except (ImageUnavailable, Invalid, ContainerFailed) as error:
            return Outcome.refused(error)
        return None

    def _check_out(self) -> None:
        self._source.check_out(self._folders.repository, give_up=self._lost)

    def _fetch(self) -> Outcome | None:
        """The inputs, and the files in `config/`."""
        inputs = Inputs(
            self._assignment,
            self._folders,
            self._sink,
            register=registering(self._wire, "/run/v1/inputs", self._lost),
            cancel=self._stop.is_set,
            source=self._source,
            stores=self._stores,
            shared=self.programs.inputs_are_read_only,
            asks=asks_for_inputs(self._assignment) and self.programs.can_ask(),
        )
        try:
            found, api = inputs.fetch(), {}
        except (StaleAttempt, Cancelled):
            raise
        except ValoError as error:
            return Outcome("error", error.message)
        if (on_demand := inputs.on_demand(self._token)) is not None:
            self._on_demand = on_demand
            api["input_request"] = on_demand.request(self.programs.serve(on_demand))
        write_config(self._folders.config, self._assignment, self.programs.inputs(found), api)
        return None


def registering(wire: Wire, path: str, lost: threading.Event) -> Callable[[list[dict[str, Any]]], list[dict[str, Any]]]:
    """Tells the server of files until it has answered, or the attempt is lost."""

    def register(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        answer = wire.insist(path, items, give_up=lost)
        assert isinstance(answer, list)
        return answer

    return register
