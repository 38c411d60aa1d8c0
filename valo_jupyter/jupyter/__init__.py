"""The Jupyter server extension: finds or starts the Valo server, proxies to it, and submits the user's notebooks."""

from valo_jupyter.jupyter.extension import ValoExtension

__all__ = ["ValoExtension"]
