"""What an engine's process refuses to those who hold a machine's key: to run anything of theirs.

Dask's scheduler runs functions for whoever reaches it, and can no longer be told not to unpickle
(`distributed.scheduler.pickle`). Ours has no clients, and none of its messages needs either.
"""

from __future__ import annotations

from typing import Any

from distributed.protocol import core, pickle

#: what workers and the cluster itself ask of a scheduler
NEEDED = frozenset(
    {
        "register-worker",
        "heartbeat_worker",
        "unregister",
        "identity",
        "get_metadata",
        "set_metadata",
        "subscribe_worker_status",
        "retire_workers",
        "terminate",
    }
)


class PickleRefused(ValueError):
    """A message to an engine holds a pickle, which could be any code."""


class _WriteOnly:
    """Stands for Dask's own module where messages are read and written."""

    dumps = staticmethod(pickle.dumps)

    @staticmethod
    def loads(*_: Any, **__: Any) -> Any:
        raise PickleRefused(PickleRefused.__doc__)


def refuse_pickles() -> None:
    """From now on no message that comes to this process is unpickled, whoever sends it."""
    module: Any = core
    module.pickle = _WriteOnly
