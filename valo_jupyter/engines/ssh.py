"""Machines that are processes on hosts over SSH. The hosts need Python and no port of ours: all goes through SSH."""

from __future__ import annotations

import asyncio
import logging
import shlex
import signal as signals
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import asyncssh

from valo_jupyter.domain.state import StateFolder
from valo_jupyter.engines.claims import Owner
from valo_jupyter.engines.hosts import parse
from valo_jupyter.engines.port import Order
from valo_jupyter.engines.provider import Provider, Refused, Sight
from valo_jupyter.engines.provider_engine import FENCED_SECONDS, ProviderEngine
from valo_jupyter.engines.ssh_host import SshHost
from valo_jupyter.engines.ssh_shell import words
from valo_jupyter.engines.ssh_trust import Trust

log = logging.getLogger(__name__)

_LEAVE_SECONDS = 5.0
_KEPT_BYTES = 4000

_MACHINE = """cd "$folder" && exec {python} -m valo_jupyter.engines.remote"""
_END = """cd / && exec {python} -m valo_jupyter.engines.remains {folder} {name}"""


class SshEngine(ProviderEngine):
    """As many machines as its hosts take; each host has one connection, through which it finds the way back."""

    kind = "ssh"

    def __init__(self, *, slug: str, state: StateFolder, options: dict[str, Any]) -> None:
        super().__init__(slug=slug, state=state, options=options)
        #: there while machines of this environment may be running; also after the end of an engine that was killed
        self._mark = state.root / "ssh" / f"{slug}.machines"
        trust = Trust(options, state.root / "ssh" / "known_hosts")
        self.hosts = [
            SshHost(
                host,
                trust,
                options,
                # a folder that hosts share has a file for each
                label=f"{self.claim.owner.run}-{number}",
                wheels=state.root / "wheels",
                max_pause=self.max_pause,
                server=self._server,
                scheduler=self._scheduler,
                found=self._found,
            )
            for number, host in enumerate(parse(options["hosts"]))
        ]
        self._hosts_of: dict[str, SshHost] = {}
        self._full = False

    def open_provider(self) -> Provider:
        self.processes = _Processes(self)
        return self.processes

    def _reachable_host(self) -> str:
        return "127.0.0.1"

    def _server(self) -> str:
        """Where machines' requests go to: the listener for them, while there is one."""
        known = self.state.read_server() or {}
        return (known.get("machines") or known).get("url") or "http://127.0.0.1:9"

    def _scheduler(self) -> str:
        scheduler = self._cluster.scheduler
        assert scheduler is not None, "a started cluster has its scheduler"
        return scheduler.address

    # which host

    def demand(self, wanted: int) -> None:
        super().demand(wanted)
        slots = sum(host.host.machines for host in self.hosts)
        full = min(wanted, self._maximum) > slots
        if full and not self._full:
            self.waits("", f"its hosts take {slots} machines in all, and its maximum scale is {self._maximum}")
        self._full = full

    def room(self) -> int:
        coming = sum(slot.state == "starting" and name not in self._hosts_of for name, slot in self._slots.items())
        return max(0, sum(max(0, host.free) for host in self.hosts) - coming)

    def choose(self, name: str) -> SshHost:
        """The host for a new machine: the one with the most room."""
        host = max(self.hosts, key=lambda host: host.free)
        if host.free <= 0:
            raise Refused("its hosts have no room for another machine now")
        host.machines.add(name)
        self._hosts_of[name] = host
        self._say_where(name, {})
        self._mark.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._mark.touch(mode=0o600)
        return host

    def host_of(self, name: str) -> SshHost | None:
        return self._hosts_of.get(name)

    def back_off(self, name: str) -> None:
        # the host is left out for a while, and the others are used
        if host := self.host_of(name):
            host.failed()

    def retry(self) -> None:
        for host in self.hosts:
            host.retry()
        super().retry()

    def arrived(self, name: str, address: str, hardware: dict[str, Any] | None) -> bool:
        if host := self.host_of(name):
            host.succeeded()
        taken = super().arrived(name, address, hardware)
        self._say_where(name, hardware)
        return taken

    def _say_where(self, name: str, hardware: dict[str, Any] | None) -> None:
        """A machine is known by its host as the options name it, too; the name it was given does not say it."""
        slot, host = self._slots.get(name), self.host_of(name)
        if slot is not None and host is not None:
            slot.hardware = {**(hardware or {}), "host": str(host.host)}

    def address_for(self, name: str, order: Order) -> str:
        host = self.host_of(name)
        assert host is not None, "a machine that takes an order is on a host"
        return host.address("server")

    def configuration(self, name: str) -> dict[str, Any]:
        host = self.host_of(name)
        if host is None:
            return super().configuration(name)
        own = {"scheduler": host.address("scheduler"), "addresses": host.addresses_file, "folder": host.folder}
        return super().configuration(name) | own

    # ends

    def fenced(self, name: str) -> bool:
        """True when its host was silent for so long that the machine has ended itself, and all that it ran."""
        host = self.host_of(name)
        since = host.silent_since if host else None
        return since is not None and time.monotonic() - since > FENCED_SECONDS

    def leaves(self, name: str) -> bool:
        """True when it runs nothing, and will not."""
        slot = self._slots.get(name)
        return slot is not None and slot.state == "draining"

    def has_ended(self, name: str) -> None:
        """Nothing of the machine runs any more: its place is free."""
        if host := self._hosts_of.pop(name, None):
            host.machines.discard(name)

    async def _found(self, host: SshHost, names: list[str]) -> None:
        """End the machines on a host that belong to engines that no longer live, or that were given up."""
        for name in names:
            given_up = Owner.of(name) == self.claim.owner and name not in self._hosts_of
            if given_up or self.claim.orphaned(name):
                log.info("ending machine %s, which was left on %s", name, host.host)
                await self.processes.end_on(host, name)

    async def _reap(self) -> None:
        if self._mark.exists():
            await asyncio.gather(*(self._clear(host) for host in self.hosts))

    async def _clear(self, host: SshHost) -> None:
        """End what earlier engines left on a host; who connects to it does so."""
        pause = 1.0
        while host.clearing is None:
            try:
                await host.connected()
            except Refused as refused:
                log.warning("machines of earlier engines could not be looked for: %s", refused)
                await asyncio.sleep(pause)
                pause = min(pause * 2, self.max_pause)
        await host.clearing

    async def close(self) -> None:
        await super().close()
        if not self._hosts_of:
            self._mark.unlink(missing_ok=True)


@dataclass
class _Process:
    """The program of a machine, as its connection shows it: the end of the connection says nothing of it."""

    process: asyncssh.SSHClientProcess[bytes]
    said: bytes = b""
    ending: str | None = None


class _Processes(Provider):
    """Starts and ends machines on the engine's hosts."""

    forgets_only_ended = True

    def __init__(self, engine: SshEngine) -> None:
        self._engine = engine
        self._running: dict[str, _Process] = {}
        self._watches: set[asyncio.Task[None]] = set()
        self._coming: set[str] = set()

    async def give(self, name: str, config: dict[str, Any]) -> None:
        host = self._engine.choose(name)
        self._coming.add(name)
        try:
            await host.connected()
            python = await host.runtime()
            if self._engine.host_of(name) is None:
                raise Refused("it was taken back while its host was being prepared")
            # where it finds us is known by now
            config = self._engine.configuration(name)
            process = await host.launch(_MACHINE.format(python=shlex.quote(python)), config)
        except Refused:
            # of a machine that was taken back the host is not to blame
            if self._engine.host_of(name) is not None:
                host.failed()
            self._engine.has_ended(name)
            raise
        finally:
            self._coming.discard(name)
        running = self._running[name] = _Process(process)
        watch = asyncio.get_running_loop().create_task(self._watch(name, running))
        self._watches.add(watch)
        watch.add_done_callback(self._watches.discard)

    async def _watch(self, name: str, running: _Process) -> None:
        """Follow the process until it ends, or its connection does."""
        process = running.process

        async def listen(stream: asyncssh.SSHReader[bytes], heard: Callable[[bytes], None]) -> None:
            while chunk := await stream.read(1024):
                heard(chunk)

        def keep(chunk: bytes) -> None:
            running.said = (running.said + chunk)[-_KEPT_BYTES:]

        try:
            await asyncio.gather(listen(process.stderr, keep), listen(process.stdout, lambda _: None))
            await process.wait_closed()
        except (asyncssh.Error, OSError):
            return  # with its connection
        signal, code = process.exit_signal, process.exit_status
        if signal is not None:
            running.ending = f"its process was ended by signal {_number(signal[0])}"
        elif code is not None:
            running.ending = f"its process exited with code {code}"
        if running.ending is not None:
            self._engine.gone(name, self._ending(name, running))

    def _ending(self, name: str, running: _Process) -> str:
        host = self._engine.host_of(name)
        said = words(running.said)
        where = f"on {host.host} " if host else ""
        return f"{where}{running.ending}" + (f": {said}" if said else "")

    async def look(self, names: Collection[str] | None = None) -> dict[str, Sight]:
        seen = {name: Sight("waiting", "its host is being prepared") for name in self._coming}
        for name, running in self._running.items():
            ended = running.ending is not None
            seen[name] = Sight("ended", self._ending(name, running), False) if ended else Sight("running")
        return seen

    async def take_back(self, name: str) -> None:
        host = self._engine.host_of(name)
        if host is None:
            return
        running = self._running.get(name)
        if running is not None and not self._engine.fenced(name) and not await self._left(name, running):
            await self.end_on(host, name)
        self._running.pop(name, None)
        self._engine.has_ended(name)

    async def _left(self, name: str, running: _Process) -> bool:
        """Ask a machine that is to go and runs nothing; true when it has left in good order."""
        if running.ending is not None or not self._engine.leaves(name):
            return False
        try:
            running.process.stdin.write(b"leave\n")
            await asyncio.wait_for(running.process.wait_closed(), _LEAVE_SECONDS)
        except (asyncssh.Error, OSError, asyncio.TimeoutError):
            return False
        return running.process.exit_status == 0

    async def end_on(self, host: SshHost, name: str) -> None:
        """End the machine and all it runs by its record, if it has one."""
        python = shlex.quote(await host.runtime())
        await host.say(_END.format(python=python, folder=shlex.quote(host.folder), name=shlex.quote(name)))

    async def said(self, name: str) -> str:
        # it is part of how it ended
        return ""

    async def close(self) -> None:
        await asyncio.gather(*(host.close() for host in self._engine.hosts))
        for watch in list(self._watches):
            watch.cancel()


def _number(name: str) -> int | str:
    """Of a signal, which SSH calls by its name."""
    found = getattr(signals, f"SIG{name}", None)
    return name if found is None else int(found)
