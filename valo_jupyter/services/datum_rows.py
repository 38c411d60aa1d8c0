"""Rows of files: written with their words and edges, in the transaction of whoever knows of them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from valo_jupyter.db import Connection
from valo_jupyter.db.tables import data, data_tags, data_words, datum_aliases, edges
from valo_jupyter.domain import clock, storable
from valo_jupyter.domain.errors import Invalid
from valo_jupyter.domain.words import words_of

MAX_TAG = 255
#: names of inputs and outputs on edges
_LONGEST_EDGE = 255
#: ids in one statement
SOME = 500

Node = tuple[str, str]


def insert(
    connection: Connection, *, project_id: str, creator_id: int, origin: str, tags: Iterable[str] = (), **columns: Any
) -> str:
    """A new file's id; `columns` are those of `data`."""
    datum_id = str(uuid.uuid4())
    row = {"id": datum_id, "project_id": project_id, "creator_id": creator_id, "origin": origin, **columns}
    insert_many(connection, [row], list(tags))
    return datum_id


def insert_many(connection: Connection, rows: Sequence[Mapping[str, Any]], tags: Sequence[str] = ()) -> None:
    """New files, all of them with these tags."""
    usual = {
        "md5": None,
        "sha1": None,
        "sha256": None,
        "store_id": None,
        "wanted_store_id": None,
        "version": None,
        "output_execution_id": None,
        "ctime": clock.now(),
    }
    for start in range(0, len(rows), SOME):
        some = [{**usual, **row, "metadata": row.get("metadata") or {}} for row in rows[start : start + SOME]]
        connection.execute(sa.insert(data), some)
        keys = [{"datum_id": row["id"], "project_id": row["project_id"], "ctime": row["ctime"]} for row in some]
        if tags:
            connection.execute(sa.insert(data_tags), [{**key, "tag": tag} for key in keys for tag in tags])
        words = [
            {**key, "word": word} for key, row in zip(keys, some, strict=True) for word in words_of(row["name"], *tags)
        ]
        if words:
            connection.execute(sa.insert(data_words), words)


def index_words(connection: Connection, datum_id: str) -> None:
    """Write the file's words anew: its name, its tags or its aliases have changed."""
    row = connection.execute(sa.select(data.c.project_id, data.c.ctime, data.c.name).where(data.c.id == datum_id)).one()
    tags = connection.execute(sa.select(data_tags.c.tag).where(data_tags.c.datum_id == datum_id)).scalars()
    aliases = connection.execute(sa.select(datum_aliases.c.name).where(datum_aliases.c.datum_id == datum_id)).scalars()
    words = words_of(row.name, *tags, *aliases)
    connection.execute(sa.delete(data_words).where(data_words.c.datum_id == datum_id))
    if words:
        key = {"project_id": row.project_id, "ctime": row.ctime, "datum_id": datum_id}
        connection.execute(sa.insert(data_words), [{**key, "word": word} for word in words])


def add_tags(connection: Connection, datum_id: str, tags: Iterable[str]) -> None:
    """Those that the file does not have yet."""
    present = set(connection.execute(sa.select(data_tags.c.tag).where(data_tags.c.datum_id == datum_id)).scalars())
    fresh = [tag for tag in tags if tag not in present]
    if fresh:
        row = connection.execute(sa.select(data.c.project_id, data.c.ctime).where(data.c.id == datum_id)).one()
        key = {"datum_id": datum_id, "project_id": row.project_id, "ctime": row.ctime}
        connection.execute(sa.insert(data_tags), [{**key, "tag": tag} for tag in fresh])
        index_words(connection, datum_id)


def checked_tags(tags: Any) -> list[str]:
    """Tags without repeats and outer blanks, in the order given."""
    if not isinstance(tags, (list, tuple)):
        raise Invalid("`tags` is a list of texts.")
    found: dict[str, None] = {}
    for tag in tags:
        if not isinstance(tag, str) or not tag.strip() or len(tag) > MAX_TAG or "\0" in tag:
            raise Invalid(f"{tag!r} cannot be a tag: a tag is a text of 1 to {MAX_TAG} characters.")
        found[tag.strip()] = None
    return list(found)


def add_edge(connection: Connection, source: Node, target: Node, kind: str, name: str) -> None:
    """An edge of the lineage, unless it is there."""
    row = {
        "source_type": source[0],
        "source_id": source[1],
        "target_type": target[0],
        "target_id": target[1],
        "kind": kind,
        "name": storable.text(name)[:_LONGEST_EDGE],
    }
    key = sa.and_(*(edges.c[column] == value for column, value in row.items()))
    if connection.execute(sa.select(edges.c.kind).where(key)).first() is None:
        connection.execute(sa.insert(edges).values(**row))


def in_parts(ids: Iterable[str]) -> Iterable[list[str]]:
    """As many at a time as one statement takes."""
    known = list(dict.fromkeys(ids))
    return (known[start : start + SOME] for start in range(0, len(known), SOME))
