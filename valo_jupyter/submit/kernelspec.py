"""The kernel a notebook would get here: its kernelspec with every path resolved, so that the same Python runs it."""

from __future__ import annotations

import sys
from typing import Any

from valo_jupyter.domain.errors import KernelMissing

DEFAULT = "python3"
#: what a kernelspec may call the Python it was installed for; jupyter_client replaces the same ones
_THIS_PYTHON = frozenset(
    {"python", f"python{sys.version_info[0]}", f"python{sys.version_info[0]}.{sys.version_info[1]}"}
)


def resolve_kernel(notebook: dict[str, Any], *, manager: Any = None, prefix: str = sys.prefix) -> dict[str, Any]:
    """The kernel of `notebook` (nbformat 4 JSON) as the wire's `notebook.kernel`.

    Parameters
    ----------
    manager
        A `jupyter_client` kernelspec manager; a Jupyter server passes its own, with its own rules and names.

    Raises
    ------
    KernelMissing
        The notebook's kernelspec is not installed here; the message lists those that are.
    """
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
    from jupyter_core.paths import jupyter_path

    manager = manager or KernelSpecManager()
    name = kernel_name(notebook)
    try:
        spec = manager.get_kernel_spec(name)
    except NoSuchKernel:
        present = ", ".join(sorted(manager.find_kernel_specs())) or "none"
        raise KernelMissing(
            f"The notebook's kernel “{name}” is not installed here; there are: {present}. "
            "Install it, or choose another kernel in the notebook and save it.",
            kernel=name,
        ) from None
    argv = [part.replace("{resource_dir}", spec.resource_dir).replace("{prefix}", prefix) for part in spec.argv]
    if argv and argv[0] in _THIS_PYTHON:
        argv[0] = sys.executable
    return {
        "name": name,
        "display_name": spec.display_name,
        "language": spec.language,
        "argv": argv,
        "env": dict(spec.env or {}),
        "interrupt_mode": spec.interrupt_mode or "signal",
        "resource_dir": spec.resource_dir,
        "prefix": prefix,
        "jupyter_path": jupyter_path(),
    }


def kernel_name(notebook: dict[str, Any]) -> str:
    """The name the notebook gives its kernel; `python3` when it gives none."""
    spec = (notebook.get("metadata") or {}).get("kernelspec")
    name = spec.get("name") if isinstance(spec, dict) else None
    return name if isinstance(name, str) and name else DEFAULT
