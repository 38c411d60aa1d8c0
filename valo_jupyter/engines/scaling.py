"""How many machines there are: upwards at once with demand, downwards by a timer for each idle machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from distributed import SpecCluster
from distributed.deploy.adaptive import Adaptive


class EnvironmentScaling(Adaptive):
    """Dask's adaptive loop with our rule for the number, and for who is closed.

    Dask's own rule counts tasks and may close a busy worker, whose task it would then run a second time.

    Parameters
    ----------
    demand
        Machines wanted now, before the limits are applied.
    room
        How many machines may be started now; none for a while after one could not be.
    surplus
        Given how many may go: the names of machines to close. They take no order from the moment they are named.
    """

    def __init__(
        self,
        cluster: SpecCluster,
        *,
        demand: Callable[[], int],
        room: Callable[[], int],
        surplus: Callable[[int], list[str]],
        interval: float,
        minimum: int,
        maximum: int,
    ) -> None:
        super().__init__(cluster, interval=interval, minimum=minimum, maximum=maximum, wait_count=1)
        self._cluster = cluster
        self._demand = demand
        self._room = room
        self._surplus = surplus
        self._round: asyncio.Task[None] | None = None
        self._again = False

    def wake(self) -> None:
        """Adapt now, or once more after the round that is under way (`adapt` is not re-entrant)."""
        if self._round is not None and not self._round.done():
            self._again = True
            return
        self._round = asyncio.get_running_loop().create_task(self._rounds())

    async def _rounds(self) -> None:
        while True:
            self._again = False
            await self.adapt()
            if not self._again:
                return

    async def safe_target(self) -> int:
        return max(self.minimum, min(self._demand(), int(self.maximum)))

    async def recommendations(self, target: int) -> dict[str, Any]:
        have = len(self.plan)
        if target > have:
            more = min(target - have, self._room())
            return {"status": "up", "n": have + more} if more > 0 else {"status": "same"}
        leaving = self._surplus(have - target)
        return {"status": "down", "workers": leaving} if leaving else {"status": "same"}

    async def scale_down(self, workers: list[str]) -> None:
        # no retiring: nothing runs on them, and a Dask worker that is retired while busy runs its task twice
        await self._cluster.scale_down(workers)
