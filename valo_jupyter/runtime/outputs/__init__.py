"""Stores everything in the outputs folder: read-only files while the code runs, all else after it."""

from valo_jupyter.runtime.outputs.collecting import Collected, Outputs
from valo_jupyter.runtime.outputs.destination import Destination
from valo_jupyter.runtime.outputs.leftover import keep_folder, waiting_note

__all__ = ["Collected", "Destination", "Outputs", "keep_folder", "waiting_note"]
