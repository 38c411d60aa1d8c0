"""Where outputs go: to the project's data store, and when that does not take them, to the built-in one."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from valo_jupyter.runtime.assigned import AssignedStores
from valo_jupyter.stores.base import Cancel, ObjectInfo, Progress, Store
from valo_jupyter.stores.digests import Checksums, checksums_of
from valo_jupyter.stores.errors import Cancelled, Changed, Corrupt, Exists, StoreError

#: names that are tried for a file whose key holds other content
_NAMES = 100
#: uploads at once: over a network most of the time is waiting
_AT_ONCE = 8
_AT_ONCE_HERE = 2


@dataclass(frozen=True)
class Landed:
    """Where a file is. `wanted`: the store that was to have it, and did not take it."""

    uri: str
    sums: Checksums
    store: str | None = None
    version: str | None = None
    wanted: str | None = None


class Destination:
    """Thread-safe.

    Parameters
    ----------
    upload
        `{"store", "prefix"}` of the assignment; without a store everything goes to the built-in one.
    far
        The built-in store is behind a network, too.
    """

    def __init__(
        self, built_in: Store, stores: AssignedStores, upload: Mapping[str, Any] | None, *, far: bool = False
    ) -> None:
        self._built_in = built_in
        self._stores = stores
        self._store_id: str | None = (upload or {}).get("store")
        self._prefix: str = (upload or {}).get("prefix") or ""
        self._lock = threading.Lock()
        #: why the store is not tried any more
        self.problem: str | None = None
        self.at_once = _AT_ONCE if self._store_id or far else _AT_ONCE_HERE

    @property
    def store(self) -> str | None:
        """The name of the data store that the outputs are for."""
        return self._stores.name(self._store_id) if self._store_id else None

    def open(self) -> None:
        """Import and open what the first upload needs; what is wrong is said when there is something to upload."""
        if self._store_id is not None:
            try:
                self._stores.open(self._store_id)
            except StoreError:
                pass

    def bring(
        self, path: Path, name: str, *, move: bool = False, progress: Progress | None = None, cancel: Cancel
    ) -> Landed:
        """Store a file where it belongs, under a key of its own. Raises errors of stores, and OSError."""
        if self._store_id is None:
            return self._keep(path, name, move=move, progress=progress, cancel=cancel)
        store = self._stores.open(self._store_id)
        for number in range(1, _NAMES + 1):
            key = self._prefix + _numbered(name, number)
            try:
                info = store.put_file(path, key, move=move, progress=progress, cancel=cancel)
            except Exists:
                if number == _NAMES:
                    raise
                continue
            return Landed(info.uri, checksums_of(info), self._store_id, _version(info))
        raise AssertionError("the last name returns or raises")

    def bring_or_keep(
        self,
        path: Path,
        name: str,
        *,
        move: bool = False,
        progress: Progress | None = None,
        cancel: Cancel,
        hurry: Cancel,
    ) -> Landed:
        """As `bring`; what the store does not take is kept in the built-in one, and says which it is for.

        Parameters
        ----------
        hurry
            True: there is no time for a store of the network any more.
        """
        if self._store_id is None or self.problem is not None:
            return self._keep(path, name, move=move, progress=progress, cancel=cancel)
        try:
            return self.bring(path, name, move=move, progress=progress, cancel=lambda: cancel() or hurry())
        except Changed:
            raise
        except Cancelled:
            if cancel():
                raise
            self._give_up("the execution was stopped")
        except StoreError as error:
            # one file may be damaged on its way again and again; all else is said of the store
            if not isinstance(error, (Corrupt, Exists)):
                self._give_up(error.message)
        return self._keep(path, name, move=move, progress=progress, cancel=cancel)

    def _keep(self, path: Path, name: str, *, move: bool, progress: Progress | None, cancel: Cancel) -> Landed:
        info = self._built_in.put_file(path, name, move=move, progress=progress, cancel=cancel)
        return Landed(info.uri, checksums_of(info), wanted=self._store_id)

    def _give_up(self, problem: str) -> None:
        with self._lock:
            self.problem = self.problem or problem


def _numbered(name: str, number: int) -> str:
    if number == 1:
        return name
    path = PurePosixPath(name)
    return str(path.with_name(f"{path.stem}~{number}{path.suffix}"))


def _version(info: ObjectInfo) -> str | None:
    return info.version or info.etag
