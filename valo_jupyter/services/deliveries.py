"""What machines elsewhere fetch of an execution and bring: its code, its inputs in the built-in store, its outputs."""

from __future__ import annotations

import fcntl
import secrets
from dataclasses import dataclass
from pathlib import Path

from valo_jupyter import snapshots
from valo_jupyter.domain.errors import Invalid, NotFound
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.services.parts import Parts, grow
from valo_jupyter.services.runs import Runs
from valo_jupyter.stores.errors import Corrupt
from valo_jupyter.stores.local import SCHEME, LocalStore

#: commits a machine may name that it has
_HAVE = 50


@dataclass(frozen=True)
class Received:
    """How much of a file is here; `whole`: all of it, and it is what it should be."""

    size: int
    whole: bool


class Deliveries:
    """Each call holds only for the attempt that is the valid writer, and renews its lease."""

    def __init__(self, state: StateFolder, runs: Runs) -> None:
        self._state = state
        self._runs = runs
        self._store = LocalStore(state.store)

    def code(self, token: str, have: tuple[str, ...]) -> Path:
        """A git pack of the commit, without what the commits `have` hold; the caller removes it."""
        row = self._runs.of(token)
        repository = self._state.repository(row.project_id)
        known = [sha for sha in have[:_HAVE] if _known(repository, sha)]
        path = self._state.uploads / secrets.token_hex(8)
        try:
            with path.open("xb") as file:
                for piece in snapshots.pack(repository, row.commit_sha, known):
                    file.write(piece)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path

    def input(self, token: str, key: str) -> Path:
        """The file of the built-in store, if it is an input of the execution, or was brought by this attempt."""
        path = self._store.path(key)
        if not self._runs.reads(token, SCHEME + key) and not self._parts(token).is_whole(key):
            raise NotFound("This execution has no such input.")
        if not path.exists():
            raise NotFound(f"The content of {SCHEME}{key} is no longer there.")
        return path

    def receive(self, token: str, key: str, content: Path, start: int, total: int) -> Received:
        """Add `content` at `start` to what there is of the file, of `total` bytes; what is there already is skipped.

        Raises
        ------
        Corrupt
            All is there, and is other content than `key` says; the file is to be brought anew.
        """
        self._store.path(key)  # refuses what is no key
        parts = self._parts(token)
        part = parts.path(key)
        # one request at a time: an impatient machine sends the last one again
        with parts.lock(key).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # what was purged since is brought again
            if parts.is_whole(key) and self._store.path(key).exists():
                return Received(total, True)
            end = start + content.stat().st_size
            if end > total:
                raise Invalid(f"The part ends at {end}, behind the end of the file at {total}.")
            size = grow(part, content, start)
            if size < total:
                return Received(size, False)
            try:
                self._store.adopt(part, key)
            except Corrupt:
                part.unlink(missing_ok=True)
                raise
            parts.mark_whole(key)
        return Received(total, True)

    def _parts(self, token: str) -> Parts:
        attempt = self._runs.attempt(token)
        return Parts(self._state, attempt.execution_id, attempt.number)


def _known(repository: Path, sha: str) -> bool:
    try:
        return snapshots.has_commit(repository, sha)
    except Invalid:
        return False
