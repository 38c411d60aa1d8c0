"""The hosts of an SSH environment, as its options write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from valo_jupyter.engines import ssh_key

_KEYS = ("host", "port", "user", "machines")
_MAX_MACHINES = 1000
#: a name, an IPv4 or an IPv6 address with its zone; nothing that a shell or OpenSSH would read as an option
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+(%[\w.-]+)?")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@$\\-]*")


@dataclass(frozen=True)
class Host:
    """A host and how many machines it takes. Without a user: the one that the server runs as."""

    host: str
    port: int = 22
    user: str | None = None
    machines: int = 1

    @classmethod
    def parse(cls, value: Any) -> Host:
        """Raises `ValueError` with a sentence."""
        fields = _split(value) if isinstance(value, str) else value
        if not isinstance(fields, dict):
            raise ValueError(f'A host is "user@host:port" or an object, not {value!r}.')
        for name in fields:
            if name not in _KEYS:
                raise ValueError(f"A host has no {name!r}; it has {', '.join(_KEYS)}.")
        host, port, user, machines = (fields.get(name) for name in _KEYS)
        if not isinstance(host, str) or not _HOST.fullmatch(host):
            raise ValueError(f"{host!r} is no name or address of a host.")
        if user is not None and (not isinstance(user, str) or not _USER.fullmatch(user)):
            raise ValueError(f"{user!r} is no name of a user on {host}.")
        port = _number(22 if port is None else port, 65535, f"The port of {host}")
        machines = _number(1 if machines is None else machines, _MAX_MACHINES, f"The number of machines on {host}")
        return cls(host, port, user, machines)

    def __str__(self) -> str:
        user = f"{self.user}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{user}{host}" + (f":{self.port}" if self.port != 22 else "")


def parse(values: list[Any]) -> list[Host]:
    """All hosts; raises `ValueError` for the first that is none, or that is there twice."""
    found = [Host.parse(value) for value in values]
    seen = set()
    for host in found:
        if str(host) in seen:
            raise ValueError(f"{host} is there twice; say how many machines it takes with an object instead.")
        seen.add(str(host))
    return found


def problem(values: list[Any]) -> str | None:
    """What is wrong with the option `hosts`."""
    try:
        parse(values)
    except ValueError as error:
        return str(error)
    return None


def conflicts(options: dict[str, Any]) -> dict[str, str]:
    """What the options of an SSH environment have against each other."""
    found = ssh_key.problems(options)
    if options["key"] and options["key_file"]:
        found["key_file"] = "Give the private key or its file, not both."
    if not options["known_hosts"].strip() and not options["accept_new_hosts"]:
        found["known_hosts"] = (
            "Give the hosts' keys, which ssh-keyscan prints, or let new hosts be accepted with accept_new_hosts."
        )
    return found


def _split(value: str) -> dict[str, Any]:
    user, _, rest = value.strip().rpartition("@")
    fields: dict[str, Any] = {"user": user or None}
    bracketed = re.fullmatch(r"\[([^\]]*)\](?::(\d+))?", rest)
    if bracketed:
        fields["host"], port = bracketed.groups()
    elif rest.count(":") == 1:
        fields["host"], _, port = rest.partition(":")
        if not port.isdigit():
            raise ValueError(f"{port!r} in {value!r} is no port.")
    else:
        fields["host"], port = rest, None
    fields["port"] = int(port) if port else None
    return fields


def _number(value: Any, most: int, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise ValueError(f"{what} is a whole number from 1 to {most}, not {value!r}.")
    return value
