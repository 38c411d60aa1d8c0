"""Opens the database, brings its schema up to date, and hands out short transactions."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DataError, OperationalError, ProgrammingError

from valo_jupyter.domain import storable
from valo_jupyter.domain.errors import Invalid, StateFolder

#: the newest migration; equal to it, Alembic need not be imported at all
HEAD = "0005"


class Database:
    """One database, used from many threads.

    `read()` and `write()` give a connection inside one transaction. On SQLite a write takes the write lock at its
    beginning, so it never fails half way for having read first; on PostgreSQL rows are locked as they are touched.
    """

    def __init__(self, url: str | sa.URL) -> None:
        parsed = sa.make_url(url)
        if parsed.get_backend_name() == "postgresql" and parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        self.url = parsed
        self.sqlite = parsed.get_backend_name() == "sqlite"
        options: dict[str, Any] = {}
        if self.sqlite:
            options["connect_args"] = {"timeout": 15.0, "check_same_thread": False}
            options["poolclass"] = sa.QueuePool
        else:
            options["pool_pre_ping"] = True
        self.engine = sa.create_engine(parsed, pool_size=8, max_overflow=24, json_serializer=storable.dumps, **options)
        if self.sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        self._writing = self.engine.execution_options(valo_write=True)

    @classmethod
    def in_folder(cls, path: Path) -> Database:
        # made here, since SQLite would let others of the machine read it; its companions take after it
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        path.chmod(0o600)
        return cls(sa.URL.create("sqlite", database=str(path)))

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with _refusing(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with _refusing(), self._writing.begin() as connection:
            yield connection

    def migrate(self) -> None:
        """Bring the schema to `HEAD`; safe when several processes do it at once."""
        if self._version() == HEAD:
            return
        from valo_jupyter.db.migrate import upgrade

        try:
            upgrade(self)
        except OperationalError as error:
            raise StateFolder(f"The database {self.url.render_as_string()} cannot be opened: {error.orig}.") from error

    def _version(self) -> str | None:
        try:
            with self.read() as connection:
                return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
        except (OperationalError, ProgrammingError):
            return None

    def close(self) -> None:
        self.engine.dispose()


@contextmanager
def _refusing() -> Iterator[None]:
    """What a database cannot hold is the caller's to change: NUL, half letters, numbers and texts beyond its types."""
    try:
        yield
    except (DataError, OverflowError, UnicodeEncodeError) as error:
        raise Invalid("A value is too long, too large or has letters that cannot be kept; give another.") from error


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # the driver's own transaction handling begins too late; ours begins in _begin_sqlite
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA temp_store=MEMORY")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get("valo_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
