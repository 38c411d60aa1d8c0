"""Any process of the server, any container is killed or frozen at any moment while executions run.

`VALO_CHAOS_SEED=… make test-chaos` plans the same storm once more. `make chaos` has larger ones; `CHAOS_ROUNDS` says
how many of each, `VALO_CHAOS_EXECUTIONS` and `VALO_CHAOS_SECONDS` how large.
"""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import pytest

from tests.chaos import ledger
from tests.chaos.conftest import ROOT
from tests.chaos.storm import BOXED, LOCAL, Grounds, Size, Storm
from tests.parts.docker import Engine
from tests.parts.local import until
from tests.parts.slurm import Slurm
from tests.parts.sshd import Sshd
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.server import lifecycle

#: these two are the bounded version of `make chaos`
LOCAL_ONLY = Size(executions=30, seconds=40.0, long=("engine",))
ON_HOSTS = Size(executions=24, seconds=25.0, long=("network",))

# read before the tests' environment is made
_SEED = os.environ.get("VALO_CHAOS_SEED")
_ROUNDS = int(os.environ.get("CHAOS_ROUNDS") or 0)
_SIZE = Size(
    executions=int(os.environ.get("VALO_CHAOS_EXECUTIONS") or 200),
    seconds=float(os.environ.get("VALO_CHAOS_SECONDS") or 240),
    long=("machine", "machine", "user", "container", "engine", "web", "network", "network"),
)


def storms(fixed: int | None, small: Size) -> list[tuple[int, Size]]:
    """Seeds and sizes; of the bounded version the seed is `fixed`, None for any."""
    seed = int(_SEED) if _SEED else None
    if _ROUNDS:
        return [(seed or _any(), _SIZE) for _ in range(_ROUNDS)]
    return [(seed or fixed or _any(), small)]


# workers of one run name the same tests
_random = random.Random(os.environ.get("PYTEST_XDIST_TESTRUNUID"))


def _any() -> int:
    return _random.randrange(1_000_000)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("seed", "size"), storms(20261140, LOCAL_ONLY))
def test_no_execution_is_lost_or_runs_twice(
    seed: int, size: Size, docker: Engine, state: StateFolder, tmp_path: Path
) -> None:
    check(seed, Storm(seed, size, state, tmp_path, Grounds(LOCAL | BOXED, docker=docker)))


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("seed", "size"), storms(None, ON_HOSTS))
def test_nor_on_hosts_whose_networks_are_cut(
    seed: int, size: Size, hosts: tuple[Sshd, ...], state: StateFolder, tmp_path: Path
) -> None:
    there = StateFolder(tmp_path / "there")
    options = {
        "hosts": [host.host(2) for host in hosts],
        "key": hosts[0].key,
        "known_hosts": "".join(host.known_hosts for host in hosts),
        "python": sys.executable,
        "folder": str(there.root),
        "environment": {"PYTHONPATH": str(ROOT)},
    }
    far = {"engine": "ssh", "options": options, "max_scale": 4, "scale_down_grace_minutes": 0.1}
    wanted = {"local": {"engine": "local", "max_scale": 2}, "far": far, "farther": {**far, "max_scale": 1}}
    check(seed, Storm(seed, size, state, tmp_path, Grounds(wanted, hosts, (there,))))


if _ROUNDS:
    # the long version only: each daemon of Slurm takes its time to come back
    @pytest.mark.slow
    @pytest.mark.timeout(1800)
    @pytest.mark.parametrize(("seed", "size"), storms(None, ON_HOSTS))
    def test_nor_on_a_batch_system_that_fails(
        seed: int, size: Size, slurm: Slurm, state: StateFolder, tmp_path: Path
    ) -> None:
        there = StateFolder(tmp_path / "there")
        options = {"python": sys.executable, "memory": "100M", "folder": str(there.root), "host": "127.0.0.1"}
        batch = {"engine": "slurm", "options": options, "max_scale": 3, "scale_down_grace_minutes": 0.1}
        wanted = {"local": {"engine": "local", "max_scale": 1}, "batch": batch}
        check(seed, Storm(seed, size, state, tmp_path, Grounds(wanted, folders=(there,), slurm=slurm)))
        # jobs of machines that are idle end with the server
        until(lambda: len(slurm.jobs()) <= batch["max_scale"], 60)


def check(seed: int, storm: Storm) -> None:
    print(f"VALO_CHAOS_SEED={seed}")
    try:
        storm.rage()
        storm.settle()
        problems = storm.problems()
        print(storm.count_ends())
        assert lifecycle.start(storm.state)["url"]
        problems += storm.remains()
        assert not problems, "\n\n".join(problems) + ledger.logs(storm.state.log)
    finally:
        storm.close()
