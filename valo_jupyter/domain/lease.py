"""How long an attempt may be silent: first its machine ends it by itself, later the server holds it for lost."""

from __future__ import annotations

import time

#: after so long without an answer of the server, a machine elsewhere ends what it runs
FENCE_SECONDS = 20.0
#: how much longer its driver may take to do so before the watchdog beside it does
FENCE_PATIENCE_SECONDS = 3.0
#: after so long without a word, an attempt is lost; more than both together, counted from the same request
LEASE_SECONDS = 30.0
LEASE_CLOCK: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def lease_clock() -> float:
    """Seconds, the same in all processes of a computer; they pass while it sleeps, if the system can tell."""
    return time.clock_gettime(LEASE_CLOCK)
