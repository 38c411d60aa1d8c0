"""Names that are one environment's, at most one default, who makes a trial, whose credentials an image was had with."""

from itertools import chain, count

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_LIVES = sa.text("deleted IS NULL")
_DEFAULT = sa.text("is_default")


def upgrade() -> None:
    _one_default()
    _one_name()
    op.create_index(
        "uq_environments_name", "environments", ["name"], unique=True, sqlite_where=_LIVES, postgresql_where=_LIVES
    )
    op.create_index(
        "uq_environments_default",
        "environments",
        ["is_default"],
        unique=True,
        sqlite_where=_DEFAULT,
        postgresql_where=_DEFAULT,
    )
    op.add_column("environment_tests", sa.Column("engine_id", sa.String(length=36), nullable=True))
    op.add_column("executions", sa.Column("image_entry", sa.JSON(), nullable=True))


_environments = sa.table(
    "environments",
    *map(sa.column, ("id", "name", "slug")),
    sa.column("is_default", sa.Boolean()),
    sa.column("deleted", sa.DateTime()),
    sa.column("ctime", sa.DateTime()),
)


def _one_default() -> None:
    """Of several the oldest, as it was until now."""
    connection = op.get_bind()
    query = sa.select(_environments.c.id).where(_environments.c.is_default)
    for surplus in connection.execute(query.order_by(_environments.c.ctime, _environments.c.id)).scalars().all()[1:]:
        connection.execute(sa.update(_environments).where(_environments.c.id == surplus).values(is_default=sa.false()))


def _one_name() -> None:
    """The slugs tell those of the same name apart."""
    connection = op.get_bind()
    query = sa.select(_environments).where(_environments.c.deleted.is_(None))
    rows = connection.execute(query.order_by(_environments.c.ctime, _environments.c.id)).all()
    taken = {row.name for row in rows}
    kept: set[str] = set()
    for row in rows:
        if row.name not in kept:
            kept.add(row.name)
            continue
        names = (f"{row.name[:100]} ({row.slug}{more})" for more in chain([""], (f" {n}" for n in count(2))))
        name = next(name for name in names if name not in taken)
        connection.execute(sa.update(_environments).where(_environments.c.id == row.id).values(name=name))
        taken.add(name)
