"""Alembic's environment: the connection is handed over by `valo_jupyter.db.migrate`."""

from alembic import context

from valo_jupyter.db.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=connection.dialect.name == "sqlite")
context.run_migrations()
