"""The HTTP client of kernels, terminals and the Jupyter extension, and the Python API on it; imported on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from valo_jupyter.client.client import Client as Client
    from valo_jupyter.client.executions import Execution as Execution

__all__ = ["Client", "Execution"]


def __getattr__(name: str) -> Any:
    if name == "Client":
        from valo_jupyter.client.client import Client

        return Client
    if name == "Execution":
        from valo_jupyter.client.executions import Execution

        return Execution
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
