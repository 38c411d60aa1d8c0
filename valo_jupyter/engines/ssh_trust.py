"""Who we are to hosts over SSH, which of them we believe to be who they say, and their refusals in words."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncssh

from valo_jupyter.domain.state import write_private
from valo_jupyter.engines.hosts import Host
from valo_jupyter.engines.provider import Refused

# each packet would be a line
logging.getLogger("asyncssh").setLevel(logging.WARNING)

CONNECT_SECONDS = 10.0
#: a host that is silent for about three times as long is taken to be unreachable
_KEEPALIVE_SECONDS = 3.0


class Trust:
    """The key of an environment, and the keys of its hosts: as given, and those that were accepted when first seen."""

    def __init__(self, options: dict[str, Any], accepted: Path) -> None:
        self._options = options
        self._accepted = accepted

    async def connect(
        self,
        host: Host,
        client: Callable[[Callable[[str, asyncssh.SSHKey], bool]], asyncssh.SSHClient],
        seconds: float = CONNECT_SECONDS,
    ) -> asyncssh.SSHClientConnection:
        """A new connection.

        Parameters
        ----------
        client
            Makes what is told of the connection's end; given what says whether an unknown key of the host is accepted.

        Raises
        ------
        Refused
            With the words of the host, or of the network.
        """
        keys = self._client_keys()
        known = self._known_hosts()
        try:
            return await asyncssh.connect(
                host.host,
                host.port,
                username=host.user or (),
                config=None,
                known_hosts=known,
                client_factory=lambda: client(lambda *key: self._accepts(host, known, *key)),
                client_keys=keys,
                # the account's own agent stands in only when the environment has no key
                agent_path=None if keys else (),
                preferred_auth="publickey",
                password_auth=False,
                kbdint_auth=False,
                connect_timeout=seconds,
                login_timeout=seconds,
                keepalive_interval=_KEEPALIVE_SECONDS,
                keepalive_count_max=2,
            )
        except asyncssh.HostKeyNotVerifiable as error:
            raise Refused(self._unknown(host, known)) from error
        except (asyncssh.Error, OSError, ValueError) as error:
            raise Refused(explain(host, error)) from error

    def _client_keys(self) -> Any:
        options = self._options
        if not options["key"] and not options["key_file"]:
            return ()
        try:
            if options["key"]:
                return [asyncssh.import_private_key(options["key"].strip() + "\n", options["passphrase"])]
            path = Path(options["key_file"]).expanduser()
            return [asyncssh.read_private_key(path, options["passphrase"])]
        except OSError as error:
            raise Refused(f"the private key file {options['key_file']} cannot be read: {error.strerror}") from error
        except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
            wanted = "" if options["passphrase"] else " (a key with a passphrase needs it)"
            raise Refused(f"the private key cannot be used: {error}{wanted}") from error

    def _known_hosts(self) -> asyncssh.SSHKnownHosts:
        try:
            return asyncssh.import_known_hosts(f"{self._options['known_hosts']}\n{self._kept()}")
        except ValueError as error:
            raise Refused(f"the known hosts are not written as in a known_hosts file: {error}") from error

    def _accepts(self, host: Host, known: asyncssh.SSHKnownHosts, address: str, key: asyncssh.SSHKey) -> bool:
        """Whether a key is believed that is not among those known."""
        if not self._options["accept_new_hosts"] or _any_key(known, host, address):
            return False
        line = f"{_written(host)} {key.export_public_key('openssh').decode().strip()}\n"
        self._accepted.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(self._accepted, self._kept() + line)
        return True

    def _kept(self) -> str:
        # what one environment has accepted is no proof for another that accepts nothing
        trusts = self._options["accept_new_hosts"] and self._accepted.exists()
        return self._accepted.read_text() if trusts else ""

    def _unknown(self, host: Host, known: asyncssh.SSHKnownHosts) -> str:
        if _any_key(known, host, ""):
            return (
                f"{host} shows another host key than the known one: somebody may be in between, or it was set up anew. "
                "If you know why, correct the known hosts."
            )
        port = f" -p {host.port}" if host.port != 22 else ""
        return f"the host key of {host} is not known: add what ssh-keyscan{port} {host.host} prints to the known hosts"


def explain(host: Host, error: Exception) -> str:
    """An error of a connection, as a person would say it."""
    if isinstance(error, asyncssh.PermissionDenied):
        return f"{host} does not let us in with this key: {error.reason}"
    if isinstance(error, (asyncssh.TimeoutError, TimeoutError)):
        return f"{host} did not answer in time"
    if isinstance(error, asyncssh.DisconnectError):
        return f"{host} ended the connection: {error.reason}"
    if isinstance(error, socket.gaierror):
        return f"{host} cannot be found: {error.strerror}"
    if isinstance(error, OSError) and error.errno:
        return f"{host} cannot be reached: {os.strerror(error.errno)}"
    return f"{host} cannot be reached: {error}"


def _any_key(known: asyncssh.SSHKnownHosts, host: Host, address: str) -> bool:
    keys, authorities, revoked, *_ = known.match(host.host, address, host.port if host.port != 22 else None)
    return bool(keys or authorities or revoked)


def _written(host: Host) -> str:
    return host.host if host.port == 22 else f"[{host.host}]:{host.port}"
