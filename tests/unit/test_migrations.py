"""The migrations make exactly the tables, on both databases, also when several processes begin at once."""

from __future__ import annotations

import threading
from pathlib import Path

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from valo_jupyter.db import Database
from valo_jupyter.db.database import HEAD
from valo_jupyter.db.migrate import config
from valo_jupyter.db.tables import metadata


def open_database(url: str | None, folder: Path) -> Database:
    return Database(url) if url else Database.in_folder(folder / "valo.sqlite3")


def test_head_is_the_newest_migration() -> None:
    assert ScriptDirectory.from_config(config()).get_current_head() == HEAD


def test_migrated_tables_are_the_tables(database_url: str | None, tmp_path: Path) -> None:
    database = open_database(database_url, tmp_path)
    database.migrate()
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    database.close()


def test_several_processes_migrate_at_once(database_url: str | None, tmp_path: Path) -> None:
    databases = [open_database(database_url, tmp_path) for _ in range(4)]
    failures: list[Exception] = []

    def migrate(database: Database) -> None:
        try:
            database.migrate()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=migrate, args=(database,)) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with databases[0].read() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM alembic_version")).scalar_one() == 1
    for database in databases:
        database.close()
