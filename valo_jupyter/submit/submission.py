"""From a notebook on this machine to an execution on the server: check, snapshot, hand over the commit, create."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from valo_jupyter.client.executions import Execution
from valo_jupyter.domain.parameters import check_values, notebook_parameters
from valo_jupyter.snapshots import Choice, Snapshot, project_folder, snapshot
from valo_jupyter.submit.guard import Guard
from valo_jupyter.submit.handover import Handover
from valo_jupyter.submit.inputs import in_project
from valo_jupyter.submit.kernelspec import resolve_kernel
from valo_jupyter.submit.notebook import read_notebook
from valo_jupyter.submit.secrets import named_secrets

if TYPE_CHECKING:
    from valo_jupyter.client.client import Client


def submit(
    client: Client,
    notebook: Path,
    *,
    parameters: Mapping[str, Any] | None = None,
    inputs: Mapping[str, str | Iterable[str]] | None = None,
    tags: Iterable[str] = (),
    title: str | None = None,
    environment: str | None = None,
    image: str | None = None,
    resources: Mapping[str, float] | None = None,
    requeue: int | None = None,
    environment_variables: Mapping[str, str] | None = None,
    secret_environment_variables: Mapping[str, str] | None = None,
    time_limit: float | None = None,
    choice: Choice | None = None,
    accept_secrets: bool | Iterable[str] = (),
    kernel: dict[str, Any] | None = None,
    progress: Callable[[Any], None] | None = None,
) -> Execution:
    """Snapshot the project folder of `notebook` and create an execution of it.

    Parameters
    ----------
    client
        The server and account to submit to.
    notebook
        The notebook's file; what is saved in it is what runs.
    parameters, inputs
        Values by name; those not given keep the notebook's defaults. Text is read as the parameter's type.
    environment
        Slug or id; the project's default without it.
    image
        Container image to run in; the environment's own without it.
    resources
        What it asks of its machine: `cpu`, `memory_bytes`, `pids`, `shm_bytes`, `gpus`.
    requeue
        How often it starts again when its machine is lost; the environment's own without it.
    time_limit
        Seconds.
    choice
        What to send when the folder is large or personal.
    accept_secrets
        All values that look like secrets, or these findings by their ids.
    kernel
        As `resolve_kernel` gives it; found from the notebook when absent.
    progress
        Called with the snapshot's progress.

    Raises
    ------
    Invalid, UnknownParameter, WrongParameterType, InputUnavailable
        Before anything is recorded.
    ConfirmSnapshot
        The folder needs a decision; its `details` have the options.
    SecretsFound
        Something that is about to be sent looks like a secret; its `details` have the findings.
    KernelMissing
        The notebook's kernel is not installed here, and the server is on this machine.
    """
    path = Path(notebook).expanduser().absolute()
    # the project folder is a real one, too; the notebook itself may be a link
    path = path.parent.resolve() / path.name
    content = read_notebook(path)
    interface = notebook_parameters(content)
    given = check_values(interface, parameters or {})
    folder = project_folder(path)
    choice = choice or Choice()
    choice = replace(choice, name_secrets=named_secrets(choice.name_secrets, folder))
    wanted_inputs = {**interface.default_inputs(), **in_project(inputs or {}, folder, path)}
    guard = Guard(folder, accept_secrets if isinstance(accept_secrets, bool) else frozenset(accept_secrets))
    guard.notebook(content, path.name)
    guard.values("parameter", given)
    guard.values("variable", environment_variables or {})
    project = client.http.post(
        "projects/resolve/",
        {"folder": str(folder), "host": socket.gethostname(), "name": folder.name or "root"},
        repeatable=True,
    )
    handover = Handover.to(client.http, project)
    if not handover.same_machine:
        kernel = None  # paths of this machine mean nothing there: the machine looks the name up
    elif kernel is None:
        kernel = resolve_kernel(content)
    taken = snapshot(folder, handover.git_dir, notebook=path, choice=choice, progress=progress)
    guard.files(handover.git_dir, taken.commit, but=path.relative_to(folder).as_posix(), git=taken.git)
    guard.raise_found()
    commit = handover.register(taken)
    created = client.http.post(
        "executions/",
        {
            "project": project["id"],
            "commit": commit["identifier"],
            "title": title or "",
            "notebook": {"path": path.relative_to(folder).as_posix(), "kernel": kernel},
            "parameters": given,
            "inputs": wanted_inputs,
            "tags": list(tags),
            "environment": environment,
            "image": image,
            **({"resources": dict(resources)} if resources else {}),
            **({"requeue": requeue} if requeue is not None else {}),
            "environment_variables": dict(environment_variables or {}),
            "secret_environment_variables": dict(secret_environment_variables or {}),
            "time_limit": time_limit,
            "git": guard.history(taken.git),
            "left_out": _left_out(taken),
            "idempotency_key": uuid.uuid4().hex,
        },
        repeatable=True,
    )
    return Execution(client, created)


def _left_out(taken: Snapshot) -> list[dict[str, Any]]:
    return [{"path": entry.path, "rule": entry.rule, "size": entry.size} for entry in taken.left_out]
