"""How Dask is set up: nothing runs twice, nobody without the key gets in, and no port is open that nobody needs."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any, Protocol

import dask.config
from distributed import Scheduler, SpecCluster
from distributed.diagnostics.plugin import SchedulerPlugin
from distributed.security import Security

from valo_jupyter.engines.credentials import Credentials
from valo_jupyter.engines.guard import NEEDED, refuse_pickles
from valo_jupyter.engines.peers import OwnStream, checked

#: a worker that has registered listens to the scheduler soon after
_REGISTERED_SECONDS = 1.0

#: our messages on the connection of scheduler and worker: an order, and that it is done, both with its number
ORDER = "valo-order"
DONE = "valo-done"

#: Dask's settings of an engine and of its machines
SETTINGS = {
    "distributed.scheduler.allowed-failures": 0,
    "distributed.scheduler.work-stealing": False,
    "distributed.scheduler.worker-saturation": "inf",
    # a computer that slept for long has lost no worker; leases tell which machine is silent
    "distributed.scheduler.worker-ttl": None,
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": False,
    "distributed.worker.profile.enabled": False,
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.admin.system-monitor.disk": False,
    "distributed.admin.system-monitor.host-cpu": False,
    # what Dask keeps of its own doings, in each of a dozen lists
    "distributed.admin.low-level-log-length": 100,
    "distributed.admin.log-length": 100,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.tick.limit": "30s",
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.comm.retry.count": 0,
    # the engine itself decides when a machine that has left is gone for good
    "distributed.deploy.lost-worker-timeout": "1h",
}


def configure() -> None:
    """Set Dask up in this process, and keep its log to what is wrong."""
    dask.config.set(SETTINGS)
    logging.getLogger("distributed").setLevel(logging.ERROR)
    logging.getLogger("tornado").setLevel(logging.WARNING)


def security(credentials: Credentials) -> Security:
    """Every connection is encrypted, and both ends show a certificate of the server's own authority."""
    roles = {}
    for role in ("scheduler", "worker", "client"):
        roles[f"tls_{role}_cert"] = credentials.certificate
        roles[f"tls_{role}_key"] = credentials.key
    return Security(require_encryption=True, tls_ca_file=credentials.ca, **roles)


class QuietScheduler(Scheduler):
    """A scheduler that opens no HTTP port, and runs nothing for those who reach it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        refuse_pickles()
        super().__init__(*args, **kwargs)
        self.handlers = {op: checked(op, handler) for op, handler in self.handlers.items() if op in NEEDED}

    async def handle_stream(self, comm: Any, extra: dict[str, Any] | None = None) -> None:
        await super().handle_stream(OwnStream(comm, extra or {}), extra)  # type: ignore[arg-type]

    def start_http_server(self, *args: Any, **kwargs: Any) -> None:
        pass


class Owner(Protocol):
    """Who owns a cluster: names its machines, and hears of those that come and go."""

    slug: str
    #: where the scheduler listens, and the address that machines are told, if it is another one
    listen: str
    contact: str | None

    def machine_spec(self) -> dict[str, Any]: ...

    def add_slot(self) -> str: ...

    def arrived(self, name: str, address: str, hardware: dict[str, Any] | None) -> bool: ...

    def departed(self, address: str) -> None: ...


class Cluster(SpecCluster):
    """A cluster whose owner names its machines, each name once."""

    def __init__(self, owner: Owner, security: Security) -> None:
        self._owner = owner
        options = {
            "host": owner.listen,
            "contact_address": owner.contact,
            "dashboard": False,
            "security": security,
        }
        super().__init__(
            scheduler={"cls": QuietScheduler, "options": options},
            worker=owner.machine_spec(),
            asynchronous=True,
            security=security,
            name=f"valo-{owner.slug}",
            shutdown_on_close=False,
        )

    def new_worker_spec(self) -> dict[str, Any]:
        name = self._owner.add_slot()
        return {name: self.new_spec}


class Membership(SchedulerPlugin):
    """Tells the owner which workers came and went."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner

    def add_worker(self, scheduler: Scheduler, worker: str) -> None:
        state = scheduler.workers[worker]
        if not self._owner.arrived(str(state.name), worker, state.extra.get("machine")):
            # it came too late; it is told so as soon as it listens
            leave = partial(scheduler.remove_worker, worker, stimulus_id="valo-not-wanted")
            scheduler.loop.call_later(_REGISTERED_SECONDS, leave)

    def remove_worker(self, scheduler: Scheduler, worker: str, *, stimulus_id: str, **kwargs: Any) -> None:
        self._owner.departed(worker)
