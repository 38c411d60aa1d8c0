"""The Python API: `valo_jupyter.Client`, which reads and steers executions, and runs notebooks."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from valo_jupyter import client
from valo_jupyter.client.executions import Execution


class Client(client.Client):
    """A server, as one account sees it; see `valo_jupyter.client.Client` for its arguments and what it reads."""

    def run(
        self,
        notebook: str | Path,
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
        include: Literal["folder", "notebook"] = "folder",
        accept: Iterable[Literal["large", "home", "secrets"]] = (),
        accept_findings: Iterable[str] = (),
        name_secrets: Iterable[str] = (),
        wait: bool = False,
        progress: Callable[[Any], None] | None = None,
    ) -> Execution:
        """Snapshot the notebook's project folder and run it on the server.

        Parameters
        ----------
        parameters, inputs
            Values by name; those not given keep the notebook's defaults.
        environment
            Slug or id; the project's default without it.
        image
            Container image to run in, named in full; the environment's own without it.
        resources
            What it asks of its machine: `cpu`, `memory_bytes`, `pids`, `shm_bytes`, `gpus`.
        requeue
            How often it starts again when its machine is lost; the environment's own without it.
        time_limit
            Seconds.
        include
            `notebook` sends the notebook alone.
        accept
            `large`: a first snapshot of many or big files; `home`: of the home folder; `secrets`: all that looks like
            a secret, and is none. Such values are remembered for the project folder on this machine.
        accept_findings
            Only these of what looked like secrets: ids in the `details["findings"]` of `SecretsFound`.
        name_secrets
            Files in well-known secret places, relative to the project folder, that are to be sent all the same.
        wait
            Return when it has completed; raise `ExecutionFailed` when it has not.
        """
        from valo_jupyter.snapshots import Choice
        from valo_jupyter.submit.arguments import accepted, check_arguments, text_list
        from valo_jupyter.submit.submission import submit

        check_arguments(
            notebook,
            mappings={
                "parameters": parameters,
                "inputs": inputs,
                "resources": resources,
                "environment_variables": environment_variables,
                "secret_environment_variables": secret_environment_variables,
            },
            texts={"title": title, "environment": environment, "image": image},
            include=include,
        )
        questions = accepted(accept)
        execution = submit(
            self,
            Path(notebook),
            parameters=parameters,
            inputs=inputs,
            tags=text_list("tags", tags),
            title=title,
            environment=environment,
            image=image,
            resources=resources,
            requeue=requeue,
            environment_variables=environment_variables,
            secret_environment_variables=secret_environment_variables,
            time_limit=time_limit,
            choice=Choice(
                include=include, accept=questions, name_secrets=tuple(text_list("name_secrets", name_secrets))
            ),
            accept_secrets="secrets" in questions or text_list("accept_findings", accept_findings),
            progress=progress,
        )
        return execution.wait() if wait else execution

    def _home(self) -> str | None:
        from valo_jupyter.snapshots import project_folder

        try:
            return f"{socket.gethostname()}:{project_folder(Path.cwd() / 'notebook.ipynb')}"
        except OSError:  # the current folder was removed
            return None
