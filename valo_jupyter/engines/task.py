"""What Dask runs on a machine: one order. Named by reference, so the engine need not import what a machine does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_run: Callable[[dict[str, Any]], str] | None = None


def install(run: Callable[[dict[str, Any]], str]) -> None:
    """Say how this machine runs an order."""
    global _run
    _run = run


def run(order: dict[str, Any]) -> str:
    """Run the order to its end; the execution's final status, or `stale`."""
    if _run is None:
        raise RuntimeError("This Dask worker is no Valo machine: start it as valo_jupyter.engines.machine.")
    return _run(order)
