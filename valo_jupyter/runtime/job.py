"""One attempt at an execution, on its machine, from the start gate to the last word."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

from valo_jupyter.domain.errors import ServerUnreachable, StaleAttempt, ValoError
from valo_jupyter.runtime.assigned import AssignedStores
from valo_jupyter.runtime.commands import run_commands
from valo_jupyter.runtime.contract import Folders, Outcome, Place, ProcessWatch, StopRequest, StopSignal
from valo_jupyter.runtime.elsewhere import guarded, source_of
from valo_jupyter.runtime.ending import tell_end, worded
from valo_jupyter.runtime.folders import make_folders, remove_folders
from valo_jupyter.runtime.inputs import asks_for_inputs
from valo_jupyter.runtime.kernels import KernelPool
from valo_jupyter.runtime.limits import Limits
from valo_jupyter.runtime.machine import describe_machine
from valo_jupyter.runtime.mask import TOO_SHORT, Mask
from valo_jupyter.runtime.notebook import run_notebook
from valo_jupyter.runtime.outputs import Storing
from valo_jupyter.runtime.phases import Phases
from valo_jupyter.runtime.preparing import Preparation, registering
from valo_jupyter.runtime.probe import PROBE, probe
from valo_jupyter.runtime.reporter import Reporter
from valo_jupyter.runtime.unkept import Checkout
from valo_jupyter.runtime.wire import Refused, Wire

log = logging.getLogger(__name__)

#: what `run_job` returns when another attempt has taken over, or nobody wants this one
STALE = "stale"


def run_job(
    server_url: str,
    execution_id: str,
    attempt: int,
    token: str,
    *,
    kernels: KernelPool,
    watch: ProcessWatch | None = None,
    refresh_url: Callable[[], str] | None = None,
    place: Place | None = None,
) -> str:
    """Run one attempt to its end, and report it.

    Parameters
    ----------
    token
        The attempt's own; every request carries it, and the server refuses it once the attempt is not the valid writer.
    kernels
        This machine's, one of them warm.
    watch
        Told of each process group of user code.
    refresh_url
        Where the server is now, for when it does not answer at the address it had.
    place
        Given on a machine that shares no folder with the server.

    Returns
    -------
    str
        The final status (complete, error, stopped, crashed), or "stale". Never raises.
    """
    name = f"{execution_id}-{attempt}"
    wire = Wire(server_url, token, refresh_url, ca=place.ca if place else None)
    try:
        machine = describe_machine() | dict(place.site if place else {})
        if attempt == PROBE:
            return probe(wire, machine)
        assignment = wire.insist("/run/v1/start", {"machine": machine})
        if not isinstance(assignment, dict):
            log.error("%s: the server's assignment is no object", name)
            return STALE
        with guarded(wire, assignment, place):
            return Job(name, assignment, wire, kernels, watch, place).run()
    except (StaleAttempt, Refused) as error:
        log.info("%s: %s", name, error.message)
        return STALE
    except Exception:
        log.exception("%s: the job failed outside of its code", name)
        return "crashed"


class Job:
    """What happens between the start gate and the end; a line for each phase."""

    def __init__(
        self,
        name: str,
        assignment: dict[str, Any],
        wire: Wire,
        kernels: KernelPool,
        watch: ProcessWatch | None,
        place: Place | None,
    ) -> None:
        self._begun = time.monotonic()
        self._name = name
        self._assignment = assignment
        self._wire = wire
        self._watch = watch
        self._source = source_of(assignment, wire, place)
        self._stores = AssignedStores(assignment.get("stores", {}))
        self._folders = Folders((place.jobs if place else Path(assignment["jobs_folder"])) / name)
        variables = assignment["environment_variables"]
        secrets = {name: str(variables[name]) for name in assignment["secret_names"] if name in variables}
        self._secrets = list(secrets.values())
        #: for files that code asks for while it runs; what it prints of their addresses does not show it
        token = token_urlsafe(24)
        if asks_for_inputs(assignment):
            self._secrets.append(token)
        self._shows = [name for name, value in secrets.items() if not Mask.hides(value)]
        self._mask = Mask(self._secrets)
        self._stop = StopSignal()
        #: set when the attempt is stale: nothing is to be insisted on any more
        self._lost = threading.Event()
        self._code_begun: float | None = None
        self._phases = Phases()
        self._stop.on_stop(self._on_stop)
        self._reporter = Reporter(
            wire,
            self._stop,
            mask=self._mask,
            spool=self._folders.root / "events.spool",
            beat_seconds=assignment["beat_seconds"],
            fence_seconds=assignment["fence_seconds"],
        )
        self._preparation = Preparation(
            assignment,
            self._folders,
            self._reporter,
            self._stop,
            wire=wire,
            source=self._source,
            stores=self._stores,
            kernels=kernels,
            watch=watch,
            phases=self._phases,
            token=token,
            lost=self._lost,
        )

    def run(self) -> str:
        try:
            outcome = self._outcome()
            self._reporter.close()
            if self._lost.is_set():
                return STALE
            tell_end(self._wire, outcome, self._phases.so_far(), self._mask, self._lost)
            return outcome.status
        except (StaleAttempt, ServerUnreachable):
            return STALE
        finally:
            # whatever went wrong, no thread of this job goes on
            if not self._reporter.closed:
                self._stop.set(StopRequest("the job is over", kill_after=0, status="lost"))
                self._reporter.close()
            self._preparation.close()
            remove_folders(self._folders)

    def _outcome(self) -> Outcome:
        """Prepare, run, and store what came of it; every failure becomes an outcome with its reason."""
        try:
            make_folders(self._folders)
            for line in self._assignment["log"]:
                self._reporter.status(line)
            for name in self._shows:
                self._reporter.status(f"The value of secret variable {name} is {TOO_SHORT}")
            with Limits(
                self._assignment["limits"], self._stop, since=self._begun, last_output=self._last_output
            ) as limits:
                outcome = self._preparation.done() or self._ran(limits)
            return worded(outcome, self._stop, self._assignment, self._preparation.programs, self._reporter)
        except (StaleAttempt, ServerUnreachable):
            # the second is raised only when the attempt is lost already: nobody will hear of this outcome
            self._stop.set(StopRequest("no longer the valid writer", kill_after=0, status="lost"))
            return Outcome("crashed", "no longer the valid writer")
        except Exception as error:
            log.exception("%s: the job failed outside of its code", self._name)
            reason = error.message if isinstance(error, ValoError) else f"{type(error).__name__}: {error}"
            return Outcome("crashed", f"Valo could not run this: {reason}")

    def _ran(self, limits: Limits) -> Outcome:
        """Run the notebook or the commands, then store the outputs, however it went and however long it takes."""
        storing = Storing(
            self._assignment,
            self._folders,
            self._reporter,
            self._stop,
            source=self._source,
            stores=self._stores,
            register=registering(self._wire, "/run/v1/outputs", self._lost),
            lost=self._lost,
            mask=self._mask,
        )
        storing.watch()
        project = Checkout.ready(self._folders)
        try:
            self._code_begun = time.monotonic()
            outcome = self._run_code()
            if hint := project.hint():
                self._reporter.status(hint)
        finally:
            limits.end()
            with self._phases.of("outputs"):
                collected = storing.finish()
        return storing.added(outcome, collected)

    def _run_code(self) -> Outcome:
        notebook, programs = self._assignment["notebook"], self._preparation.programs
        if notebook is not None and not (self._folders.repository / notebook["path"]).is_file():
            return Outcome("error", f"The notebook {notebook['path']} is not in the snapshot.")
        programs.enter()
        try:
            if notebook is None:
                return run_commands(
                    programs.commands(self._assignment["commands"]),
                    folders=self._folders,
                    environment=programs.environment(),
                    sink=self._reporter,
                    stop=self._stop,
                    watch=self._watch,
                    start=programs.start_shell,
                )
            return run_notebook(
                notebook=self._folders.repository / notebook["path"],
                folders=self._folders,
                kernel=programs.kernel(notebook["kernel"]),
                inject=notebook["inject"],
                environment=programs.environment(),
                secrets=self._secrets,
                limits=self._assignment["limits"],
                sink=self._reporter,
                stop=self._stop,
                kernels=programs.kernels,
                executed=programs.executed,
            )
        finally:
            programs.leave()
            self._preparation.code_ended()

    def _last_output(self) -> float | None:
        return None if self._code_begun is None else max(self._code_begun, self._reporter.last_output)

    def _on_stop(self, request: StopRequest) -> None:
        if request.status == "lost":
            self._lost.set()
