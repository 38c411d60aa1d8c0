"""The authority by which a server, its engine and their machines trust each other, and nobody else."""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

_RENEW_AFTER_SECONDS = 5 * 365 * 86400
#: what a folder of an earlier version has
_FORMER = ("certificate.pem", "key.pem", "machine.pem", "machine-key.pem")
#: before the name of a machine, in its certificate
MACHINE = "valo:machine/"


def common_name(role: str) -> str:
    """What the certificates of a role are called."""
    return f"Valo {role}"


ENGINE = common_name("engine")


@dataclass(frozen=True)
class Credentials:
    """A certificate, its key, and the authority that it was signed by; each a path or the PEM text itself."""

    ca: str
    certificate: str
    key: str

    @classmethod
    def in_folder(cls, folder: Path) -> Credentials:
        """The engine's, made with the authority when there is none."""
        found = cls._at(folder, "engine")
        if not found._usable():
            _make(folder)
        return found

    @classmethod
    def of_machine(cls, folder: Path, name: str) -> dict[str, str]:
        """What one machine elsewhere shows, `{"ca", "certificate", "key"}` as texts: made now, and kept nowhere here.

        It may connect to the engine, which takes it for the machine of this name alone; it is no server.
        """
        return json.loads(_make(folder, machine=name))

    @classmethod
    def of_server(cls, folder: Path, hosts: list[str]) -> Credentials:
        """For the listener that machines reach under these names and addresses; made anew each time."""
        _make(folder, *hosts)
        return cls._at(folder, "server")

    @classmethod
    def _at(cls, folder: Path, name: str) -> Credentials:
        return cls(str(folder / "ca.pem"), str(folder / f"{name}.pem"), str(folder / f"{name}-key.pem"))

    def _usable(self) -> bool:
        try:
            age = time.time() - os.stat(self.ca).st_mtime
        except OSError:
            return False
        return age < _RENEW_AFTER_SECONDS and os.access(self.key, os.R_OK) and os.access(self.certificate, os.R_OK)


def _make(folder: Path, *hosts: str, machine: str | None = None) -> bytes:
    """See that everything is there; with `hosts`, the server's certificate too. What is said of the `machine`."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    # in a process of its own: the library would stay in a server's memory for what is done now and then
    command = [sys.executable, "-m", "valo_jupyter.engines.credentials", str(folder), *hosts]
    if machine is not None:
        command += ["--machine", machine]
    return subprocess.run(command, check=True, timeout=60, stdout=subprocess.PIPE).stdout


def main(folder: Path, hosts: list[str], machine: str | None) -> None:
    from valo_jupyter.engines.authority import Authority

    # web process and engine may both be the first
    with open(folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        fresh = not Credentials._at(folder, "engine")._usable()
        authority = Authority.create(folder) if fresh else Authority.open(folder)
        if fresh:
            authority.issue("engine", client=True)
        for name in _FORMER:
            (folder / name).unlink(missing_ok=True)
        if hosts:
            authority.issue("server", hosts=hosts)
    if machine is not None:
        print(json.dumps({"ca": (folder / "ca.pem").read_text(), **authority.issue_to(MACHINE + machine)}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("hosts", nargs="*")
    parser.add_argument("--machine")
    given = parser.parse_args()
    main(given.folder, given.hosts, given.machine)
