"""The messages between this machine and one kernel: sockets, signatures, waiting for several things at once."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from hmac import compare_digest
from typing import Any

import zmq
from jupyter_client.adapter import adapt
from jupyter_client.session import DELIM, Session

Message = dict[str, Any]

#: Messages that wait here for us; a kernel that knows how to wait then stops printing instead of filling our memory.
_READ_AHEAD = 32
#: Taken from a socket before the others are looked at again.
_BATCH = 64


class Connection:
    """The shell, control and iopub channels of a kernel, for use by one thread at a time (`wake` from any).

    jupyter_client's channels parse four dates a message and poll in steps of their own; a run of short cells spends
    more on that than on the cells.
    """

    def __init__(self, info: dict[str, Any], *, waits: bool) -> None:
        self.session = Session(key=_bytes(info["key"]), signature_scheme=info["signature_scheme"])
        context = zmq.Context.instance()
        self._sockets = {name: context.socket(kind) for name, kind in _CHANNELS.items()}
        iopub = self._sockets["iopub"]
        iopub.subscribe(b"")
        # 0: as much as comes. A kernel that drops what is not taken at once must find us always ready.
        iopub.rcvhwm = _READ_AHEAD if waits else 0
        self._poller = zmq.Poller()
        for name, socket in self._sockets.items():
            socket.linger = 0
            socket.reconnect_ivl = 5
            socket.reconnect_ivl_max = 100
            socket.connect(f"{info['transport']}://{info['ip']}-{info[f'{name}_port']}")
            self._poller.register(socket, zmq.POLLIN)
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._poller.register(self._wake_read, zmq.POLLIN)

    def watch(self, descriptor: int) -> None:
        """Let `wait` return when `descriptor` can be read, too."""
        self._poller.register(descriptor, zmq.POLLIN)

    def unwatch(self, descriptor: int) -> None:
        with suppress(KeyError):
            self._poller.unregister(descriptor)

    def send(self, channel: str, kind: str, content: dict[str, Any]) -> str:
        """Send a request; its id, which the answers name as their parent."""
        message = self.session.send(self._sockets[channel], kind, content)
        assert message is not None
        return message["header"]["msg_id"]

    def wait(self, timeout: float) -> set[Any]:
        """Until there is something to read, at most `timeout` seconds: names of channels and watched descriptors."""
        ready = {}
        for readable, _ in self._poller.poll(max(0, int(timeout * 1000))):
            ready[readable] = True
        if ready.pop(self._wake_read, False):
            os.read(self._wake_read, 512)
        return {_name(self._sockets, readable) for readable in ready}

    def wake(self) -> None:
        """Make a `wait` return now; from any thread."""
        with suppress(BlockingIOError, OSError):
            os.write(self._wake_write, b"!")

    def receive(self, channel: str) -> Iterator[Message]:
        """What has arrived on a channel, without waiting; a bounded number, so that the others get their turn."""
        socket = self._sockets[channel]
        for _ in range(_BATCH):
            try:
                frames: list[bytes] = socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            message = self._read(frames)
            if message is not None:
                yield message

    def close(self) -> None:
        for socket in self._sockets.values():
            socket.close()
        wake, self._wake_write = self._wake_write, -1
        os.close(wake)
        os.close(self._wake_read)

    def _read(self, frames: list[bytes]) -> Message | None:
        try:
            start = frames.index(DELIM)
            signature, header, parent, metadata, content = frames[start + 1 : start + 6]
            if not compare_digest(signature, self.session.sign([header, parent, metadata, content])):
                return None
            message: Message = {
                "header": json.loads(header),
                "parent_header": json.loads(parent),
                "metadata": json.loads(metadata),
                "content": json.loads(content.decode("utf-8", "replace")),
                "buffers": frames[start + 6 :],
            }
            message["msg_id"] = message["header"]["msg_id"]
            message["msg_type"] = message["header"]["msg_type"]
            if message["header"].get("version", "5")[0] != "5":
                message = adapt(message)
        except (ValueError, KeyError, TypeError):
            # no message of the protocol: user code can write to these sockets as it likes
            return None
        return message

    # nbclient's stand-in for the Output widget sends its state back: it asks a client for these two

    @property
    def shell_channel(self) -> _ShellChannel:
        return _ShellChannel(self.session, self._sockets["shell"])


class _ShellChannel:
    def __init__(self, session: Session, socket: zmq.Socket[bytes]) -> None:
        self._session = session
        self._socket = socket

    def send(self, message: Message) -> None:
        self._session.send(self._socket, message)


def sent_at(message: Message) -> datetime | None:
    """When the kernel sent it, by its own clock."""
    try:
        # Python 3.10 does not read the Z
        return datetime.fromisoformat(message["header"]["date"].replace("Z", "+00:00"))
    except (KeyError, ValueError, AttributeError):
        return None


_CHANNELS = {"shell": zmq.DEALER, "control": zmq.DEALER, "iopub": zmq.SUB}


def _name(sockets: dict[str, zmq.Socket[bytes]], readable: Any) -> Any:
    for name, socket in sockets.items():
        if socket is readable:
            return name
    return readable


def _bytes(key: str | bytes) -> bytes:
    return key.encode() if isinstance(key, str) else key
