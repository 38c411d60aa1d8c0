"""The data stores that an assignment names: opened when they are first needed, with credentials that stay in memory."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from valo_jupyter.stores import open_store
from valo_jupyter.stores.base import Store
from valo_jupyter.stores.errors import Misconfigured, StoreError
from valo_jupyter.stores.kinds import key_in


class AssignedStores:
    """`stores` of an assignment, by id. Each is opened once; one that cannot be opened says why each time."""

    def __init__(self, configs: Mapping[str, Mapping[str, Any]]) -> None:
        self._configs = configs
        self._opened: dict[str, Store | StoreError] = {}
        self._lock = threading.Lock()

    def __contains__(self, store_id: object) -> bool:
        return store_id in self._configs

    def name(self, store_id: str) -> str:
        return str(self._configs[store_id]["name"])

    def open(self, store_id: str) -> Store:
        """Raises `Misconfigured`, also where the SDK is not installed, with the line that installs it."""
        with self._lock:
            found = self._opened.get(store_id) or self._open(store_id)
            self._opened[store_id] = found
        if isinstance(found, StoreError):
            raise found
        return found

    def find(self, uri: str) -> tuple[str, str] | None:
        """The id of the store that an address is in, and the key there."""
        for store_id, config in self._configs.items():
            key = key_in(config["type"], config["options"], uri)
            if key is not None:
                return store_id, key
        return None

    def key(self, store_id: str, uri: str) -> str:
        """The key in an address of this very store."""
        config = self._configs.get(store_id)
        key = key_in(config["type"], config["options"], uri) if config else None
        if key is None:
            raise Misconfigured(f"{uri} is in no data store that this project has.")
        return key

    def _open(self, store_id: str) -> Store | StoreError:
        config = self._configs.get(store_id)
        if config is None:
            return Misconfigured("The file is in a data store that this project does not have any more.")
        try:
            return open_store({name: config[name] for name in ("type", "options", "credentials")})
        except StoreError as error:
            return error
