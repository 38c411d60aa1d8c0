"""Files from people, in parts that may be sent again; what has arrived outlives a restart of the server."""

from __future__ import annotations

import fcntl
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from valo_jupyter.db import Connection, Database, again_if_overtaken
from valo_jupyter.db.tables import uploads
from valo_jupyter.domain import clock
from valo_jupyter.domain.errors import Conflict, Invalid, NotFound
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.services import alias_rows, datum_rows, store_rows
from valo_jupyter.services.accounts import User
from valo_jupyter.services.built_in import alone_with, is_gone
from valo_jupyter.services.data import checked_aliases, checked_file_name, checked_metadata
from valo_jupyter.services.datum_rows import checked_tags
from valo_jupyter.services.parts import grow
from valo_jupyter.services.projects import visible_project
from valo_jupyter.services.stores import Stores
from valo_jupyter.stores.base import ObjectInfo
from valo_jupyter.stores.digests import digest_file
from valo_jupyter.stores.errors import Corrupt
from valo_jupyter.stores.local import LocalStore

#: what a sender is asked to send at once
PART = 8 * 1024 * 1024
MAX_SIZE = 1 << 44
_ABANDONED = timedelta(days=7)
_TRIES = 5


class Uploads:
    def __init__(self, database: Database, state: StateFolder, stores: Stores) -> None:
        self._database = database
        self._stores = stores
        self._folder = state.store / "uploads"
        self._built_in = LocalStore(state.store)

    def begin(self, user: User, given: Mapping[str, Any]) -> Any:
        """The row of an upload that waits for its parts; one of an empty file is whole at once."""
        size, sha256 = given.get("size"), given.get("sha256")
        if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= MAX_SIZE:
            raise Invalid("`size` is the file's, in bytes.")
        if sha256 is not None and (not isinstance(sha256, str) or len(sha256) != 64):
            raise Invalid("`sha256` is 64 digits, or left out.")
        project_id = str(given.get("project") or "")
        values = {
            "id": str(uuid.uuid4()),
            "project_id": project_id,
            "creator_id": user.id,
            "name": checked_file_name(given.get("name")),
            "size": size,
            "sha256": sha256 and sha256.lower(),
            "properties": {
                "tags": checked_tags(given.get("tags") or []),
                "aliases": checked_aliases(given.get("aliases") or []),
                "metadata": checked_metadata(given.get("metadata") or {}),
            },
            "ctime": clock.now(),
            "mtime": clock.now(),
        }
        with self._database.write() as connection:
            visible_project(connection, user, project_id)
            store_id = store_rows.wanted(connection, project_id, given.get("store"))
            connection.execute(sa.insert(uploads).values(**values, store_id=store_id))
            self._forget_abandoned(connection)
        if not size:
            with self._held(values["id"]):
                self._finish(user, self.get(user, values["id"]))
        return self.get(user, values["id"])

    def get(self, user: User, upload_id: str) -> Any:
        with self._database.read() as connection:
            row = connection.execute(sa.select(uploads).where(uploads.c.id == upload_id)).one_or_none()
            if row is None or (row.creator_id != user.id and not user.admin):
                raise NotFound("There is no such upload; it may be more than a week ago.")
            visible_project(connection, user, row.project_id)
            return row

    def received(self, row: Any) -> int:
        """How much of the file is here."""
        part = self._part(row.id)
        return row.size if row.datum_id else part.stat().st_size if part.exists() else 0

    def receive(self, user: User, upload_id: str, content: Path, start: int, total: int) -> Any:
        """Add what is behind what there is already; the row, which has its `datum_id` once all is there."""
        row = self.get(user, upload_id)
        with self._held(row.id):
            row = self.get(user, upload_id)
            if row.datum_id:
                return row
            end = start + content.stat().st_size
            if total != row.size or end > total:
                raise Invalid(f"The file has {row.size} bytes; this part would be of {start} to {end} of {total}.")
            size = grow(self._part(row.id), content, start)
            with self._database.write() as connection:
                connection.execute(sa.update(uploads).where(uploads.c.id == row.id).values(mtime=clock.now()))
            if size == total:
                self._finish(user, row)
        return self.get(user, upload_id)

    def cancel(self, user: User, upload_id: str) -> None:
        """Forget the upload; a file that came of it stays."""
        row = self.get(user, upload_id)
        with self._database.write() as connection:
            connection.execute(sa.delete(uploads).where(uploads.c.id == row.id))
        self._remove(row.id)

    def _finish(self, user: User, row: Any) -> None:
        """Bring the whole file to its store, and make it known."""
        for _ in range(_TRIES):
            if self._known(user, row, *self._stored(row)):
                return self._remove(row.id)
        raise Conflict(f"The content of {row.name} is being purged again and again; send its last part again.")

    @again_if_overtaken
    def _known(self, user: User, row: Any, store: Any | None, info: ObjectInfo) -> bool:
        """Make the file known, unless the same content was purged at this very moment."""
        # the upload's own identifier: whatever is tried again is the same file, under the same key
        datum_id, properties = row.id, row.properties
        with self._database.write() as connection:
            alone_with(connection, [info.uri])
            if store is None and is_gone(self._built_in, info.uri):
                return False
            columns = {
                "id": datum_id,
                "project_id": row.project_id,
                "creator_id": row.creator_id,
                "origin": "upload",
                "name": row.name,
                "size": info.size,
                "md5": info.md5,
                "sha1": info.sha1,
                "sha256": info.sha256,
                "uri": info.uri if store is None else store_rows.root_of(store) + info.key,
                "store_id": store and store.id,
                "version": info.version,
                "metadata": properties["metadata"],
            }
            datum_rows.insert_many(connection, [columns], properties["tags"])
            for alias in properties["aliases"]:
                alias_rows.point(connection, row.project_id, alias, datum_id, user_id=user.id)
            key = uploads.c.id == row.id
            connection.execute(sa.update(uploads).where(key).values(datum_id=datum_id, mtime=clock.now()))
        return True

    def _stored(self, row: Any) -> tuple[Any | None, ObjectInfo]:
        """`(its store's row, the object)`. A store that fails leaves what arrived, so that it can be tried again."""
        part = self._part(row.id)
        known = digest_file(part) if row.sha256 else None
        if known is not None and known.sha256 != row.sha256:
            part.unlink()
            raise Corrupt(f"{row.name} arrived with other content than its sha256 says; send it again.")
        with self._database.read() as connection:
            store = store_rows.upload_store(connection, row.project_id, row.store_id)
        if store is None:
            # it stays until the file is known: a server that dies in between stores it once more
            return None, self._built_in.put_file(part)
        prefix = store.options.get("prefix") or ""
        key = f"{prefix}uploads/{row.project_id}/{row.id[:8]}/{row.name}"
        return store, self._stores.opened(store).put_file(part, key, known=known)

    def _part(self, upload_id: str) -> Path:
        return self._folder / upload_id

    @contextmanager
    def _held(self, upload_id: str) -> Iterator[None]:
        """One request at a time: an impatient sender sends the last part again."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self._folder / f"{upload_id}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Conflict("A part of this upload is being taken already; ask again how much is here.") from None
            self._part(upload_id).touch()
            yield

    def _remove(self, upload_id: str) -> None:
        self._part(upload_id).unlink(missing_ok=True)
        (self._folder / f"{upload_id}.lock").unlink(missing_ok=True)

    def _forget_abandoned(self, connection: Connection) -> None:
        old = uploads.c.mtime < clock.now() - _ABANDONED
        for upload_id in connection.execute(sa.delete(uploads).where(old).returning(uploads.c.id)).scalars().all():
            self._remove(upload_id)
