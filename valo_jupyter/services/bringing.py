"""Brings files to the store they were meant for, which did not take them when they were made."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from valo_jupyter.db import Connection, Database
from valo_jupyter.db.tables import data
from valo_jupyter.domain.errors import Conflict, ValoError
from valo_jupyter.services import listing, store_rows
from valo_jupyter.services.accounts import User
from valo_jupyter.services.assignments import upload_prefix
from valo_jupyter.services.built_in import alone_with
from valo_jupyter.services.contents import Contents
from valo_jupyter.services.data import select_data
from valo_jupyter.services.moves import Moves
from valo_jupyter.services.stores import Stores
from valo_jupyter.stores.digests import Checksums


class Bringing:
    def __init__(self, database: Database, moves: Moves, stores: Stores, contents: Contents) -> None:
        self._database = database
        self._moves = moves
        self._stores = stores
        self._contents = contents

    def bring(self, user: User, address: str) -> dict[str, Any]:
        """Bring an execution's files that wait for that: `{"moved", "left", "problem"}`; the first failure ends it.

        What is purged, or brought by somebody else, at the same moment is neither moved nor left.
        """
        waits = data.c.wanted_store_id.is_not(None) & data.c.purged.is_(False)
        with self._database.read() as connection:
            execution = listing.find(connection, user, address)
            query = select_data().where(data.c.output_execution_id == execution.id, waits)
            rows = connection.execute(query.order_by(data.c.ctime, data.c.id)).all()
        moved = 0
        left = len(rows)
        problem = None
        for row in rows:
            try:
                moved += self._bring(execution, row)
            except ValoError as error:
                problem = error.message
                break
            left -= 1
        if moved:
            with self._database.write() as connection:
                self._moves.touch(connection, execution)
        return {"moved": moved, "left": left, "problem": problem}

    def _bring(self, execution: Any, row: Any) -> bool:
        """Whether the file is in its store now; not so if it is no longer what `row` says."""
        path = self._contents.path(row)
        if path is None:
            raise Conflict(f"{row.name} is in a store already.")
        with self._database.read() as connection:
            store = self._stores.by_id(connection, row.wanted_store_id)
        opened = self._stores.opened(store)
        # beside what the attempt itself brought, and apart for each file: nothing is there yet
        key = f"{upload_prefix(store, execution, execution.attempt)}again/{row.id[:8]}/{row.name}"
        # a machine may have told sha256 alone
        known = Checksums(row.size, row.md5, row.sha1, row.sha256) if row.md5 and row.sha1 and row.sha256 else None
        info = opened.put_file(path, key, known=known)
        uri = store_rows.root_of(store) + info.key
        with self._database.write() as connection:
            alone_with(connection, [row.uri])
            changes = {"uri": uri, "store_id": store.id, "wanted_store_id": None, "version": info.version}
            here = (data.c.id == row.id) & (data.c.uri == row.uri) & data.c.purged.is_(False)
            moved = connection.execute(sa.update(data).where(here).values(**changes)).rowcount > 0
            if moved and not _used(connection, row.uri):
                self._contents.remove(row)
            elif not moved and not _used(connection, uri):
                opened.delete(info.key)
        return moved


def _used(connection: Connection, uri: str) -> bool:
    some = sa.select(data.c.id).where(data.c.uri == uri, data.c.purged.is_(False)).limit(1)
    return connection.execute(some).first() is not None
