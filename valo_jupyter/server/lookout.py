"""Writes down which machines there are, for those who look at an environment: on changes, once a second at most."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from valo_jupyter.domain import clock
from valo_jupyter.domain.placement import EnvironmentPlan
from valo_jupyter.engines.port import Machine
from valo_jupyter.server.fleet import Fleet
from valo_jupyter.services.machines import Seen

_APART_SECONDS = 1.0
#: by how much the end of an idle machine's grace may differ without being written anew
_TOLERANCE = timedelta(seconds=1)


class Lookout:
    """
    Parameters
    ----------
    report
        Takes an environment's id and its machines.
    """

    def __init__(self, report: Callable[[str, list[Seen]], Awaitable[None]]) -> None:
        self._report = report
        #: of each environment what was written last: machines by name, and how many waited
        self._written: dict[str, tuple[dict[str, Seen], int]] = {}
        self._when: dict[str, float] = {}

    async def look(self, fleet: Fleet, plans: list[EnvironmentPlan]) -> None:
        waiting = {plan.id: plan.waiting for plan in plans}
        for environment_id in {held.plan.id for held in fleet.all()} | set(waiting) | set(self._written):
            known, waited = self._written.get(environment_id, ({}, 0))
            seen = {
                machine.name: _seen(machine, known.get(machine.name))
                for held in fleet.of(environment_id)
                for machine in held.engine.machines()
            }
            now = time.monotonic()
            same = seen == known and waiting.get(environment_id, 0) == waited
            if same or now < self._when.get(environment_id, 0.0) + _APART_SECONDS:
                continue
            await self._report(environment_id, list(seen.values()))
            self._when[environment_id] = now
            self._written[environment_id] = (seen, waiting.get(environment_id, 0))
            if not seen and environment_id not in waiting:
                del self._written[environment_id], self._when[environment_id]


def _seen(machine: Machine, before: Seen | None) -> Seen:
    now = clock.now()
    fresh = Seen(
        name=machine.name,
        state=machine.state,
        since=now - timedelta(seconds=machine.since),
        idle_until=None if machine.idle_left is None else now + timedelta(seconds=machine.idle_left),
        execution_id=machine.execution,
        hardware=machine.hardware,
    )
    if before is None:
        return fresh
    # the same moment, reckoned again, is never quite the same
    if (before.state, before.execution_id) == (fresh.state, fresh.execution_id):
        fresh = replace(fresh, since=before.since)
    if before.idle_until and fresh.idle_until and abs(before.idle_until - fresh.idle_until) < _TOLERANCE:
        fresh = replace(fresh, idle_until=before.idle_until)
    return fresh
