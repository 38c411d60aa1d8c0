"""The last word of an attempt: how its outcome is told, to the log and to the server."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from valo_jupyter.runtime.contract import Outcome, Sink, StopSignal
from valo_jupyter.runtime.left_out import explain_missing
from valo_jupyter.runtime.mask import Mask
from valo_jupyter.runtime.programs import Programs
from valo_jupyter.runtime.wire import Refused, Wire

log = logging.getLogger(__name__)

_SHORT = 1000


def worded(
    outcome: Outcome, stop: StopSignal, assignment: Mapping[str, Any], programs: Programs, sink: Sink
) -> Outcome:
    """The outcome as it is told: a stop that came first, and what is known of missing files. The log has it, too."""
    request = stop.request
    if request is not None and (outcome.status != "error" or not outcome.reason):
        status = "error" if request.status == "error" else "stopped"
        outcome = replace(outcome, status=status, reason=outcome.reason or request.reason)
    if hint := _why_missing(outcome, assignment, programs):
        outcome = replace(outcome, reason=f"{outcome.reason}; {hint}")
    if outcome.reason:
        sink.log("status", f"{outcome.status.capitalize()}: {outcome.reason}".splitlines())
    return outcome


def tell_end(wire: Wire, outcome: Outcome, seconds: Mapping[str, float], mask: Mask, give_up: threading.Event) -> None:
    """Until the server knows; `ServerUnreachable` only when `give_up` is set.

    Parameters
    ----------
    seconds
        By phase, besides those of the outcome.
    """
    try:
        wire.insist("/run/v1/end", _end(outcome, seconds, mask), give_up=give_up)
    except Refused as error:
        # something in the details; how it ended must be known all the same
        log.error("%s", error.message)
        bare = Outcome(outcome.status, outcome.reason[:_SHORT], outcome.exit_code)
        wire.insist("/run/v1/end", _end(bare, seconds, mask), give_up=give_up)


def _end(outcome: Outcome, seconds: Mapping[str, float], mask: Mask) -> dict[str, Any]:
    """The body of `POST /run/v1/end`."""
    return {
        "status": outcome.status,
        "reason": mask.text(outcome.reason),
        "exit_code": outcome.exit_code,
        "error": mask.value(outcome.error),
        "seconds": {name: round(value, 6) for name, value in {**seconds, **outcome.seconds}.items()},
        "peak_memory_bytes": outcome.peak_memory_bytes,
        "capture": mask.value(outcome.capture),
    }


def _why_missing(outcome: Outcome, assignment: Mapping[str, Any], programs: Programs) -> str | None:
    """What is known of the file that code did not find, if that is how it failed."""
    if outcome.error is None or outcome.error.get("ename") != "FileNotFoundError":
        return None
    message, repository = outcome.error["evalue"], programs.folders.repository
    cwd = (repository / assignment["notebook"]["path"]).parent
    left_out = assignment["left_out"]
    return explain_missing(message, left_out, repository=repository, cwd=cwd) or programs.advice(message)
