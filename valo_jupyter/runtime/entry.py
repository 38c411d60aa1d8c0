"""Papermill's entry point “valo”; the engine itself is imported when a notebook is run with it."""

from __future__ import annotations

from typing import Any


class _Late:
    """Stands for `ValoEngine`.

    Papermill loads all engines in the middle of its own import, when none can be derived from its base class by a
    module that is itself importing papermill; and most of its starts use another engine.
    """

    def __getattr__(self, name: str) -> Any:
        from valo_jupyter.runtime.engine import ValoEngine

        return getattr(ValoEngine, name)


engine = _Late()
