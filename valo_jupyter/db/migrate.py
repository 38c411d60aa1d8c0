"""Runs the Alembic migrations of this package."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from valo_jupyter.db.database import Database

MIGRATIONS = Path(__file__).parent / "migrations"


def config() -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(MIGRATIONS))
    return configuration


def upgrade(database: Database, revision: str = "head") -> None:
    """Upgrade in one transaction, so that a process that dies leaves the old schema whole."""
    configuration = config()
    with database.write() as connection:
        if not database.sqlite:
            # processes of a team server that start together take turns
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(86051)"))
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, revision)
