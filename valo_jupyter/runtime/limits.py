"""Ends a run that takes too long, or has been silent for too long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any

from valo_jupyter.runtime.contract import StopRequest, StopSignal

_KILL_AFTER = 10.0


class Limits:
    """Watches a job (`with`); what it asks for ends the execution as an error that says why.

    Parameters
    ----------
    limits
        `time_limit` and `no_output_timeout`, in seconds, or None.
    since
        When the attempt began (`time.monotonic`): fetching code and inputs counts for the time limit.
    last_output
        When user code last printed or displayed something, or began; None while it has not begun: downloads are silent.
    """

    def __init__(
        self, limits: Mapping[str, Any], stop: StopSignal, *, since: float, last_output: Callable[[], float | None]
    ) -> None:
        self._time_limit: float | None = limits.get("time_limit")
        self._silence: float | None = limits.get("no_output_timeout")
        self._stop = stop
        self._since = since
        self._last_output = last_output
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Limits:
        if self._time_limit is not None or self._silence is not None:
            self._thread = threading.Thread(target=self._watch, name="valo-limits", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        """No limit holds from now on; may be called before the block ends."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        while True:
            now = time.monotonic()
            deadline, reason = min(self._deadlines(now))
            if now >= deadline:
                self._stop.set(StopRequest(reason, kill_after=_KILL_AFTER, status="error"))
                return
            if self._over.wait(deadline - now):
                return

    def _deadlines(self, now: float) -> Iterator[tuple[float, str]]:
        if self._time_limit is not None:
            yield self._since + self._time_limit, self._too_long()
        if self._silence is not None:
            heard = self._last_output()
            yield (now if heard is None else heard) + self._silence, self._too_silent()

    def _too_long(self) -> str:
        return (
            f"the time limit of {self._time_limit:g} s was reached; "
            "give a higher one (time_limit, or time-limit in valohai.yaml), or none"
        )

    def _too_silent(self) -> str:
        return (
            f"nothing was printed for {self._silence:g} s, the limit; print now and then, "
            "or give a higher one (no_output_timeout, or no-output-timeout in valohai.yaml)"
        )
