"""Contents of the built-in store, which files may share: none is removed while another file of it becomes known."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from valo_jupyter.db import Connection
from valo_jupyter.stores.errors import NotFound
from valo_jupyter.stores.local import SCHEME, LocalStore


def alone_with(connection: Connection, uris: Iterable[str]) -> None:
    """Until its end, no other transaction makes known or removes what is at these addresses.

    SQLite writes one transaction at a time anyway.
    """
    if connection.dialect.name != "postgresql":
        return
    # in one order, so that no two wait for each other
    for key in sorted({_number(uri) for uri in uris if uri.startswith(SCHEME)}):
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))


def is_gone(store: LocalStore, uri: str) -> bool:
    """Whether it is an address of the store, where nothing is: what was stored was removed before it was known."""
    try:
        return uri.startswith(SCHEME) and not store.path(store.key_of(uri)).exists()
    except NotFound:
        return False


def _number(uri: str) -> int:
    try:
        return int.from_bytes(bytes.fromhex(uri.removeprefix(SCHEME)[:16]), "big", signed=True)
    except ValueError:
        return 0
