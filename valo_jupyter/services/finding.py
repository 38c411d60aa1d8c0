"""Finding files: by filters and words; flat in the number of files there are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from valo_jupyter.db import Connection
from valo_jupyter.db.tables import data, data_tags, data_words, dataset_files, datum_aliases, edges
from valo_jupyter.domain.errors import Invalid
from valo_jupyter.domain.words import words_of
from valo_jupyter.services import store_rows
from valo_jupyter.services.datum_rows import in_parts

#: each is the order of an index
ORDERINGS: dict[str, tuple[sa.ColumnElement[Any], ...]] = {
    "-ctime": (data.c.ctime.desc(), data.c.id.desc()),
    "ctime": (data.c.ctime, data.c.id),
    "name": (data.c.name, data.c.id),
    "-name": (data.c.name.desc(), data.c.id.desc()),
    "size": (data.c.size, data.c.id),
    "-size": (data.c.size.desc(), data.c.id.desc()),
}
#: a word that fewer files have is looked up in the words' index at once
FEW = 500
#: how many of the newest files are looked at for a word that more of them have, and if that is too few, the next time
STRETCHES = (500, 2000)
_ORIGINS = ("output", "input", "upload", "adopted")
_LAST = chr(0x10FFFF)


@dataclass(frozen=True)
class Filter:
    """What to list. None, empty texts and tuples do not filter."""

    project_id: str | None
    output_execution: str | None = None
    search: str = ""
    tags: tuple[str, ...] = ()
    alias: str | None = None
    #: id or name, or `store_rows.BUILT_IN`
    store: str | None = None
    origin: str | None = None
    #: made or read by it
    execution: str | None = None
    purged: bool | None = None
    ordering: str = "-ctime"
    #: the id of a file: those after it in this order
    before: str | None = None
    limit: int = 5000
    offset: int = 0
    count: bool = False


def page(connection: Connection, query: sa.Select, wanted: Filter) -> list[Any]:
    """The rows of `query`, which selects from `data`, that the filter lets through."""
    order = ORDERINGS.get(wanted.ordering)
    if order is None:
        raise Invalid(f"Files cannot be ordered by {wanted.ordering!r}; use one of {', '.join(ORDERINGS)}.")
    ids = _ids(connection, wanted) if wanted.ordering == "-ctime" else None
    if ids is not None:
        rows = [row for some in in_parts(ids) for row in connection.execute(query.where(data.c.id.in_(some)))]
        place = {datum_id: number for number, datum_id in enumerate(ids)}
        return sorted(rows, key=lambda row: place[row.id])
    found = conditions(connection, wanted)
    if wanted.before:
        column = data.c[wanted.ordering.removeprefix("-")]
        found.append(_behind(connection, wanted, (column, data.c.id)))
    return list(connection.execute(query.where(*found).order_by(*order).limit(wanted.limit).offset(wanted.offset)))


def count(connection: Connection, wanted: Filter) -> int:
    """How many match. Files with a word are taken together from its index, not looked up one by one."""
    found = conditions(connection, replace(wanted, search=""))
    for word in words_of(wanted.search):
        found.append(data.c.id.in_(sa.select(data_words.c.datum_id).where(_begins(wanted.project_id, word))))
    return connection.execute(sa.select(sa.func.count()).select_from(data).where(*found)).scalar_one()


def conditions(connection: Connection, wanted: Filter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = [data.c.project_id == wanted.project_id]
    if wanted.output_execution:
        found.append(data.c.output_execution_id == wanted.output_execution)
    for tag in wanted.tags:
        found.append(data.c.id.in_(_tagged(wanted.project_id, tag)))
    if wanted.alias:
        named = (datum_aliases.c.project_id == wanted.project_id) & (datum_aliases.c.name == wanted.alias)
        found.append(data.c.id.in_(sa.select(datum_aliases.c.datum_id).where(named)))
    if wanted.store == store_rows.BUILT_IN:
        found.append(data.c.store_id.is_(None) & data.c.uri.startswith("valo://"))
    elif wanted.store:
        store = store_rows.find(connection, str(wanted.project_id), wanted.store)
        found.append(data.c.store_id == (store.id if store else wanted.store))
    if wanted.origin:
        if wanted.origin not in _ORIGINS:
            raise Invalid(f"Files have no origin {wanted.origin!r}; it is one of {', '.join(_ORIGINS)}.")
        found.append(data.c.origin == wanted.origin)
    if wanted.execution:
        found.append((data.c.output_execution_id == wanted.execution) | data.c.id.in_(_read_by(wanted.execution)))
    if wanted.purged is not None:
        found.append(data.c.purged == wanted.purged)
    found += [_has(wanted.project_id, word, data.c.id) for word in words_of(wanted.search)]
    return found


def _tagged(project_id: Any, tag: str) -> sa.Select:
    return sa.select(data_tags.c.datum_id).where(data_tags.c.project_id == project_id, data_tags.c.tag == tag)


def _read_by(execution_id: str) -> sa.CompoundSelect:
    into = (edges.c.target_type == "execution") & (edges.c.target_id == execution_id) & (edges.c.kind == "input")
    single = sa.select(edges.c.source_id).where(into, edges.c.source_type == "datum")
    of_versions = (
        sa.select(dataset_files.c.datum_id)
        .join(edges, (edges.c.source_type == "dataset") & (edges.c.source_id == dataset_files.c.version_id))
        .where(into)
    )
    return sa.union(single, of_versions)


def _begins(project_id: Any, word: str, words: Any = data_words) -> sa.ColumnElement[bool]:
    column = words.c.word
    return (words.c.project_id == project_id) & (column >= word) & (column < word + _LAST)


def _has(project_id: Any, word: str, datum_id: sa.Column[Any] | Any, *, few: bool = False) -> sa.ColumnElement[bool]:
    """`few`: it is asked of few files, one by one; PostgreSQL would look for all that have the word first."""
    words = data_words.alias()
    begins = _begins(project_id, word, words)
    query = sa.select(words.c.word).where(words.c.datum_id == datum_id, begins)
    return sa.exists((query.offset(0) if few else query).correlate(datum_id.table))


def _behind(connection: Connection, wanted: Filter, columns: tuple[Any, Any]) -> sa.ColumnElement[bool]:
    """What comes after the file `wanted.before`; `columns` are those of the order."""
    name = wanted.ordering.removeprefix("-")
    mine = (data.c.id == wanted.before) & (data.c.project_id == wanted.project_id)
    row = connection.execute(sa.select(data.c[name], data.c.id).where(mine)).one_or_none()
    if row is None:
        raise Invalid(f"The project has no file {wanted.before}; begin at the first page again.")
    key = sa.tuple_(sa.literal(row[0], data.c[name].type), sa.literal(row.id, data.c.id.type))
    return sa.tuple_(*columns) < key if wanted.ordering.startswith("-") else sa.tuple_(*columns) > key


def _ids(connection: Connection, wanted: Filter) -> list[str] | None:
    """The page's files by an index of words or tags, which has them by time; None: neither is asked for."""
    words = words_of(wanted.search)
    if words:
        return _with_words(connection, wanted, words)
    if wanted.tags:
        tag = (data_tags.c.project_id == wanted.project_id) & (data_tags.c.tag == wanted.tags[0])
        return _by(connection, data_tags, tag, wanted, replace(wanted, tags=wanted.tags[1:]))
    return None


def _with_words(connection: Connection, wanted: Filter, words: list[str]) -> list[str]:
    def some(word: str) -> int:
        few = sa.select(data_words.c.datum_id).where(_begins(wanted.project_id, word)).limit(FEW)
        return connection.execute(sa.select(sa.func.count()).select_from(few.subquery())).scalar_one()

    counts = {word: some(word) for word in words}
    rarest = min(words, key=counts.__getitem__)
    if counts[rarest] >= FEW:
        # so many have it that there should be a page of them among the newest files
        for stretch in STRETCHES:
            found = _among_newest(connection, wanted, stretch)
            if len(found) == wanted.limit:
                return found
    others = replace(wanted, search=" ".join(word for word in words if word != rarest))
    return _by(connection, data_words, _begins(wanted.project_id, rarest), wanted, others)


def _among_newest(connection: Connection, wanted: Filter, stretch: int) -> list[str]:
    found = conditions(connection, replace(wanted, search=""))
    if wanted.before:
        found.append(_behind(connection, wanted, (data.c.ctime, data.c.id)))
    newest = sa.select(data.c.id, data.c.ctime).where(*found).order_by(*ORDERINGS["-ctime"]).limit(stretch).subquery()
    has = (_has(wanted.project_id, word, newest.c.id, few=True) for word in words_of(wanted.search))
    query = sa.select(newest.c.id).where(*has).order_by(newest.c.ctime.desc(), newest.c.id.desc())
    return list(connection.execute(query.limit(wanted.limit).offset(wanted.offset)).scalars())


def _by(
    connection: Connection, index: sa.Table, begin: sa.ColumnElement[bool], wanted: Filter, rest: Filter
) -> list[str]:
    """Ids of a page, newest first, from a table with `ctime` and `datum_id` of files; `rest` holds for them, too."""
    key = (index.c.ctime, index.c.datum_id)
    # the index knows the project: asked for once more, it could lead the database to look through all its files
    _, *more = conditions(connection, rest)
    if wanted.before:
        more.append(_behind(connection, wanted, key))
    query = sa.select(*key).join(data, data.c.id == index.c.datum_id).where(begin, *more)
    if index is data_words:
        query = query.distinct()
    query = query.order_by(*(column.desc() for column in key)).limit(wanted.limit).offset(wanted.offset)
    return [row.datum_id for row in connection.execute(query)]
