"""Brings an execution's inputs to its machine, before its code starts."""

from valo_jupyter.runtime.inputs.fetching import Inputs

__all__ = ["Inputs"]
