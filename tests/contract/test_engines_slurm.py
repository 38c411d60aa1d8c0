"""The Slurm engine keeps the promise of all engines, on a Slurm of the test's own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.engine_contract import EngineContract
from tests.parts.slurm import Slurm
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.engines.kinds import check_options
from valo_jupyter.engines.port import Engine
from valo_jupyter.engines.registry import open_engine


@pytest.fixture(scope="module")
def slurm() -> Iterator[Slurm]:
    slurm = Slurm()
    try:
        yield slurm.start()
        assert slurm.jobs() == []
        assert slurm.processes() == []
    finally:
        slurm.stop()


@pytest.fixture(autouse=True)
def reached(slurm: Slurm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_CONF", slurm.environment["SLURM_CONF"])


class TestSlurmEngine(EngineContract):
    kind = "slurm"
    killed = "FAILED"

    def options(self, state: StateFolder, **more: Any) -> dict[str, Any]:
        own = {
            "python": sys.executable,
            "memory": "100M",
            "folder": str(state.root.parent / "shared"),
            "host": "127.0.0.1",
        }
        return check_options("slurm", own | more)

    def open_engine(self, state: StateFolder) -> Engine:
        return open_engine("slurm", slug="cluster", state=state, options=self.options(state))
