"""What differs between two executions: what they were given, ran and made, and their notebooks."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from valo_jupyter import snapshots
from valo_jupyter.domain.errors import Conflict, NotFound, SnapshotFailed
from valo_jupyter.services.accounts import User
from valo_jupyter.services.commits import Commits
from valo_jupyter.services.data import Data
from valo_jupyter.services.differences import MEASURED, Fact, Side, differences
from valo_jupyter.services.executions import Executions
from valo_jupyter.services.notebooks import Notebooks

#: of both notebooks
MOST_BYTES = 50_000_000
MOST_FILES = 1000
#: comparisons of notebooks at once, each a process of its own
_AT_ONCE = 2
_SECONDS = 15.0
#: that may wait for them, and how long: each holds a thread of the server
_WAITING = 2
_PATIENCE = 5.0


@dataclass(frozen=True)
class Comparison:
    #: what a list shows of them
    left: tuple[Any, list[str]]
    right: tuple[Any, list[str]]
    facts: list[Fact]
    #: JSON as `domain.notebook_diff` writes it
    notebooks: bytes | None
    files: list[tuple[str, str]]
    #: nothing differs but what was measured
    same: bool
    #: what could not be compared, and why
    problems: list[str]


class Comparing:
    def __init__(self, executions: Executions, commits: Commits, data: Data, notebooks: Notebooks) -> None:
        self._executions = executions
        self._commits = commits
        self._data = data
        self._notebooks = notebooks
        self._turns = threading.BoundedSemaphore(_AT_ONCE)
        self._places = threading.BoundedSemaphore(_AT_ONCE + _WAITING)

    def compare(self, user: User, left: str, right: str) -> Comparison:
        """
        Raises
        ------
        NotFound
            There is no such execution.
        Conflict
            Too many comparisons are being made.
        """
        (one, tags, _, _), (other, other_tags, _, _) = (self._executions.details(user, side) for side in (left, right))
        facts = differences(self._side(one), self._side(other))
        files, notebooks, problems = [], None, []
        try:
            files = snapshots.changed_files(self._commit(user, one), self._commit(user, other))
            notebooks = self._compared(user, one, other, problems)
        except (NotFound, SnapshotFailed) as error:
            problems.append(error.message)
        if len(files) > MOST_FILES:
            problems.append(f"{len(files):,} files differ; the first {MOST_FILES:,} are named.")
        told = [fact for fact in facts if (fact.group, fact.name) not in MEASURED]
        same = not (told or files or problems) and (notebooks is None or notebooks.startswith(b'{"diff": []'))
        return Comparison((one, tags), (other, other_tags), facts, notebooks, files[:MOST_FILES], same, problems)

    def _side(self, row: Any) -> Side:
        files, _ = self._data.inputs_of(row.id)
        return Side(row, files, self._data.outputs(row.id).rows)

    def _commit(self, user: User, row: Any) -> tuple[Any, str]:
        commit = self._commits.get(user, row.project_id, row.commit_identifier)
        return self._commits.repository(row.project_id), commit.sha

    def _compared(self, user: User, one: Any, other: Any, problems: list[str]) -> bytes | None:
        """The executed notebooks where both exist, else the submitted ones; None of commands."""
        if one.notebook_path is None or other.notebook_path is None:
            return None
        paths = [self._notebooks.executed(row) for row in (one, other)]
        both = [
            path.read_bytes() if path is not None and None not in paths else self._notebooks.submitted(user, row)
            for path, row in zip(paths, (one, other), strict=True)
        ]
        size = sum(map(len, both))
        if size > MOST_BYTES:
            problems.append(
                f"The notebooks are not compared: they have {size / 1e6:.0f} MB, and up to {MOST_BYTES / 1e6:.0f} MB "
                "can be. Download both, and compare them with `nbdiff-web`."
            )
            return None
        with self._turn():
            return _diff(b"\0".join(both), problems)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        busy = Conflict("Other notebooks are being compared; try again in a moment.")
        if not self._places.acquire(blocking=False):
            raise busy
        try:
            if not self._turns.acquire(timeout=_PATIENCE):
                raise busy
            try:
                yield
            finally:
                self._turns.release()
        finally:
            self._places.release()


def _diff(both: bytes, problems: list[str]) -> bytes | None:
    for options in ((), ("--no-outputs",)):
        program = [sys.executable, "-m", "valo_jupyter.domain.notebook_diff", *options]
        try:
            found = subprocess.run(program, input=both, capture_output=True, timeout=_SECONDS, check=True).stdout
        except subprocess.TimeoutExpired:
            continue
        except subprocess.CalledProcessError as error:
            last = error.stderr.decode(errors="replace").strip().rpartition("\n")[2]
            problems.append(f"The notebooks cannot be compared: {last[:300] or 'what compares them was ended'}.")
            return None
        if options:
            problems.append("The outputs are too much to be compared; only the cells' text is.")
        return found
    problems.append("The notebooks are too much to be compared. Download both, and compare them with `nbdiff-web`.")
    return None
