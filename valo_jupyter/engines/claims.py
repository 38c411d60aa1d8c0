"""Whose a machine of a provider is, so that those of engines that no longer live are found and ended."""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from valo_jupyter.domain.state import StateFolder, write_private
from valo_jupyter.engines.processes import ProcessId

_NAME = re.compile(r"valo-(?P<state>[0-9a-f]{8})-(?P<run>[0-9a-f]{6})-(?P<number>\d+)")


@dataclass(frozen=True)
class Owner:
    """What the name of a machine says: the server's state folder, and one run of an engine."""

    state: str
    run: str

    @classmethod
    def of(cls, name: str) -> Owner | None:
        """The owner of a machine called `name`; None: it is none of any Valo server."""
        found = _NAME.fullmatch(name)
        return cls(found["state"], found["run"]) if found else None


class Claim:
    """One run of an engine, on file for as long as its process lives; names its machines.

    A name is of small letters, digits and hyphens, at most 63 of them, so that every provider takes it; no two machines
    ever have the same.
    """

    def __init__(self, state: StateFolder) -> None:
        self._folder = state.root / "claims"
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.owner = Owner(_identity(self._folder / "state"), secrets.token_hex(3))
        self._count = 0
        own = ProcessId.of(os.getpid())
        assert own is not None, "a process finds itself"
        self._file = self._folder / f"{self.owner.run}.json"
        write_private(self._file, json.dumps([own.pid, own.started]))

    @property
    def prefix(self) -> str:
        """With which the names of all machines of this server begin, whichever run they are of."""
        return f"valo-{self.owner.state}-"

    def new_name(self) -> str:
        self._count += 1
        return f"{self.prefix}{self.owner.run}-{self._count}"

    def owns(self, name: str) -> bool:
        """True when the machine is of this run."""
        return Owner.of(name) == self.owner

    def orphaned(self, name: str) -> bool:
        """True when the machine is of this server, and of an engine that no longer lives."""
        owner = Owner.of(name)
        return owner is not None and owner.state == self.owner.state and not self._lives(owner.run)

    def release(self) -> None:
        """This run has ended all of its machines."""
        self._file.unlink(missing_ok=True)

    def _lives(self, run: str) -> bool:
        path = self._folder / f"{run}.json"
        try:
            alive = ProcessId(*json.loads(path.read_text())).alive()
        except FileNotFoundError:
            return False
        except (OSError, ValueError, TypeError):
            return True  # in doubt, nobody's machines are ended
        if not alive:
            path.unlink(missing_ok=True)
        return alive


def _identity(path: Path) -> str:
    """The mark of a state folder, made once."""
    with open(path, "a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        known = file.read()
        if not re.fullmatch(r"[0-9a-f]{8}", known):
            known = secrets.token_hex(4)
            file.truncate(0)
            file.write(known)
        return known
