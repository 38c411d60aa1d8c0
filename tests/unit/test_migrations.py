"""The migrations make exactly the tables, on both databases, also when several processes begin at once."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from valo_jupyter.db import Database
from valo_jupyter.db.database import HEAD
from valo_jupyter.db.migrate import config, upgrade
from valo_jupyter.db.tables import metadata
from valo_jupyter.domain import clock


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


def test_what_a_database_had_before_0004_and_0005(database_url: str | None, tmp_path: Path) -> None:
    """Attempts cost what their environments do, and environments of one name are told apart."""
    database = open_database(database_url, tmp_path)
    upgrade(database, "0003")
    now = clock.now()
    names = {"gpu": "GPU", "gpu-2": "GPU", "gpu-3": "GPU (gpu-2)", "gpu-4": "GPU (gpu-2)", "priced": "Priced"}
    with database.write() as connection:

        def add(table: str, **values: Any) -> Any:
            key = connection.execute(sa.insert(metadata.tables[table]).values(**values)).inserted_primary_key
            return key and key[0]

        for number, (slug, name) in enumerate(names.items()):
            add(
                "environments", id=slug, name=name, slug=slug, engine="local", ctime=now + timedelta(seconds=number),
                per_hour_price_usd=2.5 if slug == "priced" else None,
            )  # fmt: skip
        user = add("users", username="ana", ctime=now)
        add("projects", id="p", name="p", owner_id=user, ctime=now)
        add("commits", id="c", project_id="p", identifier="~x", sha="x", adhoc=True, creator_id=user, ctime=now)
        for counter, environment in enumerate(("gpu", "priced"), 1):
            add(
                "executions", id=environment, project_id="p", counter=counter, revision=1, status="complete",
                step="train", commit_id="c", environment_id=environment, creator_id=user, ctime=now,
            )  # fmt: skip
            add(
                "attempts", execution_id=environment, number=1, token_hash=environment, engine_id="e", placed=now,
                lease_until=now,
            )  # fmt: skip
    database.migrate()
    tables = metadata.tables
    with database.read() as connection:
        attempts, environments = tables["attempts"].c, tables["environments"].c
        prices = connection.execute(sa.select(attempts.execution_id, attempts.per_hour_price_usd)).tuples().all()
        after = connection.execute(sa.select(environments.slug, environments.name)).tuples().all()
    assert dict(prices) == {"gpu": None, "priced": 2.5}
    assert dict(after) == {**names, "gpu-2": "GPU (gpu-2 2)", "gpu-4": "GPU (gpu-2) (gpu-4)"}
    database.close()
