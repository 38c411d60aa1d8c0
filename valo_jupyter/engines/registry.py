"""Finds the engine of an environment by its kind; nothing is imported before it is used."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from valo_jupyter.domain.errors import Invalid
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.engines.kinds import KINDS
from valo_jupyter.engines.port import Engine

_GROUP = "valo_jupyter.engines"


class UnknownEngine(Invalid):
    """The environment's kind of engine is not installed."""

    code = "unknown_engine"


def open_engine(kind: str, *, slug: str, state: StateFolder, options: dict[str, Any]) -> Engine:
    """A new engine, not started yet.

    Parameters
    ----------
    options
        As `kinds.check_options` gives them, with secrets opened.

    Raises
    ------
    UnknownEngine
        No engine is called `kind`, or what it needs is not installed.
    """
    known = KINDS.get(kind)
    if known is not None and not known.installed:
        raise UnknownEngine(
            f"The environment {slug!r} needs what is not installed where the server runs: {known.install}."
        )
    if known is not None:
        module, _, name = known.module.partition(":")
        factory = getattr(import_module(module), name)
        # secrets that are not set are nowhere kept
        options = {**{option.name: option.default for option in known.options}, **options}
    else:
        found = {point.name: point for point in entry_points(group=_GROUP)}
        if kind not in found:
            names = ", ".join(sorted({*(own.kind for own in KINDS.values() if own.installed), *found}))
            raise UnknownEngine(
                f"The environment {slug!r} wants the engine {kind!r}, which is not installed. Installed: {names}."
            )
        factory = found[kind].load()
    return factory(slug=slug, state=state, options=options)
