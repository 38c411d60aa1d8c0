"""Contents in the built-in store of which nothing counts but that they are there."""

from __future__ import annotations

from typing import Any

from valo_jupyter.services import Services
from valo_jupyter.stores.local import LocalStore


def keep(services: Services, *items: dict[str, Any]) -> None:
    """As if the files had been stored that are told of so."""
    store = LocalStore(services.state.store)
    for item in items:
        path = store.path(store.key_of(item["uri"]))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
