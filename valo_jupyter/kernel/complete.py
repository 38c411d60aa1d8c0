"""Completion of `%valo …`: commands, options, the notebook's parameters, notebooks, executions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from valo_jupyter.domain.errors import ValoError
from valo_jupyter.kernel.parser import ABOUT, OF_ONE

if TYPE_CHECKING:
    from valo_jupyter.submit import Client

RUN_OPTIONS = (
    "-p", "-i", "-e", "--tag", "--title", "--environment", "--secret", "--time-limit", "--notebook-only",
    "--accept-large", "--accept-home", "--accept-secrets", "--send-secret", "--image", "--cpu", "--memory", "--gpus",
    "--requeue",
)  # fmt: skip
OF_ENVIRONMENT = ("environment", "env", "machines", "queue")
#: more would be no help, and each costs a question to the server
EXECUTIONS = 20


def candidates(line: str, client: Client | None) -> list[str]:
    """The words that may stand where `line` ends; the server is asked only over a connection that is open already."""
    if line.startswith("%%valo"):
        line = line.replace("%%valo", "%valo run", 1)
    words = line.split()
    fresh = line.endswith((" ", "\t"))
    before, begun = (words, "") if fresh else (words[:-1], words[-1])
    if len(before) <= 1:
        found = list(ABOUT)
    elif before[-1] == "--environment" or (before[1] in OF_ENVIRONMENT and len(before) == 2):
        found = _environments(client) if client is not None else []
    elif before[1] == "run":
        found = _of_run(before, begun)
    elif before[1] in (*OF_ONE, "trace") and len(before) <= (3 if before[1] == "diff" else 2) and client is not None:
        found = _numbers(client)
    else:
        found = []
    return [word for word in found if word.startswith(begun)]


def _of_run(before: list[str], begun: str) -> list[str]:
    if before[-1] in ("-p", "--parameter"):
        return [f"{name}=" for name in _parameters(before)]
    if begun.startswith("-"):
        return list(RUN_OPTIONS)
    folder = Path(begun).parent
    return sorted(str(path) for path in folder.glob("*.ipynb")) if folder.is_dir() else []


def _parameters(before: list[str]) -> list[str]:
    from valo_jupyter.client.jupyter import kernel_context
    from valo_jupyter.domain.parameters import notebook_parameters
    from valo_jupyter.submit.notebook import read_notebook

    named = [Path(word) for word in before if word.endswith(".ipynb")]
    context = None if named else kernel_context()
    notebook = named[0] if named else context and context.notebook
    try:
        interface = notebook_parameters(read_notebook(notebook)) if notebook else None
    except ValoError:
        return []  # completion is no place for errors
    return [parameter.name for parameter in interface.parameters] if interface else []


def _numbers(client: Client) -> list[str]:
    try:
        return [str(execution.counter) for execution in client.executions(limit=EXECUTIONS)]
    except ValoError:
        return []


def _environments(client: Client) -> list[str]:
    try:
        return [environment.slug for environment in client.environments()]
    except ValoError:
        return []
