"""Valo: run a notebook remotely, and trace everything that came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from valo_jupyter.submit import Client as Client

__version__ = "0.1.0"
__all__ = ["Client", "__version__"]


def __getattr__(name: str) -> Any:
    if name == "Client":
        from valo_jupyter.submit import Client

        return Client
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load_ipython_extension(ipython: Any) -> None:
    """`%load_ext valo_jupyter`."""
    from valo_jupyter.kernel import load

    load(ipython)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "valo-jupyter"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from valo_jupyter.jupyter import ValoExtension

    return [{"module": "valo_jupyter", "app": ValoExtension}]
