"""What a run was done with: Python and packages of its kernel."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from valo_jupyter.runtime.connection import Message
from valo_jupyter.runtime.running import RunningKernel
from valo_jupyter.runtime.warm import key, state_of


class Packages:
    """Python and package versions of kernels, asked once for each state of their folders; for any thread."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[dict[str, int], dict[str, Any]]] = {}

    def of(self, kernel: RunningKernel, on_output: Callable[[Message], None] | None = None) -> dict[str, Any]:
        """`{"python", "packages"}`; empty for kernels that cannot be asked (other languages, or dead)."""
        if not kernel.asks:
            return {}
        state = state_of(kernel.folders)
        known = self._known.get(key(kernel.kernel))
        if known is not None and known[0] == state:
            return known[1]
        answer = kernel.ask("describe", on_output=on_output) if kernel.exit_code is None else None
        if answer is None:
            return {}
        with suppress(ValueError):
            self._known[key(kernel.kernel)] = (state, json.loads(answer))
        return self._known[key(kernel.kernel)][1]
