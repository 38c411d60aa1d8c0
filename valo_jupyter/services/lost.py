"""What a lost attempt leaves behind of what its execution has made."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from valo_jupyter.db import Connection
from valo_jupyter.db.tables import data, edges, execution_cells, metadata_points
from valo_jupyter.services import alias_rows, datum_rows, references, version_rows


def take_back(connection: Connection, execution_id: str) -> dict[str, Any]:
    """Forget the outputs, metadata and cells of an execution that runs again from its beginning: it makes its own.

    The log keeps all that was said. An output that another execution has read meanwhile stays, since that one's
    lineage leads to it; so does one that another waits for. Returned are the columns of the execution that begin anew.
    """
    version_rows.take_back(connection, execution_id)
    mine = sa.select(data.c.id).where(data.c.output_execution_id == execution_id)
    read = sa.select(edges.c.source_id).where(edges.c.source_type == "datum", edges.c.source_id.in_(mine))
    unread = list(connection.execute(mine.where(data.c.id.not_in(read))).scalars())
    if unread:
        waited_for = references.waited_for(connection, execution_id)
        unread = [datum_id for datum_id in unread if datum_id not in waited_for]
    alias_rows.take_back(connection, execution_id, unread)
    for some in datum_rows.in_parts(unread):
        connection.execute(sa.delete(edges).where(edges.c.target_type == "datum", edges.c.target_id.in_(some)))
        connection.execute(sa.delete(data).where(data.c.id.in_(some)))
    for table in (metadata_points, execution_cells):
        connection.execute(sa.delete(table).where(table.c.execution_id == execution_id))
    return {"progress": None, "metric": None, "cumulative_metadata": {}}
