"""A Dask worker as our machines are: one slot, no open port that nobody needs, known with what it runs on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

from distributed import Worker
from distributed.comm.core import CommClosedError
from distributed.security import Security

from valo_jupyter.engines.cluster import DONE, ORDER, configure

_MINUTE = 60
#: reasons for closing that Dask gives when a connection ends, or the scheduler does not know the worker any more
_BROKEN = ("worker-handle-scheduler-connection-broken", "worker-heartbeat")


class QuietWorker(Worker):
    """A worker that opens no HTTP port, takes orders, and does not wait for what it runs when it closes."""

    #: true when the scheduler has told it to end, false when its connection ended
    dismissed = False
    #: seconds after which a connection is no connection whose scheduler does not answer
    unanswered: float | None = None

    def __init__(self, *args: Any, run_order: Callable[[dict[str, Any]], str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._run_order = run_order
        self.order_thread = ThreadPoolExecutor(1, thread_name_prefix="valo-order")
        self.stream_handlers[ORDER] = self._take_order

    def _take_order(self, number: int, order: str) -> None:
        loop = asyncio.get_running_loop()
        running = loop.run_in_executor(self.order_thread, self._run_order, json.loads(order))
        running.add_done_callback(partial(self._answer_order, number))

    def _answer_order(self, number: int, running: asyncio.Future[str]) -> None:
        if running.cancelled():
            return
        error = running.exception()
        # without a connection the engine will ask again
        with suppress(CommClosedError):
            self.batched_stream.send({"op": DONE, "number": number, "problem": None if error is None else repr(error)})

    def start_http_server(self, *args: Any, **kwargs: Any) -> None:
        pass

    async def heartbeat(self) -> None:
        try:
            await asyncio.wait_for(super().heartbeat(), self.unanswered)
        except asyncio.TimeoutError:
            await self.close(reason="worker-heartbeat-unanswered")

    async def close(self, *args: Any, **kwargs: Any) -> str | None:
        if self.status.name in ("running", "paused"):
            self.dismissed = not str(kwargs.get("reason", "")).startswith(_BROKEN)
        # the caller of `serve` knows what is still running, and ends it
        return await super().close(*args, **{**kwargs, "executor_wait": False})


def _nothing() -> None:
    pass


async def serve(
    scheduler: str,
    *,
    name: str,
    run: Callable[[dict[str, Any]], str],
    prepare: Callable[[], None],
    security: Security,
    folder: str,
    hardware: Callable[[], dict[str, Any]],
    minutely: Callable[[], None],
    patience: float = 20,
    contact: str | None = None,
    connected: Callable[[], None] = _nothing,
    unanswered: float | None = None,
) -> bool:
    """Take orders until the scheduler dismisses this worker (True), or its connection ends (False).

    Parameters
    ----------
    run
        Runs an order to its end, in a thread; the execution's final status, or `stale`.
    prepare
        Called there when the scheduler has this worker.
    hardware
        What this machine is: the scheduler has it in `workers[address].extra["machine"]` as soon as the worker arrives.
    patience
        Seconds to wait for a scheduler that does not answer at the start.
    contact
        The address that the scheduler knows it by, when that is not where it listens.
    connected
        Called when the scheduler has it.
    unanswered
        Seconds after which a connection counts as ended whose scheduler does not answer: what leads there may be cut.
    """
    configure()

    async def machine(_: Worker) -> dict[str, Any]:
        return await asyncio.to_thread(hardware)

    worker = QuietWorker(
        scheduler,
        name=name,
        run_order=run,
        nthreads=1,
        host="127.0.0.1",
        protocol="tls",
        security=security,
        memory_limit=0,
        local_directory=folder,
        death_timeout=patience,
        contact_address=contact,
        startup_information={"machine": machine},
    )
    worker.unanswered = unanswered
    async with worker:
        connected()
        worker.order_thread.submit(prepare)
        while worker.status.name in ("running", "paused"):
            try:
                await asyncio.wait_for(asyncio.shield(worker.finished()), _MINUTE)
            except asyncio.TimeoutError:
                minutely()
    return worker.dismissed
