"""Who is at the other end of a connection to an engine's scheduler, by its certificate, and what it may say there.

A machine's certificate names it (`Credentials.of_machine`): it speaks of itself alone. The engine's own is also that of
machines on its computer, which could read it anyhow.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from typing import Any

from distributed.comm.core import Comm

from valo_jupyter.engines.credentials import ENGINE, MACHINE

#: what a machine asks of a scheduler; each names the address that it is known by
_OWN = frozenset({"register-worker", "heartbeat_worker", "unregister"})


class NotYours(PermissionError):
    """A connection says what is not for who has made it to say."""


def machine_of(comm: Comm) -> str | None:
    """The name of the machine at the other end; None: the engine itself, or a machine of its computer."""
    certificate = comm.extra_info.get("peercert") or {}
    if (("commonName", ENGINE),) in certificate.get("subject", ()):
        return None
    for kind, name in certificate.get("subjectAltName", ()):
        if kind == "URI" and name.startswith(MACHINE):
            return name.removeprefix(MACHINE)
    raise NotYours("The certificate of this connection names neither the engine nor a machine.")


def checked(op: str, handler: Callable[..., Any]) -> Callable[..., Any]:
    """The scheduler's handler, for those who may use it."""
    # as Dask finds it out
    first = next(iter(inspect.signature(handler).parameters), None)

    async def handle(comm: Comm, **message: Any) -> Any:
        machine = machine_of(comm)
        if machine is not None:
            own = message.get("address") == standing_for(machine) and message.get("name", machine) == machine
            if op not in _OWN or not own:
                raise NotYours(f"The machine {machine} may not say {op} of {message.get('address')}.")
        result = handler(comm, **message) if first == "comm" else handler(**message)
        return await result if inspect.isawaitable(result) else result

    return handle


class OwnStream:
    """What a registered machine goes on to say: which machine it is about is known, whatever the messages say."""

    def __init__(self, comm: Comm, known: dict[str, Any]) -> None:
        self._comm = comm
        self._known = known

    async def read(self) -> Any:
        messages = await self._comm.read()
        for message in messages if isinstance(messages, (list, tuple)) else [messages]:
            if isinstance(message, dict):
                for name in self._known:
                    message.pop(name, None)
        return messages

    def __getattr__(self, name: str) -> Any:
        return getattr(self._comm, name)


def standing_for(name: str) -> str:
    """An address that is one machine's alone and leads nowhere.

    Machines elsewhere listen on their own loopback, where nobody needs to reach them; the scheduler tells workers apart
    by address.
    """
    digest = hashlib.sha256(name.encode()).digest()
    return f"tls://127.{digest[0]}.{digest[1]}.{1 + digest[2] % 254}:{1 + int.from_bytes(digest[3:5], 'big') % 65535}"
