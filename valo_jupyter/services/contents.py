"""The contents of files, wherever they are: an address to download them from, or the bytes through the server."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from valo_jupyter.db import Database
from valo_jupyter.domain.errors import Conflict, NotFound
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.services.stores import Stores
from valo_jupyter.stores.base import Store
from valo_jupyter.stores.kinds import key_in
from valo_jupyter.stores.local import SCHEME, LocalStore

CHUNK = 256 * 1024
#: how long an address works, seconds
TTL = 3600.0


class Contents:
    """Each call takes a row of `data`, of somebody who may see it."""

    def __init__(self, database: Database, state: StateFolder, stores: Stores) -> None:
        self._database = database
        self._state = state
        self._stores = stores
        self._built_in = LocalStore(state.store)

    def url(self, row: Any, *, inline: bool = False) -> str | None:
        """An address that works for an hour without a token; None: the server must give the content itself."""
        self._check(row)
        if row.store_id is None:
            return None if row.uri.startswith(SCHEME) else row.uri
        store, key = self.place(row)
        return store.signed_url(key, ttl=TTL, filename=base_name(row), inline=inline)

    def path(self, row: Any) -> Path | None:
        """Its file in the built-in store; None: it is elsewhere."""
        self._check(row)
        if not row.uri.startswith(SCHEME):
            return None
        path = self._built_in.path(self._built_in.key_of(row.uri))
        if not path.exists():
            raise NotFound(f"The content of {row.name} is no longer there.")
        return path

    def read(self, row: Any, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The content, or what is from `start` to before `stop`, in pieces. What is wrong is raised at once."""
        path = self.path(row)
        if path is not None:
            return _pieces(path.open("rb"), start, stop)
        store, key = self.place(row)
        read = getattr(store, "read", None)
        if read is not None:
            return _begun(read(key, start, row.size if stop is None else stop))
        # a store of somebody else's, which gives whole files only
        copy = self._state.uploads / f"content-{secrets.token_hex(8)}"
        try:
            store.get_file(key, copy)
            return _pieces(copy.open("rb"), start, stop)
        finally:
            copy.unlink(missing_ok=True)

    def place(self, row: Any) -> tuple[Store, str]:
        """The store that has the file, and its key there."""
        if row.store_id is None:
            raise Conflict(f"{row.name} is at {row.uri}, not in a store; open it there.")
        with self._database.read() as connection:
            store = self._stores.by_id(connection, row.store_id)
        opened = self._stores.opened(store)
        key = key_in(store.type, store.options, row.uri)
        if key is None:
            raise Conflict(f"{row.name} is at {row.uri}, which its store has not any more: its settings were changed.")
        return opened, key

    def remove(self, row: Any) -> None:
        """Remove the object, of whose other files nobody is left."""
        if row.uri.startswith(SCHEME):
            self._built_in.delete(self._built_in.key_of(row.uri))
        else:
            store, key = self.place(row)
            store.delete(key)

    @staticmethod
    def _check(row: Any) -> None:
        if row.purged:
            raise Conflict(f"The content of {row.name} was purged; its record remains.")


def base_name(row: Any) -> str:
    return row.name.rsplit("/", 1)[-1]


def _begun(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same pieces, of which the first is here already: what is wrong shows before an answer is begun."""
    first = next(pieces, b"")

    def all() -> Iterator[bytes]:
        yield first
        yield from pieces

    return all()


def _pieces(file: Any, start: int, stop: int | None) -> Iterator[bytes]:
    with file:
        left = (os.fstat(file.fileno()).st_size if stop is None else stop) - start
        file.seek(start)
        while left > 0 and (block := file.read(min(CHUNK, left))):
            left -= len(block)
            yield block
