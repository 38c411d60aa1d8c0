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
FIXED = Size(executions=24, seconds=40.0, long=("engine",))
RANDOM = Size(executions=24, seconds=25.0, long=("machine",))

# read before the tests' environment is made
_SEED = os.environ.get("VALO_CHAOS_SEED")
_ROUNDS = int(os.environ.get("CHAOS_ROUNDS") or 0)
_SIZE = Size(
    executions=int(os.environ.get("VALO_CHAOS_EXECUTIONS") or 200),
    seconds=float(os.environ.get("VALO_CHAOS_SECONDS") or 240),
    long=("machine", "machine", "user", "engine", "web"),
)


def storms() -> list[tuple[int, Size]]:
    def any_seed() -> int:
        return int(_SEED) if _SEED else random.SystemRandom().randrange(1_000_000)

    if _SEED or _ROUNDS:
        return [(any_seed(), _SIZE) for _ in range(max(1, _ROUNDS))]
    return [(20261125, FIXED), (any_seed(), RANDOM)]


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("seed", "size"), storms())
def test_no_execution_is_lost_or_runs_twice(
    seed: int, size: Size, state: StateFolder, private_home: Path, tmp_path: Path
) -> None:
    print(f"VALO_CHAOS_SEED={seed}")
    storm = Storm(seed, size, state, tmp_path)
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
