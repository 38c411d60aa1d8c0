"""Executions on machines that share nothing with the server but the run API."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nbformat
import psutil
import pytest
import sqlalchemy as sa

from tests.parts.elsewhere import ProcessEngine
from tests.parts.gate import Gate
from tests.parts.local import LocalProject, processes_of
from valo_jupyter.db.tables import environments
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.engines.port import Order
from valo_jupyter.server.listener import Address
from valo_jupyter.server.web import Web
from valo_jupyter.services import assignments
from valo_jupyter.stores.local import LocalStore

pytestmark = pytest.mark.slow

LARGE = 200_000_000
NUMBERS = "i=0; while [ $i -lt %d ]; do echo line $i; i=$((i+1)); sleep 0.1; done"
STEPS = {
    "files": [
        "cat $VH_INPUTS_DIR/data/*",
        f"truncate -s {LARGE} $VH_OUTPUTS_DIR/large.bin",
        "mkdir $VH_OUTPUTS_DIR/sub; echo small > $VH_OUTPUTS_DIR/sub/small.txt; echo '{\"loss\": 0.5}'",
    ],
    "live": [
        "echo early > $VH_OUTPUTS_DIR/early.txt; chmod a-w $VH_OUTPUTS_DIR/early.txt",
        "echo begun; sleep 60",
    ],
    "numbers": ["echo begun", NUMBERS % 80],
    "sleeps": ["(setsid sh -c 'exec sleep 301' &)", "echo begun", "sleep 300"],
}


class Far:
    """A server whose only environment has its machines elsewhere, and the engine of those."""

    def __init__(self, web: Web, project: LocalProject, engine: ProcessEngine, machines_url: str) -> None:
        self.web, self.project, self.engine, self.machines_url = web, project, engine, machines_url

    async def until(self, condition: Callable[[], Any], seconds: float = 60.0) -> Any:
        deadline = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < deadline:
            if value := await asyncio.to_thread(condition):
                return value
            await asyncio.sleep(0.05)
        raise AssertionError(f"not within {seconds:.0f} s: {self.engine.machines()}")

    async def start(self, execution_id: str) -> str:
        """Place the execution on the machine."""
        await self.until(lambda: self.engine.free())
        pool = self.project.services.pool
        environment = self.project.services.environments.get("local").id
        given = await asyncio.to_thread(pool.next_order, environment, "test")
        assert given is not None
        assert given.execution_id == execution_id
        order = Order(given.execution_id, given.attempt, given.token, "http://nowhere", None, self.machines_url)
        assert await self.engine.place(order)
        return execution_id

    async def run(self, execution_id: str, *, status: str = "complete") -> Any:
        await self.start(execution_id)
        row = await asyncio.to_thread(self.project.wait, execution_id)
        assert row.status == status, (row.status_detail, self.project.lines(execution_id))
        return row

    async def begun(self, execution_id: str) -> None:
        await self.until(lambda: "begun" in self.project.lines(execution_id))

    def outputs(self, execution_id: str) -> dict[str, Any]:
        services = self.project.services
        rows = services.data.outputs(execution_id).rows
        return {row.name: row for row in rows}

    def driver(self) -> psutil.Process:
        (machine,) = self.engine.machines()
        assert machine.hardware is not None
        return psutil.Process(machine.hardware["pid"])

    def gapless(self, execution_id: str) -> None:
        expected = 1
        for event in self.project.services.stream.all(execution_id):
            assert event["seq"] == expected
            expected += event.get("n", 1)


@asynccontextmanager
async def far(
    tmp_path: Path,
    files: dict[str, str] | None = None,
    *,
    gate: bool = False,
    steps: dict[str, list[str]] | None = STEPS,
    variables: dict[str, str] | None = None,
) -> AsyncIterator[Any]:
    state = StateFolder(tmp_path / "state")
    web = Web(state)
    await web.listen()
    told = await web.listen_for_machines(Address("127.0.0.1", 0))
    way = Gate(web.machines_port)
    url = f"https://127.0.0.1:{await way.listen()}" if gate else told["url"]
    code = tmp_path / "code"
    for name, content in (files or {}).items():
        (code / name).parent.mkdir(parents=True, exist_ok=True)
        (code / name).write_text(content)
    project = LocalProject(state, code, steps)
    with project.services.database.write() as connection:
        connection.execute(sa.update(environments).values(engine="elsewhere"))
    engine = ProcessEngine(state, tmp_path / "home")
    engine.variables = variables or {}
    await engine.start()
    engine.set_limits(1, 1, 60.0)
    bench = Far(web, project, engine, url)
    bench.gate = way  # type: ignore[attr-defined]
    try:
        yield bench
    finally:
        way.heal()
        await engine.close()
        await way.close()
        project.close()
        await web.close()
        assert not list((engine.folder.root / "machines").glob("*.json"))


@pytest.mark.asyncio
async def test_commands_with_inputs_and_outputs_of_any_size(tmp_path: Path) -> None:
    async with far(tmp_path, {"table.csv": "from the checkout\n"}) as bench:
        state = bench.project.state
        known = tmp_path / "known.txt"
        known.write_text("from the store\n")
        uri = bench.project.upload(known)
        inputs = {"data": ["table.csv", uri]}
        execution_id = bench.project.submit("files", inputs=inputs)
        await bench.run(execution_id)
        assert set(bench.project.lines(execution_id)) >= {"from the checkout", "from the store"}
        outputs = bench.outputs(execution_id)
        assert set(outputs) == {"large.bin", "sub/small.txt"}
        assert outputs["large.bin"].size == LARGE
        content = hashlib.sha256()
        for _ in range(LARGE // 1_000_000):
            content.update(bytes(1_000_000))
        assert outputs["large.bin"].sha256 == content.hexdigest()
        stored = LocalStore(state.store).path(outputs["large.bin"].sha256)
        assert stored.stat().st_size == LARGE
        # neither side held the file in memory
        assert bench.driver().memory_info().rss < 250_000_000
        row = bench.project.row(execution_id)
        assert (row.machine["kind"], row.machine["place"], row.machine["region"]) == ("ssh", "on-prem", "here")
        assert row.cumulative_metadata["loss"] == 0.5
        bench.gapless(execution_id)
        # what it reads again is here by now, and what it left behind there is gone
        again = bench.project.submit("files", inputs=inputs)
        await bench.run(again)
        await bench.until(bench.engine.free)
        assert list(bench.engine.folder.jobs.iterdir()) == []
        kept = bench.engine.folder.cache
        assert len(list((kept / "repositories").glob("*/repository.git/objects/pack/*.pack"))) == 1
        assert len(list((kept / "inputs" / "content").iterdir())) == 1
        assert not list(state.uploads.iterdir())


@pytest.mark.asyncio
async def test_a_notebook_runs_on_the_machines_own_kernel(tmp_path: Path) -> None:
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell("import os\nfrom IPython.display import HTML\nprint('in', os.environ['HOME'])"),
            nbformat.v4.new_code_cell("HTML('<b>bold</b>')"),
            nbformat.v4.new_code_cell("open('../outputs/model.bin', 'w').write('m')"),
        ]
    )
    async with far(tmp_path, {"n.ipynb": nbformat.writes(notebook)}) as bench:
        # the kernel of the computer that it was submitted on, where its paths mean something
        kernel = {"name": "my-venv", "language": "python", "argv": ["/nowhere/python", "-f", "{connection_file}"]}
        execution_id = bench.project.submit_notebook("n.ipynb", kernel=kernel)
        await bench.run(execution_id)
        assert f"in {tmp_path / 'home'}" in bench.project.lines(execution_id)
        assert set(bench.outputs(execution_id)) == {"n.ipynb", "model.bin"}
        shown = [e for e in bench.project.services.stream.all(execution_id) if e["k"] == "display"]
        assert "<b>bold</b>" in json.dumps(shown)
        written = (bench.project.state.notebooks / f"{execution_id}.ipynb").read_text()
        assert "<b>bold</b>" in written


@pytest.mark.asyncio
async def test_an_output_arrives_while_the_code_runs(tmp_path: Path) -> None:
    async with far(tmp_path) as bench:
        execution_id = await bench.start(bench.project.submit("live"))
        await bench.until(lambda: "early.txt" in bench.outputs(execution_id))
        assert bench.project.status(execution_id) == "started"
        bench.project.services.executions.stop(bench.project.user, execution_id)
        await asyncio.to_thread(bench.project.wait, execution_id, "stopped")


@pytest.mark.asyncio
async def test_a_server_that_is_away_for_less_than_the_fence_costs_nothing(tmp_path: Path) -> None:
    async with far(tmp_path, gate=True) as bench:
        execution_id = await bench.start(bench.project.submit("numbers"))
        await bench.begun(execution_id)
        bench.gate.cut()
        await asyncio.sleep(6)
        assert bench.project.status(execution_id) == "started"
        bench.gate.heal()
        row = await asyncio.to_thread(bench.project.wait, execution_id)
        assert (row.status, row.attempt) == ("complete", 1)
        assert bench.project.lines(execution_id) == ["begun", *(f"line {n}" for n in range(80))]
        bench.gapless(execution_id)


@pytest.mark.asyncio
async def test_an_order_goes_on_while_its_machine_is_cut_off_from_the_engine(tmp_path: Path) -> None:
    async with far(tmp_path) as bench:
        engine, addresses = bench.engine, tmp_path / "addresses.json"
        engine.set_limits(0, 1, 60.0)
        await bench.until(lambda: not engine.machines())
        first, second = Gate(engine.port), Gate(engine.port)
        engine.config = {"scheduler": f"tls://127.0.0.1:{await first.listen()}", "addresses": str(addresses)}
        engine.demand(1)
        execution_id = await bench.start(bench.project.submit("numbers"))
        await bench.begun(execution_id)
        driver = bench.driver()
        await first.close()
        await bench.until(lambda: engine.machines()[0].address is None)
        addresses.write_text(json.dumps({"scheduler": f"tls://127.0.0.1:{await second.listen()}"}))
        await bench.until(lambda: engine.machines()[0].address)
        row = await asyncio.to_thread(bench.project.wait, execution_id)
        assert (row.status, row.attempt) == ("complete", 1)
        assert bench.project.lines(execution_id) == ["begun", *(f"line {n}" for n in range(80))]
        await bench.until(engine.free)
        assert bench.driver() == driver
        await second.close()


@pytest.mark.asyncio
async def test_a_machine_that_hears_nothing_ends_what_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assignments, "FENCE_SECONDS", 3.0)
    async with far(tmp_path, gate=True) as bench:
        execution_id = await bench.start(bench.project.submit("sleeps"))
        await bench.begun(execution_id)
        assert len(processes_of(None, VALO_EXECUTION=execution_id)) >= 3
        driver = bench.driver()
        bench.gate.cut()
        await bench.until(lambda: not processes_of(None, VALO_EXECUTION=execution_id), 12)
        # it was the driver that did so, which can go on
        await bench.until(lambda: bench.engine.free(), 10)
        assert bench.driver() == driver
        bench.gate.heal()
        assert bench.project.status(execution_id) == "started"


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL])
@pytest.mark.asyncio
async def test_a_driver_that_is_stopped_or_dead_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    monkeypatch.setattr(assignments, "FENCE_SECONDS", 3.0)
    async with far(tmp_path) as bench:
        execution_id = await bench.start(bench.project.submit("sleeps"))
        await bench.begun(execution_id)
        driver = bench.driver()
        watchdogs = [one for one in driver.children() if "watchdog.py" in " ".join(one.cmdline())]
        assert len(watchdogs) == 1
        assert len(processes_of(None, VALO_EXECUTION=execution_id)) >= 3
        os.kill(driver.pid, number)
        await bench.until(lambda: not processes_of(None, VALO_EXECUTION=execution_id), 15)
        gone = [driver, *watchdogs]
        await bench.until(lambda: not any(one.is_running() for one in gone), 10)
        assert list(bench.engine.folder.jobs.iterdir()) == []


@pytest.mark.asyncio
async def test_a_machine_does_not_go_on_without_its_watchdog(tmp_path: Path) -> None:
    async with far(tmp_path) as bench:
        execution_id = await bench.start(bench.project.submit("sleeps"))
        await bench.begun(execution_id)
        driver = bench.driver()
        (watchdog,) = [one for one in driver.children() if "watchdog.py" in " ".join(one.cmdline())]
        watchdog.kill()
        await bench.until(lambda: not driver.is_running(), 10)
        await bench.until(lambda: not processes_of(None, VALO_EXECUTION=execution_id), 10)


def test_addresses_of_the_listener_are_checked() -> None:
    assert Address.parse("valo.example.org:8790").url(8790) == "https://valo.example.org:8790"
    assert Address.parse("[fe80::1]:8790").url(8790) == "https://[fe80::1]:8790"
    assert urlsplit(Address("10.0.0.5", 1).url(1)).hostname == "10.0.0.5"
