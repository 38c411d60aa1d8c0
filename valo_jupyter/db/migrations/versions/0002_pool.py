"""The pool: settings of environments, machines, trials, registries, and a line for each user."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def _settings() -> tuple[sa.Column, ...]:
    return (
        sa.Column("per_user_quota", sa.Integer(), server_default="0", nullable=False),
        sa.Column("team_quotas", sa.JSON(), server_default="{}", nullable=False),
        sa.Column("allow_personal_usage", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("is_default", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("hardware", sa.Text(), server_default="", nullable=False),
        sa.Column("image", sa.Text(), nullable=True),
        sa.Column("containers", sa.JSON(), server_default="{}", nullable=False),
        sa.Column("secret_options", sa.Text(), nullable=True),
        sa.Column("requeue", sa.Integer(), server_default="1", nullable=False),
        sa.Column("deleted", sa.DateTime(), nullable=True),
        sa.Column("mtime", sa.DateTime(), nullable=True),
    )


_QUEUE = ["environment_id", "status", "creator_id", "priority", "queued", "counter"]


def upgrade() -> None:
    for column in _settings():
        op.add_column("environments", column)
    # as it was: the one on this computer goes before others, and needs no container engine
    op.execute("""UPDATE environments SET is_default = true, containers = '{"mode": "auto"}' WHERE slug = 'local'""")
    # what there was until now recorded images, and ran processes
    op.execute('UPDATE environments SET containers = \'{"mode": "auto"}\'')
    op.add_column("executions", sa.Column("image_digest", sa.Text(), nullable=True))
    op.add_column("executions", sa.Column("resources", sa.JSON(), server_default="{}", nullable=False))
    op.drop_index("ix_executions_queue", table_name="executions")
    op.create_index("ix_executions_queue", "executions", _QUEUE)
    op.create_table(
        "machines",
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("environment_id", sa.String(length=36), nullable=False),
        sa.Column("engine_id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.Column("idle_until", sa.DateTime(), nullable=True),
        sa.Column("execution_id", sa.String(length=36), nullable=True),
        sa.Column("hardware", sa.JSON(), nullable=True),
        _owned("machines", "environment_id", "environments"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_machines")),
    )
    op.create_index(op.f("ix_machines_environment_id"), "machines", ["environment_id"])
    op.create_table(
        "environment_samples",
        sa.Column("environment_id", sa.String(length=36), nullable=False),
        sa.Column("time", sa.DateTime(), nullable=False),
        sa.Column("starting", sa.Integer(), nullable=False),
        sa.Column("idle", sa.Integer(), nullable=False),
        sa.Column("busy", sa.Integer(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("machine_seconds", sa.Float(), server_default="0", nullable=False),
        _owned("environment_samples", "environment_id", "environments"),
        sa.PrimaryKeyConstraint("environment_id", "time", name=op.f("pk_environment_samples")),
    )
    op.create_table(
        "environment_tests",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("environment_id", sa.String(length=36), nullable=True),
        sa.Column("creator_id", sa.Integer(), nullable=False),
        sa.Column("engine", sa.String(length=64), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("secret_options", sa.Text(), nullable=True),
        sa.Column("image", sa.Text(), nullable=True),
        sa.Column("token_hash", sa.String(length=64), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("hardware", sa.JSON(), nullable=True),
        sa.Column("ctime", sa.DateTime(), nullable=False),
        sa.Column("ended", sa.DateTime(), nullable=True),
        _owned("environment_tests", "environment_id", "environments"),
        _owned("environment_tests", "creator_id", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_environment_tests")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_environment_tests_token_hash")),
    )
    op.create_index(op.f("ix_environment_tests_environment_id"), "environment_tests", ["environment_id"])
    op.create_table(
        "registries",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("match", sa.Text(), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("ctime", sa.DateTime(), nullable=False),
        sa.Column("mtime", sa.DateTime(), nullable=False),
        _owned("registries", "owner_id", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registries")),
        sa.UniqueConstraint("owner_id", "match", name=op.f("uq_registries_owner_id_match")),
    )
    op.create_index(op.f("ix_registries_owner_id"), "registries", ["owner_id"])


def _owned(table: str, column: str, owner: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{owner}.id"], name=op.f(f"fk_{table}_{column}"), ondelete="CASCADE")
