"""The Slurm engine keeps the promise of all engines, on a Slurm of the test's own."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.engine_contract import Bench, EngineContract
from tests.parts.local import until
from tests.parts.slurm import Slurm
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.engines.claims import Claim
from valo_jupyter.engines.kinds import InvalidOptions, check_options
from valo_jupyter.engines.slurm_queue import Job

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def slurm() -> Iterator[Slurm]:
    slurm = Slurm()
    try:
        yield slurm.start()
        until(lambda: slurm.jobs() == [] and slurm.processes() == [], 20)
    finally:
        slurm.stop()


@pytest.fixture(autouse=True)
def reached(slurm: Slurm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_CONF", slurm.environment["SLURM_CONF"])


class TestSlurmEngine(EngineContract):
    kind = "slurm"

    def options(self, state: StateFolder) -> dict[str, Any]:
        shared = str(state.root.parent / "shared")
        return {"python": sys.executable, "memory": "100M", "folder": shared, "host": "127.0.0.1"}

    async def ready(self, bench: Bench, machines: int = 1) -> None:
        bench.engine.set_limits(0, machines, 60.0)
        bench.engine.demand(machines)
        await bench.idle(machines)

    @pytest.mark.asyncio
    async def test_a_job_that_is_cancelled_in_slurm_is_a_lost_machine(self, tmp_path: Path, slurm: Slurm) -> None:
        async with self.bench(tmp_path) as bench:
            await self.ready(bench)
            (job,) = slurm.jobs()
            # what the machine was told, a key among it, is nowhere to be read any more
            assert list((tmp_path / "shared" / "start").iterdir()) == []
            assert "PRIVATE KEY" not in slurm.ask("scontrol", "show", "job", job["id"], "--details")
            assert "PRIVATE KEY" not in slurm.ask("scontrol", "write", "batch_script", job["id"], "-")
            given = await bench.place("strays")
            slurm.ask("scancel", job["id"])
            (lost,) = await bench.until(lambda: bench.said("lost"))
            assert "was cancelled in Slurm" in lost.reason
            assert bench.user_processes(given.execution_id) == []
            await bench.idle(1)

    @pytest.mark.asyncio
    async def test_executions_go_on_while_slurm_is_away(self, tmp_path: Path, slurm: Slurm) -> None:
        async with self.bench(tmp_path) as bench:
            await self.ready(bench)
            given = await bench.place("slow")
            (job,) = slurm.jobs()
            # Slurm saves its state every few seconds
            await asyncio.sleep(5.5)
            slurm.kill(job["node"])
            slurm.kill("slurmctld")
            bench.engine.set_limits(0, 2, 60.0)
            bench.engine.demand(2)
            (failed, *_) = await bench.until(lambda: bench.said("failed"))
            assert "Unable to contact slurm controller" in failed.reason
            slurm.start_controller()
            slurm.start_node(job["node"])
            await bench.until(lambda: bench.states() == ["busy", "idle"])
            assert [each["name"] for each in slurm.jobs()].count(job["name"]) == 1
            assert len(slurm.jobs()) == 2
            assert not bench.said("lost")
            await bench.project_stop(given)
            await bench.until(lambda: bench.said("free"))

    @pytest.mark.asyncio
    async def test_who_waits_is_told_what_slurm_waits_for(self, tmp_path: Path, slurm: Slurm) -> None:
        others = [
            slurm.ask("sbatch", "--parsable", "--output=/dev/null", "--wrap=sleep 60").strip() for _ in slurm.nodes
        ]
        try:
            async with self.bench(tmp_path) as bench:
                bench.engine.set_limits(0, 1, 0.5)
                bench.engine.demand(1)
                (waiting, *_) = await bench.until(lambda: bench.said("waiting"))
                assert "it waits in Slurm's queue for " in waiting.reason
                # nobody wants it any more
                bench.engine.demand(0)
                await bench.until(lambda: len(slurm.jobs()) == len(others))
                await bench.until(lambda: bench.states() == [])
                assert not bench.said("failed")
        finally:
            slurm.ask("scancel", *others)

    @pytest.mark.asyncio
    async def test_what_sbatch_refuses_is_told_in_its_words_and_tried_again_after_a_pause(self, tmp_path: Path) -> None:
        async with self.bench(tmp_path) as bench:
            bench.engine.options["partition"] = "nowhere"  # type: ignore[attr-defined]
            bench.engine.set_limits(0, 3, 60.0)
            bench.engine.demand(3)
            await bench.until(lambda: bench.said("failed"))
            assert "invalid partition specified: nowhere" in bench.said("failed")[0].reason
            await asyncio.sleep(2.5)
            assert len(bench.said("failed")) <= 3 + 2
            bench.engine.options["partition"] = "other"  # type: ignore[attr-defined]
            await bench.idle(1)

    @pytest.mark.asyncio
    async def test_jobs_of_an_engine_that_no_longer_lives_are_cancelled(self, tmp_path: Path, slurm: Slurm) -> None:
        before = Claim(StateFolder(tmp_path / "state"))
        other = Claim(StateFolder(tmp_path / "other"))
        names = [before.new_name(), other.new_name()]
        for name in names:
            slurm.ask("sbatch", f"--job-name={name}", "--output=/dev/null", "--wrap=sleep 60")
        before.release()
        try:
            async with self.bench(tmp_path) as bench:
                await bench.until(lambda: [job["name"] for job in slurm.jobs()] == names[1:])
        finally:
            slurm.ask("scancel", f"--name={names[1]}")


def test_how_jobs_end_is_told_in_words() -> None:
    def ending(state: str, reason: str = "", exit_code: str = "0") -> str:
        return Job("7", "valo", state, "n1", exit_code, "1:00:00", reason).ending()

    assert ending("TIMEOUT", "TimeLimit") == "the Slurm job 7 on n1 reached its time limit of 1:00:00"
    assert ending("FAILED", "NonZeroExitCode", "768") == "the Slurm job 7 on n1 failed with exit code 3"
    assert ending("FAILED", "JobLaunchFailure", "9") == "the Slurm job 7 on n1 was ended by signal 9"
    assert ending("NODE_FAIL", "node went away") == "the Slurm job 7 on n1 lost its node, which failed (node went away)"
    assert Job("7", "valo", "NODE_FAIL", "n1", "0", "", "").unconfirmed


def test_directives_are_options_of_sbatch() -> None:
    with pytest.raises(InvalidOptions) as caught:
        check_options("slurm", {"directives": ["--exclusive", "rm -rf"], "cpus": 0})
    assert json.loads(json.dumps(caught.value.details)) == {
        "options.cpus": "CPUs must be at least 1, not 0.",
        "options.directives": "Directives are options of sbatch: 'rm -rf' is none.",
    }
