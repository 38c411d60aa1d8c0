"""Hosts on this computer that have a network of their own, which can be cut. Needs root."""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_counter = itertools.count(1)


@dataclass(frozen=True)
class NetworkHost:
    """A network namespace and the cable to it: `address` is the host's, `peer` is ours."""

    name: str
    address: str
    peer: str

    @property
    def prefix(self) -> Sequence[str]:
        """What goes before a command that is to run there."""
        return ("ip", "netns", "exec", self.name)

    def cut(self) -> None:
        """Pull the cable at the host's end: packets vanish, and connections do not notice."""
        _run("ip", "-n", self.name, "link", "set", "eth0", "down")

    def mend(self) -> None:
        _run("ip", "-n", self.name, "link", "set", "eth0", "up")

    def processes(self) -> list[int]:
        """All processes in it."""
        return [int(pid) for pid in _run("ip", "netns", "pids", self.name).split()]


@contextlib.contextmanager
def network_host() -> Iterator[NetworkHost]:
    """A host with a cable to this computer. Who started processes in it has ended them before."""
    number = next(_counter)
    # of the range for tests of network devices, which is no real network's
    block = os.getpid() * 64 + number
    subnet = f"198.{18 + block // 16384 % 2}.{block // 64 % 256}"
    peer, address = f"{subnet}.{block % 64 * 4 + 1}", f"{subnet}.{block % 64 * 4 + 2}"
    name, cable = f"valo{os.getpid()}n{number}", f"v{os.getpid()}n{number}"
    host = NetworkHost(name, address, peer)
    _run("ip", "netns", "add", name)
    try:
        _run("ip", "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", name)
        _run("ip", "address", "add", f"{peer}/30", "dev", cable)
        _run("ip", "link", "set", cable, "up")
        _run("ip", "-n", name, "address", "add", f"{address}/30", "dev", "eth0")
        _run("ip", "-n", name, "link", "set", "lo", "up")
        _run("ip", "-n", name, "link", "set", "eth0", "up")
        yield host
    finally:
        left = _run("ps", "-o", "pid=,args=", "-p", ",".join(map(str, host.processes())) or "0", fails=True)
        # the cable goes with the namespace
        _run("ip", "netns", "delete", name)
        assert not left, f"still running on {name}: {left}"


def _run(*command: str, fails: bool = False) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert fails or done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return done.stdout
