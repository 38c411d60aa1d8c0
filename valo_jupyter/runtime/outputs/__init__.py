"""Stores everything in the outputs folder: read-only files while the code runs, all else after it."""

from valo_jupyter.runtime.outputs.storing import Storing

__all__ = ["Storing"]
