"""Finds the engine of an environment by its kind; nothing is imported before it is used."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from valo_jupyter.domain.errors import Invalid
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.engines.port import Engine

_OWN = {"local": "valo_jupyter.engines.local:LocalEngine"}
_GROUP = "valo_jupyter.engines"


class UnknownEngine(Invalid):
    """The environment's kind of engine is not installed."""

    code = "unknown_engine"


def open_engine(kind: str, *, slug: str, state: StateFolder, options: dict[str, Any]) -> Engine:
    """A new engine, not started yet.

    Raises
    ------
    UnknownEngine
        No engine is called `kind`.
    """
    if kind in _OWN:
        module, _, name = _OWN[kind].partition(":")
        factory = getattr(import_module(module), name)
    else:
        found = {point.name: point for point in entry_points(group=_GROUP)}
        if kind not in found:
            known = ", ".join(sorted({*_OWN, *found}))
            raise UnknownEngine(
                f"The environment {slug!r} wants the engine {kind!r}, which is not installed. Installed: {known}."
            )
        factory = found[kind].load()
    return factory(slug=slug, state=state, options=options)
