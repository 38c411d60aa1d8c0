"""What machines on other hosts depend on, and does without for a while: networks, connections, daemons of Slurm."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from tests.chaos.faults import Fault
from tests.parts.slurm import Slurm
from tests.parts.sshd import Sshd

_DAEMON_AWAY_SECONDS = 3.0


class Outages:
    def __init__(self, hosts: Sequence[Sshd], slurm: Slurm | None, note: Callable[[str], None]) -> None:
        self._hosts = hosts
        self._slurm = slurm
        self._note = note
        self._mends: list[threading.Timer] = []

    def do(self, fault: Fault) -> bool:
        """False for a fault of another kind."""
        if fault.whom in ("network", "connection"):
            self._disturb(self._hosts[int(fault.aim * len(self._hosts))], fault)
        elif self._slurm is not None and fault.whom in ("slurmd", "slurmctld"):
            self._restart(self._slurm, fault)
        else:
            return False
        return True

    def last(self) -> bool:
        return any(mend.is_alive() for mend in self._mends)

    def close(self) -> None:
        for mend in self._mends:
            mend.cancel()
        for host in self._hosts:
            if host.network is not None:
                host.network.mend()

    def _disturb(self, host: Sshd, fault: Fault) -> None:
        if host.network is None or fault.what == "drop":
            host.drop()
        else:
            host.network.cut()
            mend = threading.Timer(fault.seconds, self._mend, (host,))
            mend.daemon = True
            mend.start()
            self._mends.append(mend)
        self._note(f"{fault}: {host.address}")

    def _mend(self, host: Sshd) -> None:
        assert host.network is not None
        host.network.mend()
        self._note(f"the network of {host.address} is back")

    def _restart(self, slurm: Slurm, fault: Fault) -> None:
        node = slurm.nodes[int(fault.aim * len(slurm.nodes))]
        if self.last():
            return  # it is away already
        slurm.kill(node if fault.whom == "slurmd" else "slurmctld")

        def start() -> None:
            slurm.start_node(node) if fault.whom == "slurmd" else slurm.start_controller()
            self._note(f"{fault.whom} is back")

        timer = threading.Timer(_DAEMON_AWAY_SECONDS, start)
        timer.start()
        self._mends.append(timer)
        self._note(f"{fault}: {node if fault.whom == 'slurmd' else ''}")
