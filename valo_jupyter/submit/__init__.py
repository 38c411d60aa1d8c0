"""The one place that records a notebook's folder and submits it; imported on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from valo_jupyter.submit.api import Client as Client
    from valo_jupyter.submit.kernelspec import resolve_kernel as resolve_kernel
    from valo_jupyter.submit.notebook import read_notebook as read_notebook
    from valo_jupyter.submit.submission import submit as submit

__all__ = ["Client", "read_notebook", "resolve_kernel", "submit"]


def __getattr__(name: str) -> Any:
    if name == "submit":
        from valo_jupyter.submit.submission import submit

        return submit
    if name == "resolve_kernel":
        from valo_jupyter.submit.kernelspec import resolve_kernel

        return resolve_kernel
    if name == "read_notebook":
        from valo_jupyter.submit.notebook import read_notebook

        return read_notebook
    if name == "Client":
        from valo_jupyter.submit.api import Client

        return Client
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
