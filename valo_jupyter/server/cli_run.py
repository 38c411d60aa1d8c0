"""`jupyter valo run NOTEBOOK`: submit, watch cell by cell, sum up."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

from valo_jupyter.client import human, summary
from valo_jupyter.client.arguments import add_run_arguments, choices, joined, run_options
from valo_jupyter.domain.errors import ValoError
from valo_jupyter.server.cli_progress import Progress, SnapshotProgress

INTERRUPTED = 130
#: seconds without news after which the place in line is asked for
HOLD = 5.0
LARGER_MACHINE = (
    "Executions run on this machine, two at a time. For a larger one: run `jupyter valo server` there, and set "
    "VALO_URL and VALO_TOKEN here."
)


def add_to(commands: Any) -> None:
    run = commands.add_parser(
        "run",
        help="run a notebook on the server, and wait for it",
        description="Snapshots the notebook's project folder, runs the notebook on the server, shows its progress. "
        "Ctrl-C leaves the execution running. Exits 1 when the execution fails.",
    )
    add_run_arguments(run, notebook_required=True)
    run.add_argument("--no-wait", action="store_true", help="return as soon as it is submitted")
    run.add_argument("--logs", action="store_true", help="show what it prints, too")
    run.set_defaults(command=_run)


def prepared(words: Sequence[str]) -> list[str]:
    """The command line with the parameters of `run` and `rerun` as single words."""
    return joined(words) if words[:1] in (["run"], ["rerun"]) else list(words)


def advice(error: ValoError) -> list[str]:
    """What a person may do about `error`, beyond its message."""
    return choices(error, "jupyter valo run")


def _run(given: argparse.Namespace) -> int:
    from valo_jupyter.submit import Client

    client = Client()
    with SnapshotProgress(sys.stderr) as progress:
        execution = client.run(given.notebook, progress=progress.show, **run_options(given))
    if given.no_wait:
        print(summary.heading(execution.data))
        print(f"Follow it with `jupyter valo logs {client.reference(execution)} -f`.")
        return 0
    try:
        with Progress(execution.data, sys.stderr, logs=sys.stdout if given.logs else None) as watch:
            for batch in execution.follow(hold=HOLD):
                watch.show(batch)
                if watch.waits and not batch.events:
                    watch.wait(execution.refresh().data)
    except KeyboardInterrupt:
        _detached(execution.counter, client.reference(execution))
        return INTERRUPTED
    data = execution.refresh().data
    if data["status"] == "complete":
        print("\n".join([summary.heading(data), *summary.summary(data)]))
    else:
        print(human.written_to(sys.stderr, "\n".join(summary.failure(data))), file=sys.stderr)
        print("\n".join(summary.summary(data)))
    if not os.environ.get("VALO_URL"):
        print(LARGER_MACHINE)
    return 0 if data["status"] == "complete" else 1


def _detached(counter: int, reference: str) -> None:
    print(
        f"\n#{counter} goes on without this terminal. Follow it: `jupyter valo logs {reference} -f`; "
        f"its state: `jupyter valo show {reference}`; end it: `jupyter valo cancel {reference}`.",
        file=sys.stderr,
    )
