"""The SSH engine keeps the promise of all engines, over a private SSH server, and its own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.contract.engine_contract import Bench, EngineContract, is_alive
from tests.parts.local import processes_of
from tests.parts.netns import network_host
from tests.parts.sshd import Sshd, sshd
from valo_jupyter.domain.placement import Placement
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.engines import provider_engine
from valo_jupyter.engines.hosts import Host
from valo_jupyter.engines.port import Change, Order
from valo_jupyter.engines.ssh import SshEngine

pytestmark = pytest.mark.slow

ROOT = str(Path(__file__).parents[2])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with sshd(tmp_path_factory.mktemp("sshd") / "here") as server:
        yield server


def options_for(*servers: Sshd, folder: Path, machines: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "hosts": [server.host(machines) for server in servers],
        "key": servers[0].key,
        "known_hosts": "".join(server.known_hosts for server in servers),
        "python": sys.executable,
        "folder": str(folder),
        "environment": {"PYTHONPATH": ROOT},
        **more,
    }


class TestSshEngine(EngineContract):
    kind = "ssh"

    @pytest.fixture(autouse=True)
    def reached(self, server: Sshd) -> None:
        self.server = server

    def options(self, state: StateFolder) -> dict[str, Any]:
        return options_for(self.server, folder=state.root.parent / "there", machines=9)

    @pytest.mark.parametrize("long", [False, True], ids=["at once", "when it was long over"])
    @pytest.mark.asyncio
    async def test_a_machine_that_is_taken_back_while_its_host_is_prepared_is_not_started(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, long: bool
    ) -> None:
        if long:
            # preparing a host may take longer than anything runs that was cut off
            monkeypatch.setattr(provider_engine, "FENCED_SECONDS", 0.3)
        async with self.bench(tmp_path, {}) as bench:
            engine = bench.engine
            assert isinstance(engine, SshEngine)
            (host,) = engine.hosts
            async with host._installing:
                engine.demand(1)
                (name,) = await bench.until(lambda: list(engine.processes._coming))
                # above the maximum, those go first that are not there yet
                engine.set_limits(0, 0, 60.0)
                await bench.until(lambda: engine.host_of(name) is None)
                await bench.until(lambda: (name in engine.keys) != long)
            await bench.until(lambda: name not in engine.processes._coming | engine.keys.keys())
            assert name not in engine.processes._running
            assert "could not be asked for" not in caplog.text
            # it is no failure of the host's
            assert host.free == 9
            engine.set_limits(0, 1, 60.0)
            await bench.idle(1)


class OverSsh(EngineContract):
    """A bench on other hosts."""

    __test__ = False
    kind = "ssh"

    def __init__(self, hosts: dict[str, Any]) -> None:
        self._hosts = hosts

    def options(self, state: StateFolder) -> dict[str, Any]:
        return self._hosts


async def put_back(bench: Bench, lost: Change) -> Placement:
    """What the dispatcher does with a loss: the execution runs again, on a machine that is there."""
    pool = bench.project.services.pool
    await asyncio.to_thread(pool.lost, lost.execution_id, lost.attempt, lost.reason)
    given = await asyncio.to_thread(pool.next_order, bench.environment, "test")
    assert given is not None
    await bench.until(lambda: bench.engine.free() > 0)
    assert await bench.engine.place(Order(given.execution_id, given.attempt, given.token, bench.url))
    return given


class TestHosts:
    """Two hosts whose networks can be cut."""

    @pytest.fixture(scope="class")
    @classmethod
    def servers(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sshd, Sshd]]:
        folder = tmp_path_factory.mktemp("sshd")
        with (
            network_host() as one,
            network_host() as two,
            sshd(folder / "one", network=one, hostname="host-one") as first,
            sshd(folder / "two", network=two, hostname="host-two", key=first.key) as second,
        ):
            yield first, second

    @pytest.fixture(autouse=True)
    def reached(self, servers: tuple[Sshd, Sshd]) -> None:
        self.servers = servers

    @asynccontextmanager
    async def bench(self, folder: Path, steps: dict[str, list[str]], **options: Any) -> AsyncIterator[Bench]:
        hosts = options_for(*self.servers, folder=folder / "there") | options
        contract = OverSsh(hosts)
        async with contract.bench(folder, steps) as bench:
            bench.engine.set_limits(0, 9, 60.0)
            yield bench

    def host_of(self, bench: Bench, given: Placement) -> Sshd:
        (machine,) = (m for m in bench.engine.machines() if m.execution == given.execution_id)
        assert machine.hardware is not None
        return self.servers[("host-one", "host-two").index(machine.hardware["hostname"])]

    @pytest.mark.asyncio
    async def test_machines_are_spread_and_there_are_no_more_than_the_hosts_take(self, tmp_path: Path) -> None:
        async with self.bench(tmp_path, {}) as bench:
            bench.engine.demand(3)
            await bench.idle(2)
            found = [machine.hardware or {} for machine in bench.engine.machines()]
            assert {each["hostname"] for each in found} == {"host-one", "host-two"}
            # their names do not say where they are
            assert {each["host"] for each in found} == {str(Host.parse(server.host())) for server in self.servers}
            assert {(each["kind"], each["place"]) for each in found} == {("ssh", "on-prem")}
            assert all(each["cpu_count"] and each["memory_bytes"] for each in found)
            assert bench.said("waiting")[0].reason == "its hosts take 2 machines in all, and its maximum scale is 9"
            assert len(bench.said("started")) == 2

    @pytest.mark.asyncio
    async def test_an_execution_outlives_a_cut_that_is_shorter_than_the_fence(self, tmp_path: Path) -> None:
        steps = {"count": ["echo begun", "for n in $(seq 100); do echo $n; sleep 0.2; done"]}
        async with self.bench(tmp_path, steps) as bench:
            bench.engine.demand(1)
            await bench.idle(1)
            given = await bench.place("count")
            network = self.host_of(bench, given).network
            assert network is not None
            network.cut()
            await asyncio.sleep(12)
            network.mend()
            await bench.until(lambda: bench.said("free"))
            assert bench.project.status(given.execution_id) == "complete"
            assert bench.project.row(given.execution_id).attempt == 1
            assert bench.project.lines(given.execution_id) == ["begun", *map(str, range(1, 101))]
            assert not bench.said("lost")

    @pytest.mark.asyncio
    async def test_an_execution_goes_on_when_its_connection_is_reset(self, tmp_path: Path) -> None:
        steps = {"count": ["echo begun", "for n in $(seq 40); do echo $n; sleep 0.2; done"]}
        async with self.bench(tmp_path, steps) as bench:
            bench.engine.demand(1)
            await bench.idle(1)
            given = await bench.place("count")
            self.host_of(bench, given).drop()
            await bench.until(lambda: bench.said("free"))
            assert bench.project.lines(given.execution_id) == ["begun", *map(str, range(1, 41))]
            assert not bench.said("lost")
            # and the machine takes another
            bench.changes.clear()
            again = await bench.place("count")
            await bench.until(lambda: bench.said("free"))
            assert bench.project.status(again.execution_id) == "complete"

    @pytest.mark.asyncio
    async def test_a_longer_cut_ends_the_attempt_before_the_next_one_begins(self, tmp_path: Path) -> None:
        marks = tmp_path / "marks"
        write = f'while true; do echo "${{VH_OUTPUTS_DIR%/outputs}}" >> {marks}; sleep 0.1; done'
        async with self.bench(tmp_path, {"mark": ["echo begun", write]}) as bench:
            bench.engine.demand(1)
            await bench.idle(1)
            given = await bench.place("mark")
            server = self.host_of(bench, given)
            assert server.network is not None
            server.network.cut()
            try:
                (lost,) = await bench.until(lambda: bench.said("lost"), 90)
                assert (lost.execution_id, lost.attempt) == (given.execution_id, 1)
                left = [pid for pid in server.network.processes() if pid in running(given.execution_id)]
                assert left == []
                again = await put_back(bench, lost)
                assert self.host_of(bench, again) is not server
                await bench.until(lambda: marks.read_text().splitlines()[-1].endswith("2"))
            finally:
                server.network.mend()
            attempts = [int(line[-1]) for line in marks.read_text().splitlines()]
            assert attempts == sorted(attempts)
            # the machine has ended itself, too
            machines = [pid for pid in server.network.processes() if b"engines.remote" in command_of(pid)]
            await bench.until(lambda: not any(map(is_alive, machines)))
            await bench.engine.kill(again.execution_id, again.attempt)

    @pytest.mark.asyncio
    async def test_a_host_that_is_down_is_left_out(self, tmp_path: Path) -> None:
        first, second = self.servers
        assert first.network is not None
        first.network.cut()
        try:
            async with self.bench(tmp_path, {}) as bench:
                bench.engine.demand(2)
                await bench.idle(1)
                failed, *_ = await bench.until(lambda: bench.said("failed"))
                assert first.address in failed.reason
                assert "No route to host" in failed.reason or "did not answer" in failed.reason
                (machine,) = (each for each in bench.engine.machines() if each.state == "idle")
                assert (machine.hardware or {})["hostname"] == "host-two"
                first.network.mend()
                await bench.idle(2)
        finally:
            first.network.mend()
        assert second.network is not None


def command_of(pid: int) -> bytes:
    path = Path(f"/proc/{pid}/cmdline")
    return path.read_bytes() if path.exists() else b""


def running(execution_id: str) -> list[int]:
    return [process.pid for process in processes_of(None, VALO_EXECUTION=execution_id)]
