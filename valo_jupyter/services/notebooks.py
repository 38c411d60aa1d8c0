"""The notebooks of an execution: as it was submitted, and as it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from valo_jupyter.domain.errors import NotFound
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.services.accounts import User
from valo_jupyter.services.commits import Commits


class Notebooks:
    def __init__(self, state: StateFolder, commits: Commits) -> None:
        self._state = state
        self._commits = commits

    def submitted(self, user: User, row: Any) -> bytes:
        """Of the commit of the execution in `row`.

        Raises
        ------
        NotFound
            It runs commands, or the commit has no such file.
        """
        if row.notebook_path is None:
            raise NotFound(f"#{row.counter} runs commands, not a notebook.")
        commit = self._commits.get(user, row.project_id, row.commit_identifier)
        content = self._commits.file(commit, row.notebook_path)
        if content is None:
            raise NotFound(f"The commit of #{row.counter} has no {row.notebook_path}.")
        return content

    def executed(self, row: Any) -> Path | None:
        """Also while it runs; None before its machine has sent it."""
        path = executed_path(self._state, row.id)
        return path if path.exists() else None


def executed_path(state: StateFolder, execution_id: str) -> Path:
    return state.notebooks / f"{execution_id}.ipynb"
