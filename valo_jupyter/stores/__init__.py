"""Where files are kept: one port, one module per kind of store, each imported when it is first used."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from valo_jupyter.stores.errors import Misconfigured

if TYPE_CHECKING:
    from valo_jupyter.stores.base import Store

GROUP = "valo_jupyter.stores"

#: type → (class, what to install for it)
_KNOWN = {
    "local": ("valo_jupyter.stores.local:LocalStore", None),
    "http": ("valo_jupyter.stores.http:HttpStore", None),
    "s3": ("valo_jupyter.stores.s3:S3Store", "s3"),
    "azure": ("valo_jupyter.stores.azure:AzureStore", "azure-blob"),
    "gcs": ("valo_jupyter.stores.gcs:GcsStore", "gcs"),
    "swift": ("valo_jupyter.stores.swift:SwiftStore", "swift"),
}


def open_store(config: dict[str, Any]) -> Store:
    """The store that settings such as `{"type": "local", "root": …}` or `{"type", "options", "credentials"}` describe.

    Kinds are those of this package and of the entry points `valo_jupyter.stores`; the class has `from_config(config)`.
    """
    kind = config.get("type")
    place, extra = _KNOWN.get(str(kind)) or (_from_entry_points(str(kind)), None)
    if place is None:
        kinds = ", ".join(sorted({*_KNOWN, *(entry.name for entry in entry_points(group=GROUP))}))
        raise Misconfigured(f"There is no kind of store “{kind}”; this installation has: {kinds}.")
    module, _, name = place.partition(":")
    try:
        return getattr(import_module(module), name).from_config(config)
    except ImportError as error:
        how = f"`pip install 'valo-jupyter[{extra}]'`" if extra else f"`pip install {error.name}`"
        raise Misconfigured(f"Stores of kind “{kind}” need {error.name}, which is not installed: {how}.") from error


def _from_entry_points(kind: str) -> str | None:
    return next((entry.value for entry in entry_points(group=GROUP, name=kind)), None)
