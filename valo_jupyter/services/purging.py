"""Removes the content of files. Their records remain, and so does what else lies at the same address."""

from __future__ import annotations

import sqlalchemy as sa

from valo_jupyter.db import Database
from valo_jupyter.db.tables import data
from valo_jupyter.domain.errors import Conflict
from valo_jupyter.services import references
from valo_jupyter.services.accounts import User
from valo_jupyter.services.built_in import alone_with
from valo_jupyter.services.contents import Contents
from valo_jupyter.services.data import visible_datum
from valo_jupyter.stores.local import SCHEME

_NAMED = 5


class Purging:
    def __init__(self, database: Database, contents: Contents) -> None:
        self._database = database
        self._contents = contents

    def purge(self, user: User, datum_id: str, *, force: bool = False) -> None:
        """Remove the file's content; the second time nothing is left to do.

        Raises
        ------
        Conflict
            It is not Valo's to remove, or an execution that has not ended reads it, unless `force`.
        """
        with self._database.write() as connection:
            alone_with(connection, [visible_datum(connection, user, datum_id).uri])
            # as it is now: until then it may have been purged, or brought to another store
            row = visible_datum(connection, user, datum_id)
            if row.purged:
                return
            elsewhere = row.store_id is None and not row.uri.startswith(SCHEME)
            if elsewhere or (row.origin == "input" and row.store_id is not None):
                raise Conflict(f"{row.name} was only read from {row.uri}; remove it there, or adopt it first.")
            users = [] if force else references.users_of(connection, row)
            if users:
                counters = ", ".join(f"#{one.counter}" for one in users[:_NAMED])
                raise Conflict(
                    f"{row.name} is an input of {counters}, which has not ended; wait, or purge it with `force`."
                )
            connection.execute(sa.update(data).where(data.c.id == row.id).values(purged=True))
            # contents of the built-in store may be those of several projects
            others = (data.c.uri == row.uri) & (data.c.id != row.id) & data.c.purged.is_(False)
            if row.store_id is not None:
                others &= data.c.store_id == row.store_id
            if connection.execute(sa.select(data.c.id).where(others).limit(1)).first() is None:
                # within the transaction: a store that fails leaves the file as it was
                self._contents.remove(row)
