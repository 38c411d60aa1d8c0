"""Ports for programs that cannot choose their own."""

from __future__ import annotations

import random
import socket
from contextlib import suppress

_random = random.SystemRandom()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on, of those that the system does not give to connections by itself.

    Between this answer and the program's start another test may look, too: it finds another one out of 20,000.
    """
    for _ in range(100):
        port = _random.randrange(10_000, 30_000)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("No port of this computer is free.")
