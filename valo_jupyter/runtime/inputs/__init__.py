"""Brings an execution's inputs to its machine, before its code starts or when it asks for them."""

from valo_jupyter.runtime.inputs.fetching import Inputs, asks_for_inputs

__all__ = ["Inputs", "asks_for_inputs"]
