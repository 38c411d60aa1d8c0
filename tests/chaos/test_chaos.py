"""Any process of the server is killed or frozen at any moment while executions run.

`VALO_CHAOS_SEED=… make chaos` plans the same storm once more; `VALO_CHAOS_EXECUTIONS` and `VALO_CHAOS_SECONDS` make it
another size, `CHAOS_ROUNDS` says how many storms there are.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.chaos import ledger
from tests.chaos.storm import Size, Storm
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.server import lifecycle

#: these two are the bounded version of `make chaos`
FIXED = 20261125
SMALL = Size(executions=24, seconds=25.0)

# read before the tests' environment is made
_SEED = os.environ.get("VALO_CHAOS_SEED")
_ROUNDS = int(os.environ.get("CHAOS_ROUNDS") or 0)
_SIZE = Size(
    executions=int(os.environ.get("VALO_CHAOS_EXECUTIONS") or 200),
    seconds=float(os.environ.get("VALO_CHAOS_SECONDS") or 240),
    long_freezes=6,
)


def seeds() -> list[int]:
    if _SEED:
        return [int(_SEED)] * max(1, _ROUNDS)
    if _ROUNDS:
        return [random.SystemRandom().randrange(1_000_000) for _ in range(_ROUNDS)]
    return [FIXED, random.SystemRandom().randrange(1_000_000)]


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", seeds())
def test_no_execution_is_lost_or_runs_twice(seed: int, state: StateFolder, private_home: Path, tmp_path: Path) -> None:
    print(f"VALO_CHAOS_SEED={seed}")
    storm = Storm(seed, _SIZE if _ROUNDS or _SEED else SMALL, state, tmp_path)
    try:
        storm.rage()
        storm.settle()
        problems = storm.problems()
        print(storm.count_ends())
        assert lifecycle.start(state)["url"]
        problems += storm.remains(private_home)
        assert not problems, "\n\n".join(problems) + ledger.logs(state.log)
    finally:
        storm.close()
