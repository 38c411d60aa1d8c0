"""A local server with a project of small steps, driven from outside: submit, wait, see what runs."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from valo_jupyter import snapshots
from valo_jupyter.domain.executions import ENDED, Status
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.server.wake import ask_engine
from valo_jupyter.services import Services
from valo_jupyter.services.submissions import Submission


def until(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    """The condition's value as soon as it is true; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.03)
    raise AssertionError(f"it did not come to be within {seconds:.0f} s")


def processes_of(home: Path | None, **variables: str) -> list[psutil.Process]:
    """All processes that were started, however indirectly, with this home folder and these variables, but the asker.

    The value `"*"` stands for any, as does no home folder.
    """
    wanted = {"HOME": str(home) if home else "*", **variables}
    found = []
    for process in psutil.process_iter():
        try:
            known = process.environ()
            alive = process.status() != psutil.STATUS_ZOMBIE and process.pid != os.getpid()
        except psutil.Error:
            continue
        if alive and all(name in known and value in ("*", known[name]) for name, value in wanted.items()):
            found.append(process)
    return found


def user_processes(home: Path, execution_id: str = "*") -> list[psutil.Process]:
    """The processes of executions, or of one."""
    return processes_of(home, VALO_EXECUTION=execution_id)


class LocalProject:
    """A project of the files in `code`, whose steps are shell commands; None: those of its valohai.yaml."""

    def __init__(
        self, state: StateFolder, code: Path, steps: dict[str, list[str]] | None, username: str = "ana"
    ) -> None:
        self.state = state
        self.services = Services.open(state, queued=lambda: ask_engine(state, "wake"))
        self.user = self.services.accounts.ensure(username)
        code.mkdir(exist_ok=True)
        if steps is not None:
            (code / "valohai.yaml").write_text("".join(_step(name, lines) for name, lines in steps.items()))
        self.id = self.services.projects.create(self.user, "demo").id
        sha = snapshots.commit_folder(self.services.commits.repository(self.id), code)
        self.services.commits.register(self.user, self.id, sha, f"~{sha}")
        self.commit = f"~{sha}"

    def upload(self, path: Path) -> str:
        """Keep a file with the project; its address in the built-in store."""
        uploads, size = self.services.uploads, path.stat().st_size
        begun = uploads.begin(self.user, {"project": self.id, "name": path.name, "size": size})
        datum_id = uploads.receive(self.user, begun.id, path, 0, size).datum_id
        assert datum_id is not None
        return self.services.data.get(self.user, datum_id).uri

    def submit(self, step: str, **fields: Any) -> str:
        wanted = Submission(project_id=self.id, commit=self.commit, step=step, **fields)
        return self.services.executions.create(self.user, wanted).id

    def submit_notebook(self, path: str, **fields: Any) -> str:
        wanted = Submission(project_id=self.id, commit=self.commit, notebook_path=path, **fields)
        return self.services.executions.create(self.user, wanted).id

    def row(self, execution_id: str) -> Any:
        return self.services.executions.get(self.user, execution_id)

    def status(self, execution_id: str) -> str:
        return self.row(execution_id).status

    def wait(self, execution_id: str, *statuses: str, seconds: float = 60.0) -> Any:
        """The row, as soon as the execution is in one of the states; without any named, as soon as it has ended."""
        wanted = {Status(status) for status in statuses} or ENDED
        until(lambda: Status(self.status(execution_id)) in wanted, seconds)
        return self.row(execution_id)

    def lines(self, execution_id: str) -> list[str]:
        """What its commands have printed."""
        logs = [event for event in self.services.stream.all(execution_id) if event["k"] == "log"]
        return [line for event in logs if event["s"] == "stdout" for line in event["text"].split("\n")]

    def close(self) -> None:
        self.services.close()


def _step(name: str, lines: list[str]) -> str:
    commands = "".join(f"      - {json.dumps(line)}\n" for line in lines)
    return f"- step:\n    name: {name}\n    image: none\n    command:\n{commands}"
