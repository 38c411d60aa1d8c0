"""Makes files of objects that were in a store before Valo knew of them."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa

from valo_jupyter.db import Connection, Database
from valo_jupyter.db.tables import data
from valo_jupyter.domain import globs, storable
from valo_jupyter.domain.errors import Invalid, ValoError
from valo_jupyter.services import datum_rows, store_rows
from valo_jupyter.services.accounts import User
from valo_jupyter.services.datum_rows import checked_tags, in_parts
from valo_jupyter.services.stores import Stores
from valo_jupyter.stores.base import ObjectInfo, Store
from valo_jupyter.stores.errors import NotFound
from valo_jupyter.stores.kinds import key_in

#: of one call
MAX_OBJECTS = 100_000


class Adoption:
    def __init__(self, database: Database, stores: Stores) -> None:
        self._database = database
        self._stores = stores

    def adopt(self, user: User, store_id: str, urls: Iterable[str], tags: Any) -> dict[str, Any]:
        """`{"ok", "created": {address: id}, "existing": {address: id}, "errors": [{"url", "message", "code"}]}`.

        An address may be a pattern. What could be adopted is, also when something else could not be.
        """
        checked = checked_tags(tags)
        row = self._stores.get(user, store_id)
        answer: dict[str, Any] = {"ok": True, "created": {}, "existing": {}, "errors": []}
        for url in dict.fromkeys(urls):
            try:
                found = list(itertools.islice(self.objects(row, url), MAX_OBJECTS + 1))
                if len(found) > MAX_OBJECTS:
                    raise Invalid(f"{url} matches more than {MAX_OBJECTS} objects; adopt them folder by folder.")
                with self._database.write() as connection:
                    created, existing = take(connection, row, found, user.id, checked)
                answer["created"] |= created
                answer["existing"] |= existing
            except ValoError as error:
                answer["errors"].append({"url": url, "message": error.message, "code": error.code})
        answer["ok"] = not answer["errors"]
        return answer

    def objects(self, row: Any, url: str) -> Iterator[ObjectInfo]:
        """The objects of the store (a row) that an address or a pattern names; `NotFound` for none."""
        key = key_in(row.type, row.options, url)
        if key is None:
            raise Invalid(
                f"{url} is not in the store {row.name}, whose addresses begin with {store_rows.root_of(row)}."
            )
        store = self._stores.opened(row)
        return matching(store, key, url)


def matching(store: Store, key: str, url: str) -> Iterator[ObjectInfo]:
    """What a key, a folder (`a/b/`) or a pattern of keys names."""
    pattern = f"{key}**" if key.endswith("/") else key
    if not key.endswith("/"):
        try:
            # a key may itself hold the letters that make a pattern
            yield store.head(key)
            return
        except NotFound:
            if not globs.is_pattern(key):
                raise
    matches = globs.compiled(pattern)
    found = False
    for info in store.list(globs.fixed_part(pattern)):
        # what ends in a slash stands for a folder in the eyes of some tools
        if matches.fullmatch(info.key) and not info.key.endswith("/"):
            found = True
            yield info
    if not found:
        raise NotFound(f"{url} matches no object of the store.")


def take(
    connection: Connection, store: Any, found: Iterable[ObjectInfo], user_id: int, tags: list[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """`(created, existing)`, ids by address, of objects of the store (a row)."""
    root = store_rows.root_of(store)
    objects = {root + info.key: info for info in found}
    existing = _existing(connection, store, objects)
    rows = [
        {
            "id": str(uuid.uuid4()),
            "project_id": store.project_id,
            "creator_id": user_id,
            "origin": "adopted",
            "name": storable.text(info.key.rsplit("/", 1)[-1]),
            "size": info.size,
            "md5": info.md5,
            "sha1": info.sha1,
            "sha256": info.sha256,
            "uri": uri,
            "store_id": store.id,
            "version": info.version or info.etag,
        }
        for uri, info in objects.items()
        if uri not in existing
    ]
    datum_rows.insert_many(connection, rows, tags)
    for datum_id in existing.values():
        datum_rows.add_tags(connection, datum_id, tags)
    return {row["uri"]: row["id"] for row in rows}, existing


def _existing(connection: Connection, store: Any, objects: dict[str, ObjectInfo]) -> dict[str, str]:
    """Files that are known already: the same address, with the same content as far as that can be told."""
    known: dict[str, str] = {}
    for some in in_parts(objects):
        query = sa.select(data).where(
            data.c.project_id == store.project_id, data.c.uri.in_(some), data.c.purged.is_(False)
        )
        for row in connection.execute(query.order_by(data.c.ctime)):
            info = objects[row.uri]
            version = info.version or info.etag
            same = info.size == row.size and (
                row.sha256 == info.sha256
                if row.sha256 and info.sha256
                else row.version is None or version is None or row.version in (info.version, info.etag)
            )
            if same:
                known[row.uri] = row.id
    return known
