"""The cells of executions: how long each ran, what memory it took, which were skipped; prices at the time."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "execution_cells",
        sa.Column("execution_id", sa.String(length=36), nullable=False),
        sa.Column("cell", sa.Integer(), nullable=False),
        sa.Column("code", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("started", sa.DateTime(), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.Column("peak_memory_bytes", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["execution_id"], ["executions.id"], name=op.f("fk_execution_cells_execution_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("execution_id", "cell", name=op.f("pk_execution_cells")),
    )
    op.add_column("attempts", sa.Column("per_hour_price_usd", sa.Float(), nullable=True))
    op.execute(
        "UPDATE attempts SET per_hour_price_usd = (SELECT environments.per_hour_price_usd FROM environments "
        "JOIN executions ON executions.environment_id = environments.id WHERE executions.id = attempts.execution_id)"
    )
