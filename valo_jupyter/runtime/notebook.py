"""Runs a notebook of a checkout with Papermill on a kernel of the pool, reporting as it goes."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import papermill
from papermill.engines import papermill_engines
from papermill.exceptions import PapermillExecutionError
from papermill.execute import ERROR_MARKER_TAG

from valo_jupyter.domain.errors import ValoError
from valo_jupyter.runtime.cells import NOTEBOOK_OUTPUT_BYTES
from valo_jupyter.runtime.contract import Folders, Outcome, Sink, StopRequest, StopSignal
from valo_jupyter.runtime.engine import ValoEngine
from valo_jupyter.runtime.kernels import Kernels
from valo_jupyter.runtime.kernelspecs import find_kernel
from valo_jupyter.runtime.mask import Mask
from valo_jupyter.runtime.run import NotebookRun
from valo_jupyter.runtime.running import KernelDied, KernelStopped

__all__ = ["ValoEngine", "find_kernel", "run_notebook"]

# also where the package was not installed, and so has no entry points
papermill_engines.register("valo", ValoEngine)

_LONGEST_REASON = 500


def run_notebook(
    *,
    notebook: Path,
    folders: Folders,
    kernel: dict[str, Any] | None,
    inject: Mapping[str, Any],
    environment: Mapping[str, str],
    secrets: list[str],
    limits: Mapping[str, Any],
    sink: Sink,
    stop: StopSignal,
    kernels: Kernels,
    executed: Path | None = None,
) -> Outcome:
    """Run `notebook` in its own folder; the executed one is in `executed` (`folders.outputs`) under the same name.

    Parameters
    ----------
    kernel : the wire's kernel, or None for the one that the notebook names, looked up on this machine.
    inject : parameters that Papermill writes into the notebook; empty: the notebook runs as it is.
    environment : all variables that user code sees.
    secrets : values shown nowhere.
    limits : `notebook_output_bytes`.

    Returns
    -------
    Outcome
        Whatever happens; only programming errors raise.
    """
    began = time.monotonic()
    mask = Mask(secrets)
    try:
        spec = kernels.find(kernel, json.loads(notebook.read_bytes()))
        progress = {"k": "progress", "what": "kernel", "name": spec["name"], "total": 1}
        sink.emit({**progress, "done": 0})
        taken = kernels.take(spec, cwd=notebook.parent, environment=environment, stop=stop)
        sink.emit({**progress, "done": 1})
    except KernelStopped:
        assert stop.request is not None
        return _stopped(stop.request)
    except KernelDied as error:
        return Outcome("crashed" if error.details.get("killed") else "error", mask.text(error.message))
    except ValoError as error:
        return Outcome.refused(error)
    except (OSError, ValueError) as error:
        return Outcome("error", mask.text(_in_short(error)))
    ready = time.monotonic()
    run = NotebookRun(
        taken,
        sink,
        stop,
        mask,
        limits.get("notebook_output_bytes") or NOTEBOOK_OUTPUT_BYTES,
        kernels.packages,
        {"input_path": _relative(notebook, folders.repository), "output_path": notebook.name},
    )
    written = (executed or folders.outputs) / notebook.name
    try:
        outcome = _papermill(run, notebook, written, spec, inject)
    finally:
        run.close()
    if written.exists():
        sink.notebook(written.read_bytes())
    outcome.seconds = {"kernel": ready - began, "run": time.monotonic() - ready}
    outcome.peak_memory_bytes = run.processes.peak_bytes or None
    outcome.capture = {
        "python": run.described.get("python"),
        "packages": run.described.get("packages", {}),
        "kernel": spec["name"],
        "language": spec.get("language"),
        "warm": taken.warm,
    }
    return outcome


def _papermill(
    run: NotebookRun, notebook: Path, written: Path, spec: Mapping[str, Any], inject: Mapping[str, Any]
) -> Outcome:
    try:
        papermill.execute_notebook(
            _literal(notebook),
            _literal(written),
            parameters=dict(inject) or None,
            engine_name="valo",
            kernel_name=spec["name"],
            language=spec.get("language") or None,
            progress_bar=False,
            request_save_on_cell_execute=False,
            run=run,
        )
    except PapermillExecutionError as error:
        return _failed(run, error)
    except Exception as error:
        # before the cells, nbformat and papermill raise whatever comes when a file is not what they expect
        what = "cannot be run" if run.runner is None else "was run, but cannot be saved"
        if run.runner is not None and not isinstance(error, (OSError, ValueError)):
            raise
        return Outcome("error", run.mask.text(f"{notebook.name} {what}: {_in_short(error)}"))
    if run.runner is not None and run.runner.stopped_in is not None:
        assert run.stop.request is not None
        return _stopped(run.stop.request, run.runner.stopped_in)
    return Outcome("complete")


def _failed(run: NotebookRun, error: PapermillExecutionError) -> Outcome:
    assert run.runner is not None
    if run.runner.stopped_in is not None and run.stop.request is not None:
        return _stopped(run.stop.request, run.runner.stopped_in)
    cells = [cell for cell in run.runner.nb.cells if ERROR_MARKER_TAG not in cell.metadata.get("tags", [])]
    code = sum(cell.cell_type == "code" for cell in cells[: error.cell_index + 1])
    name, value, traceback = error.ename, error.evalue, "\n".join(error.traceback)
    if run.runner.failure is not None and not traceback:
        # IPython prints a wrong use of a magic to stderr, and papermill knows of errors that are outputs only
        name, value = run.runner.failure.ename, run.mask.text(run.runner.failure.evalue)
        traceback = f"{name}: {value}"
    if name == "DeadKernelError":
        # what a container says of its end is a sentence with a colon
        reason = f"{value} (cell {code})" if ":" in value else f"{value} in cell {code}"
    else:
        line = value.strip().partition("\n")[0][:_LONGEST_REASON]
        reason = f"failed in cell {code}: {name}: {line}".rstrip(": ")
    return Outcome(
        # nothing in a notebook ends a kernel so: the system did, or somebody
        "crashed" if run.kernel.was_killed() and name == "DeadKernelError" else "error",
        reason,
        error={
            "cell": error.cell_index,
            "code_cell": code,
            "ename": name,
            "evalue": value,
            "traceback": traceback,
        },
    )


def _stopped(request: StopRequest, code: int = 0) -> Outcome:
    status = "error" if request.status == "error" else "stopped"
    return Outcome(status, f"{request.reason}, in cell {code}" if code else request.reason)


def _literal(path: Path) -> str:
    # papermill fills parameters into paths
    return str(path).replace("{", "{{").replace("}", "}}")


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name


def _in_short(error: Exception) -> str:
    return error.message if isinstance(error, ValoError) else f"{type(error).__name__}: {error}"[:_LONGEST_REASON]
