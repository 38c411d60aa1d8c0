"""The authority by which a server, its engine and their machines trust each other, and nobody else."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

_RENEW_AFTER_SECONDS = 5 * 365 * 86400
#: what a folder of an earlier version has
_FORMER = ("certificate.pem", "key.pem")


@dataclass(frozen=True)
class Credentials:
    """A certificate, its key, and the authority that it was signed by; each a path or the PEM text itself."""

    ca: str
    certificate: str
    key: str

    @classmethod
    def in_folder(cls, folder: Path) -> Credentials:
        """The engine's, made with all others when there are none."""
        return cls._made(folder, "engine")

    @classmethod
    def of_machines(cls, folder: Path) -> Credentials:
        """What machines show; they may connect to the engine, and are no server."""
        return cls._made(folder, "machine")

    @classmethod
    def of_server(cls, folder: Path, hosts: list[str]) -> Credentials:
        """For the listener that machines reach under these names and addresses; made anew each time."""
        _make(folder, *hosts)
        return cls._at(folder, "server")

    def texts(self) -> dict[str, str]:
        """What the files hold, for a machine that cannot read them: `{"ca", "certificate", "key"}`."""
        return {name: Path(getattr(self, name)).read_text() for name in ("ca", "certificate", "key")}

    @classmethod
    def _made(cls, folder: Path, name: str) -> Credentials:
        found = cls._at(folder, name)
        if not found._usable():
            _make(folder)
        return found

    @classmethod
    def _at(cls, folder: Path, name: str) -> Credentials:
        return cls(str(folder / "ca.pem"), str(folder / f"{name}.pem"), str(folder / f"{name}-key.pem"))

    def _usable(self) -> bool:
        try:
            age = time.time() - os.stat(self.ca).st_mtime
        except OSError:
            return False
        return age < _RENEW_AFTER_SECONDS and os.access(self.key, os.R_OK) and os.access(self.certificate, os.R_OK)


def _make(folder: Path, *hosts: str) -> None:
    """See that everything is there; with `hosts`, the server's certificate too."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    # in a process of its own: the library would stay in a server's memory for what is done once
    command = [sys.executable, "-m", "valo_jupyter.engines.credentials", str(folder), *hosts]
    subprocess.run(command, check=True, timeout=60)


def main(folder: Path, hosts: list[str]) -> None:
    from valo_jupyter.engines.authority import Authority

    # web process and engine may both be the first
    with open(folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        fresh = not Credentials._at(folder, "engine")._usable() or not Credentials._at(folder, "machine")._usable()
        authority = Authority.create(folder) if fresh else Authority.open(folder)
        if fresh:
            authority.issue("engine", client=True)
            authority.issue("machine", client=True)
            for name in _FORMER:
                (folder / name).unlink(missing_ok=True)
        if hosts:
            authority.issue("server", hosts=hosts)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
