"""Which kernel a notebook asks for, and what of this machine answers to it."""

from __future__ import annotations

from collections.abc import Mapping
from string import Template
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel

from valo_jupyter.domain.errors import KernelMissing

DEFAULT = "python3"


def find_kernel(name: str | None, notebook: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The kernelspec called `name`, else the one that `notebook` (its JSON) names, else `python3`, as on the wire.

    Raises
    ------
    KernelMissing
        With the names of those present.
    """
    metadata = (notebook or {}).get("metadata") or {}
    wanted = name or (metadata.get("kernelspec") or {}).get("name") or DEFAULT
    manager = KernelSpecManager()
    try:
        spec = manager.get_kernel_spec(wanted)
    except NoSuchKernel:
        present = sorted(manager.find_kernel_specs())
        raise KernelMissing(
            f"The kernel “{wanted}” is not installed on this machine, which has "
            f"{', '.join(present) or 'none at all'}. Choose one of them for the notebook, or install “{wanted}” here.",
            kernel=wanted,
            present=present,
        ) from None
    return {
        "name": wanted,
        "argv": list(spec.argv),
        "env": dict(spec.env),
        "interrupt_mode": spec.interrupt_mode,
        "language": spec.language,
        "display_name": spec.display_name,
        "resource_dir": spec.resource_dir,
        "jupyter_path": [],
    }


def as_spec(kernel: Mapping[str, Any]) -> KernelSpec:
    """jupyter_client's kernelspec from the wire's."""
    return KernelSpec(
        argv=list(kernel["argv"]),
        env=dict(kernel.get("env") or {}),
        interrupt_mode=kernel.get("interrupt_mode") or "signal",
        language=kernel.get("language") or "",
        display_name=kernel.get("display_name") or kernel.get("name") or "",
        resource_dir=kernel.get("resource_dir") or "",
    )


def with_spec(kernel: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` with the kernelspec's own variables, which may refer to it as `${NAME}`."""
    own = {name: Template(value).safe_substitute(environment) for name, value in (kernel.get("env") or {}).items()}
    return {**environment, **own}


def is_ipykernel(kernel: Mapping[str, Any]) -> bool:
    return any("ipykernel" in argument for argument in kernel["argv"])


class OneSpec(KernelSpecManager):
    """Answers with the kernelspec it was given: the wire's needs no look-up on this machine."""

    def __init__(self, kernel: Mapping[str, Any]) -> None:
        super().__init__()
        self._spec = as_spec(kernel)

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return self._spec
