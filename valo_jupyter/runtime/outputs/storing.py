"""An attempt's outputs from the beginning of its code to the last word on them, and how long a stop leaves for them."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from valo_jupyter.runtime.assigned import AssignedStores
from valo_jupyter.runtime.contract import Folders, Outcome, Sink, StopRequest, StopSignal
from valo_jupyter.runtime.elsewhere import Source
from valo_jupyter.runtime.mask import Mask
from valo_jupyter.runtime.outputs.collecting import Collected, Outputs, Register
from valo_jupyter.runtime.outputs.destination import Destination
from valo_jupyter.runtime.outputs.leftover import keep_folder, waiting_note

#: seconds for storing outputs after a stop; the server ends the attempt itself soon after
AFTER_STOP = 15.0
#: the last of them are for keeping near what a store of the network has not got
NEAR = 7.0


class Storing:
    """
    Parameters
    ----------
    register
        Tells the server of stored files.
    lost
        Set when the attempt is stale: nothing is to be stored any more.
    """

    def __init__(
        self,
        assignment: Mapping[str, Any],
        folders: Folders,
        sink: Sink,
        stop: StopSignal,
        *,
        source: Source,
        stores: AssignedStores,
        register: Register,
        lost: threading.Event,
        mask: Mask,
    ) -> None:
        self._counter: int = assignment["execution"]["counter"]
        self._folders = folders
        self._sink = sink
        self._stop = stop
        self._lost = lost
        self._until = float("inf")
        self._destination = Destination(source.store, stores, assignment.get("upload"), far=source.far)
        self._outputs = Outputs(
            folders,
            self._destination,
            sink,
            register=register,
            cancel=lambda: lost.is_set() or time.monotonic() > self._until,
            hurry=lambda: time.monotonic() > self._until - NEAR,
            mask=mask,
        )

    def watch(self) -> None:
        """From now on files that code makes read-only are stored at once."""
        self._outputs.watch()

    def finish(self) -> Collected:
        """Store the rest, now that no code runs any more; after a stop, what there is time for."""
        self._stop.on_stop(self._limit)
        return self._outputs.collect()

    def added(self, outcome: Outcome, collected: Collected) -> Outcome:
        """The outcome with what is to be known of files that are not where they belong."""
        if collected.kept:
            note = waiting_note(collected.kept, self._destination, self._counter)
            self._sink.log("status", [note])
            if outcome.status == "complete" and not outcome.reason:
                outcome = replace(outcome, reason=note)
        failures = collected.failures
        if collected.left and not self._lost.is_set():
            failures = [*failures, keep_folder(self._folders)]
            self._sink.log("status", [failures[-1]])
        if failures and outcome.status == "complete" and not self._stop.is_set():
            return replace(outcome, status="error", reason="; ".join(failures))
        return outcome

    def _limit(self, request: StopRequest) -> None:
        # called at once when the stop came while the code ran; a limit of time or silence is none for its outputs
        if request.status == "stopped":
            self._until = time.monotonic() + AFTER_STOP
