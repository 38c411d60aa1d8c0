"""A private OpenSSH server, with keys of its own, that lets the account of the tests in."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.parts.netns import NetworkHost
from tests.parts.ports import free_port

_CONFIG = """\
ListenAddress {address}
Port {port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile {folder}/sshd.pid
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
MaxStartups 100
LogLevel VERBOSE
SetEnv {marker}
Subsystem sftp internal-sftp
{more}
"""


@dataclass
class Sshd:
    """A server on `address:port`. What is started through it has its folder as `VALO_TEST_SSHD` in its environment."""

    folder: Path
    address: str
    port: int
    network: NetworkHost | None = None
    hostname: str | None = None
    more: str = ""
    _process: subprocess.Popen[bytes] | None = None

    @property
    def key(self) -> str:
        """The private key that it lets in."""
        return (self.folder / "user_key").read_text()

    @property
    def known_hosts(self) -> str:
        public = (self.folder / "host_key.pub").read_text().split()
        name = self.address if self.port == 22 else f"[{self.address}]:{self.port}"
        return f"{name} {public[0]} {public[1]}\n"

    @property
    def log(self) -> str:
        return (self.folder / "sshd.log").read_text()

    def host(self, machines: int = 1) -> dict[str, Any]:
        """It as an option of an environment."""
        return {"host": self.address, "port": self.port, "user": getpass.getuser(), "machines": machines}

    def start(self) -> None:
        program = shutil.which("sshd") or "/usr/sbin/sshd"
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        config = self.folder / "sshd_config"
        marker = f"VALO_TEST_SSHD={self.folder}"
        values = {"address": self.address, "port": self.port, "folder": self.folder, "marker": marker}
        config.write_text(_CONFIG.format(**values, more=self.more))
        command = [program, "-D", "-f", str(config), "-E", str(self.folder / "sshd.log")]
        if self.hostname:
            command = ["unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', self.hostname, *command]
        if self.network:
            command = [*self.network.prefix, *command]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        self._until_listening()

    def _until_listening(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self._process.poll() is None, self.log
            with contextlib.suppress(OSError), socket.create_connection((self.address, self.port), 2) as connection:
                if connection.recv(4) == b"SSH-":
                    return
            time.sleep(0.02)
        raise AssertionError(f"sshd does not listen: {self.log}")

    def sessions(self) -> list[int]:
        """The processes that serve connections, children of the server."""
        assert self._process is not None
        done = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self._process.pid)], capture_output=True, text=True)
        return [int(pid) for pid in done.stdout.split()]

    def drop(self) -> None:
        """End every connection, as a server that is restarted does not, but one that crashes does."""
        for pid in self.sessions():
            _kill(pid)

    def stop(self) -> None:
        """Listen no more, and end every connection."""
        if self._process is None:
            return
        sessions = self.sessions()
        self._process.terminate()
        self._process.wait(10)
        for pid in sessions:
            _kill(pid)
        self._process = None


@contextlib.contextmanager
def sshd(
    folder: Path,
    *,
    network: NetworkHost | None = None,
    hostname: str | None = None,
    more: str = "",
    key: str | None = None,
) -> Iterator[Sshd]:
    """A running server; with `network` on that host, with `key` for that user key."""
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    _keygen(folder / "host_key")
    if key is None:
        _keygen(folder / "user_key")
    else:
        (folder / "user_key").write_text(key)
        (folder / "user_key").chmod(0o600)
        public = subprocess.run(
            ["ssh-keygen", "-y", "-f", str(folder / "user_key")], capture_output=True, text=True, check=True, timeout=30
        )
        (folder / "user_key.pub").write_text(public.stdout)
    shutil.copy(folder / "user_key.pub", folder / "authorized_keys")
    address = network.address if network else "127.0.0.1"
    server = Sshd(folder, address, 22 if network else free_port(), network, hostname, more)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _keygen(path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True, timeout=30)


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
