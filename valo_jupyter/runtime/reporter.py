"""Tells the server what happens, and hears from it when to stop: the `Sink` of a running job."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import Any

from valo_jupyter.domain.errors import ServerUnreachable, StaleAttempt
from valo_jupyter.domain.lease import lease_clock
from valo_jupyter.runtime.contract import StopRequest, StopSignal
from valo_jupyter.runtime.mask import Mask
from valo_jupyter.runtime.outbox import Outbox, in_place_of
from valo_jupyter.runtime.spool import Batch, Spool
from valo_jupyter.runtime.wire import Pauses, Refused, Wire

log = logging.getLogger(__name__)

#: Between two requests, so that the quick cells of a notebook share one.
_GAP = 0.03
_NOTEBOOK_GAP = 1.0
_OUTPUT_KINDS = frozenset({"display", "metadata"})


class Reporter:
    """Sends events in order, one batch at a time, from a thread of its own, which also beats.

    While the server is away events wait in memory, then in a file; emitters wait only when even that is not possible
    (disk full). Nothing is dropped before the server has acknowledged it, unless this attempt has become stale.
    """

    def __init__(
        self,
        wire: Wire,
        stop: StopSignal,
        *,
        mask: Mask,
        spool: Path,
        beat_seconds: float,
        fence_seconds: float | None = None,
    ) -> None:
        self._wire = wire
        self._stop = stop
        self._outbox = Outbox(mask)
        self._spool = Spool(spool)
        self._beat = beat_seconds
        self._fence = fence_seconds
        self._batch: Batch | None = None
        self._notebook: bytes | None = None
        self._notebook_sent = 0.0
        self._sent = time.monotonic()
        self._closing = threading.Event()
        self.closed = False
        #: when user code last showed a sign of life (`time.monotonic`), for the no-output limit
        self.last_output = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="valo-reporter", daemon=True)
        stop.on_stop(self._stopped)
        self._thread.start()

    def emit(self, event: dict[str, Any]) -> None:
        if event["k"] in _OUTPUT_KINDS:
            self.last_output = time.monotonic()
        self._outbox.put(event)

    def log(self, stream: str, lines: list[str], cell: int | None = None) -> None:
        if stream != "status":
            self.last_output = time.monotonic()
        self._outbox.put_lines(stream, lines, cell)

    def status(self, line: str) -> None:
        """A line of ours in the log of the execution."""
        self._outbox.put_lines("status", line.splitlines() or [""], None)

    def notebook(self, content: bytes) -> None:
        self._notebook = content

    def close(self) -> None:
        """Wait until the server has everything; at once when this attempt is stale."""
        self._closing.set()
        self._outbox.hurry()
        self._thread.join()
        self._stop.forget(self._stopped)
        self.closed = True
        self._outbox.close()
        self._spool.close()

    def _stopped(self, request: StopRequest) -> None:
        if request.status == "lost":
            self._outbox.close()

    @property
    def _lost(self) -> bool:
        return self._stop.request is not None and self._stop.request.status == "lost"

    def _run(self) -> None:
        pauses = Pauses()
        while not self._lost and not (self._closing.is_set() and self._nothing_left()):
            if not len(self._spool) and self._batch is None:
                self._outbox.wait(self._next_duty(), not_before=self._sent + _GAP)
            try:
                self._send_events()
                self._send_notebook()
                pauses.reset()
            except StaleAttempt:
                self._stop.set(StopRequest("no longer the valid writer", kill_after=0, status="lost"))
            except (ServerUnreachable, Refused) as error:
                log.warning("events wait: %s", error.message)
                self._check_fence()
                self._make_room()
                self._outbox.wait_for_pressure(pauses.next())

    def _nothing_left(self) -> bool:
        return not len(self._spool) and self._batch is None and self._outbox.empty() and self._notebook is None

    def _next_duty(self) -> float:
        if self._closing.is_set():
            return 0.0
        beat = self._sent + self._beat
        return beat if self._notebook is None else min(beat, self._notebook_sent + _NOTEBOOK_GAP)

    def _send_events(self) -> None:
        if len(self._spool):
            self._post(self._spool.first())
            self._spool.drop_first()
            return
        self._batch = self._batch or self._outbox.take()
        if self._batch is not None:
            self._post(self._batch)
            self._batch = None
        elif time.monotonic() >= self._sent + self._beat:
            number = self._outbox.next_number
            self._post(Batch(number, number - 1, f'{{"first":{number},"events":[]}}'.encode()))

    def _post(self, batch: Batch) -> None:
        try:
            reply = self._wire.request("POST", "/run/v1/events", batch.body)
        except Refused as error:
            # it would be refused for ever, and hold back all that follows
            reply = self._wire.request("POST", "/run/v1/events", in_place_of(batch, error.message).body)
        self._sent = time.monotonic()
        if not isinstance(reply, dict):
            raise ServerUnreachable(
                "The Valo server's answer to events is no object; is something else at its address?"
            )
        if asked := reply.get("stop"):
            self._stop.set(StopRequest(asked.get("reason") or "stopped", float(asked.get("kill_after") or 0.0)))
        if batch.last >= batch.first and reply.get("ack", batch.last) < batch.last:
            raise ServerUnreachable(f"The Valo server has events up to {reply['ack']} only, of {batch.last}.")

    def _send_notebook(self) -> None:
        content = self._notebook
        if content is None:
            return
        if not self._closing.is_set() and time.monotonic() < self._notebook_sent + _NOTEBOOK_GAP:
            return
        try:
            self._wire.request("PUT", "/run/v1/notebook", content, content_type="application/x-ipynb+json")
        except Refused as error:
            self.status(f"The notebook could not be shown while it runs: {error.message}")
        self._notebook_sent = time.monotonic()
        # only what was sent: a newer one may have come meanwhile
        if self._notebook is content:
            self._notebook = None

    def _check_fence(self) -> None:
        if self._fence is None:
            return
        silent = lease_clock() - self._wire.last_contact
        if silent > self._fence:
            reason = f"no contact with the server for {silent:.0f} s"
            self._stop.set(StopRequest(reason, kill_after=0, status="lost"))

    def _make_room(self) -> None:
        """Move what waits in memory to the file, so that emitters need not wait for the server."""
        try:
            while self._outbox.over_half():
                self._batch = self._batch or self._outbox.take()
                if self._batch is None:
                    return
                self._spool.append(self._batch)
                self._batch = None
        except OSError as error:
            log.warning("events cannot be kept on disk (%s); output waits until the server is back", error)
