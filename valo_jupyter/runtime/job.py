"""One attempt at an execution, on its machine, from the start gate to the last word."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any

from valo_jupyter.domain.errors import ImageUnavailable, Invalid, ServerUnreachable, StaleAttempt, ValoError
from valo_jupyter.runtime.assigned import AssignedStores
from valo_jupyter.runtime.commands import run_commands
from valo_jupyter.runtime.config import write_config
from valo_jupyter.runtime.containers.errors import ContainerFailed
from valo_jupyter.runtime.contract import Folders, Outcome, Place, ProcessWatch, StopRequest, StopSignal
from valo_jupyter.runtime.elsewhere import guarded, source_of
from valo_jupyter.runtime.ending import tell_end, worded
from valo_jupyter.runtime.folders import make_folders, remove_folders
from valo_jupyter.runtime.inputs import Inputs, asks_for_inputs
from valo_jupyter.runtime.kernels import KernelPool
from valo_jupyter.runtime.limits import Limits
from valo_jupyter.runtime.machine import describe_machine
from valo_jupyter.runtime.mask import TOO_SHORT, Mask
from valo_jupyter.runtime.notebook import run_notebook
from valo_jupyter.runtime.outputs import Storing
from valo_jupyter.runtime.probe import PROBE, probe
from valo_jupyter.runtime.programs import OnThisMachine, Programs, programs_for
from valo_jupyter.runtime.reporter import Reporter
from valo_jupyter.runtime.unkept import Checkout
from valo_jupyter.runtime.wire import Refused, Wire
from valo_jupyter.stores.errors import Cancelled

if TYPE_CHECKING:
    from valo_jupyter.runtime.inputs.demand import OnDemand

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
        self._kernels = kernels
        self._watch = watch
        self._source = source_of(assignment, wire, place)
        self._stores = AssignedStores(assignment.get("stores", {}))
        self._folders = Folders((place.jobs if place else Path(assignment["jobs_folder"])) / name)
        variables = assignment["environment_variables"]
        secrets = {name: str(variables[name]) for name in assignment["secret_names"] if name in variables}
        self._secrets = list(secrets.values())
        #: for files that code asks for while it runs; what it prints of their addresses does not show it
        self._token = token_urlsafe(24)
        if asks_for_inputs(assignment):
            self._secrets.append(self._token)
        self._on_demand: OnDemand | None = None
        self._shows = [name for name, value in secrets.items() if not Mask.hides(value)]
        self._mask = Mask(self._secrets)
        self._stop = StopSignal()
        #: set when the attempt is stale: nothing is to be insisted on any more
        self._lost = threading.Event()
        self._code_begun: float | None = None
        self._seconds: dict[str, float] = {}
        self._stop.on_stop(self._on_stop)
        self._reporter = Reporter(
            wire,
            self._stop,
            mask=self._mask,
            spool=self._folders.root / "events.spool",
            beat_seconds=assignment["beat_seconds"],
            fence_seconds=assignment["fence_seconds"],
        )
        self._programs: Programs = OnThisMachine(assignment, self._folders, self._reporter, kernels)

    def run(self) -> str:
        try:
            outcome = self._outcome()
            self._reporter.close()
            if self._lost.is_set():
                return STALE
            seconds = {"total": time.monotonic() - self._begun, **self._seconds}
            tell_end(self._wire, outcome, seconds, self._mask, self._lost)
            return outcome.status
        except (StaleAttempt, ServerUnreachable):
            return STALE
        finally:
            # whatever went wrong, no thread of this job goes on
            if not self._reporter.closed:
                self._stop.set(StopRequest("the job is over", kill_after=0, status="lost"))
                self._reporter.close()
            if self._on_demand is not None:
                self._on_demand.close()
            self._programs.close()
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
                outcome = self._prepared() or self._ran(limits)
            return worded(outcome, self._stop, self._assignment, self._programs, self._reporter)
        except (StaleAttempt, ServerUnreachable):
            # the second is raised only when the attempt is lost already: nobody will hear of this outcome
            self._stop.set(StopRequest("no longer the valid writer", kill_after=0, status="lost"))
            return Outcome("crashed", "no longer the valid writer")
        except Exception as error:
            log.exception("%s: the job failed outside of its code", self._name)
            reason = error.message if isinstance(error, ValoError) else f"{type(error).__name__}: {error}"
            return Outcome("crashed", f"Valo could not run this: {reason}")

    def _prepared(self) -> Outcome | None:
        """Image, code, inputs and config files; an outcome if it ends here."""
        if (ended := self._image_pulled()) or self._stop.is_set():
            return ended or Outcome("stopped")
        with self._phase("checkout"):
            self._source.check_out(self._folders.repository, give_up=self._lost)
        if self._stop.is_set():
            return Outcome("stopped")
        with self._phase("inputs"):
            try:
                self._inputs()
            except Cancelled:
                return Outcome("stopped")
            except ValoError as error:
                if isinstance(error, StaleAttempt):
                    raise
                return Outcome("error", error.message)
        return Outcome("stopped") if self._stop.is_set() else None

    def _inputs(self) -> None:
        """Fetch them, and write what code can read of them and of all else."""
        inputs = Inputs(
            self._assignment,
            self._folders,
            self._reporter,
            register=lambda items: self._register("/run/v1/inputs", items),
            cancel=self._stop.is_set,
            source=self._source,
            stores=self._stores,
            shared=self._programs.inputs_are_read_only,
            asks=asks_for_inputs(self._assignment) and self._programs.can_ask(),
        )
        found, api = inputs.fetch(), {}
        if (on_demand := inputs.on_demand(self._token)) is not None:
            self._on_demand = on_demand
            api["input_request"] = on_demand.request(self._programs.serve(on_demand))
        write_config(self._folders.config, self._assignment, self._programs.inputs(found), api)

    def _image_pulled(self) -> Outcome | None:
        """An outcome if the execution's image is not to be had, or cannot be run here."""
        if self._assignment.get("container") is None:
            return None
        with self._phase("image"):
            try:
                self._programs = programs_for(
                    self._assignment,
                    self._folders,
                    self._reporter,
                    self._stop,
                    kernels=self._kernels,
                    watch=self._watch,
                    ask=lambda path, body: self._wire.insist(path, body, give_up=self._lost),
                )
            except Cancelled:
                return Outcome("stopped")
            except (ImageUnavailable, Invalid, ContainerFailed) as error:
                return Outcome.refused(error)
        return None

    def _ran(self, limits: Limits) -> Outcome:
        """Run the notebook or the commands, then store the outputs, however it went and however long it takes."""
        storing = Storing(
            self._assignment,
            self._folders,
            self._reporter,
            self._stop,
            source=self._source,
            stores=self._stores,
            register=lambda items: self._register("/run/v1/outputs", items),
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
            with self._phase("outputs"):
                collected = storing.finish()
        return storing.added(outcome, collected)

    def _run_code(self) -> Outcome:
        notebook, programs = self._assignment["notebook"], self._programs
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
            if self._on_demand is not None:
                self._on_demand.close()

    def _register(self, path: str, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        answer = self._wire.insist(path, items, give_up=self._lost)
        assert isinstance(answer, list)
        return answer

    def _last_output(self) -> float | None:
        return None if self._code_begun is None else max(self._code_begun, self._reporter.last_output)

    def _on_stop(self, request: StopRequest) -> None:
        if request.status == "lost":
            self._lost.set()

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        begun = time.monotonic()
        try:
            yield
        finally:
            self._seconds[name] = time.monotonic() - begun
