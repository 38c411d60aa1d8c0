"""A way to a service that is no faster than a network."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

#: bytes each second
GIGABIT = 125_000_000
_STEP = 256 * 1024


class _Rate:
    """One direction of the cable, of all connections together."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._lock = threading.Lock()
        self._free = 0.0

    def pass_on(self, count: int) -> None:
        """Wait as long as so many bytes take behind those that were there before."""
        with self._lock:
            self._free = max(self._free, time.monotonic() - 0.01) + count / self._rate
            pause = self._free - time.monotonic()
        if pause > 0:
            time.sleep(pause)


@contextlib.contextmanager
def shaped(url: str, rate: float) -> Iterator[str]:
    """The address of the service at `http://host:port` by a cable of so many bytes each second, either way."""
    parts = urlsplit(url)
    up, down = _Rate(rate), _Rate(rate)
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    server = socket.create_connection((parts.hostname or "", parts.port or 80))
                    for source, target, cable in ((client, server, up), (server, client, down)):
                        source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                        threading.Thread(target=_copy, args=(source, target, cable), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)


def _copy(source: socket.socket, target: socket.socket, cable: _Rate) -> None:
    buffer = memoryview(bytearray(_STEP))
    with contextlib.suppress(OSError):
        while count := source.recv_into(buffer):
            cable.pass_on(count)
            target.sendall(buffer[:count])
    for each in (source, target):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
