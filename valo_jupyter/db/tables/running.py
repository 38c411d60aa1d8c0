"""What runs: executions, their attempts, and what they told of themselves."""

from __future__ import annotations

import sqlalchemy as sa

from valo_jupyter.db.tables.base import id_column, metadata, reference

executions = sa.Table(
    "executions",
    metadata,
    id_column(),
    reference("project_id", "projects.id"),
    sa.Column("counter", sa.Integer, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("status_detail", sa.Text, nullable=False, default=""),
    sa.Column("title", sa.Text, nullable=False, default=""),
    sa.Column("step", sa.Text, nullable=False),
    sa.Column("image", sa.Text),
    #: what the image was when it was pulled: `name@sha256:…`
    sa.Column("image_digest", sa.Text),
    #: the entry of a private registry that it was pulled with: `{"id", "match"}`
    sa.Column("image_entry", sa.JSON),
    #: what it asks of its machine, over what the environment gives: `cpu`, `memory_bytes`, `pids`, `shm_bytes`, `gpus`
    sa.Column("resources", sa.JSON, nullable=False, server_default="{}"),
    reference("commit_id", "commits.id"),
    reference("environment_id", "environments.id"),
    reference("creator_id", "users.id"),
    sa.Column("priority", sa.Integer, nullable=False, default=0),
    sa.Column("ctime", sa.DateTime, nullable=False),
    sa.Column("queued", sa.DateTime),
    sa.Column("started", sa.DateTime),
    sa.Column("ended", sa.DateTime),
    # what runs
    sa.Column("notebook_path", sa.Text),
    sa.Column("kernel", sa.JSON),
    sa.Column("inject", sa.JSON, nullable=False, default=dict),
    sa.Column("commands", sa.JSON),
    sa.Column("parameters", sa.JSON, nullable=False, default=dict),
    sa.Column("inputs", sa.JSON, nullable=False, default=list),
    sa.Column("environment_variables", sa.JSON, nullable=False, default=dict),
    #: encrypted JSON object of the secret variables
    sa.Column("secrets", sa.Text),
    sa.Column("git", sa.JSON),
    sa.Column("left_out", sa.JSON, nullable=False, default=list),
    sa.Column("time_limit", sa.Float),
    sa.Column("no_output_timeout", sa.Float),
    sa.Column("requeue", sa.Integer, nullable=False, default=1),
    sa.Column("requeued", sa.Integer, nullable=False, default=0),
    sa.Column("idempotency_key", sa.String(64)),
    sa.Column("copied_from", sa.String(36)),
    #: where its outputs go; null: the project's default upload store
    sa.Column("store_id", sa.String(36)),
    # how it goes
    sa.Column("attempt", sa.Integer, nullable=False, default=0),
    sa.Column("progress", sa.JSON),
    sa.Column("metric", sa.JSON),
    sa.Column("cumulative_metadata", sa.JSON, nullable=False, default=dict),
    sa.Column("error", sa.JSON),
    sa.Column("machine", sa.JSON),
    sa.Column("capture", sa.JSON),
    sa.Column("seconds", sa.JSON),
    sa.Column("peak_memory_bytes", sa.BigInteger),
    sa.Column("exit_code", sa.Integer),
    sa.Column("cost", sa.Float),
    sa.Column("stop", sa.JSON),
    sa.UniqueConstraint("project_id", "counter"),
    sa.UniqueConstraint("project_id", "idempotency_key"),
    sa.Index("ix_executions_project_status", "project_id", "status", "counter"),
    sa.Index("ix_executions_project_revision", "project_id", "revision"),
    sa.Index("ix_executions_project_notebook", "project_id", "notebook_path", "counter"),
    # each user's own line, so that the users are compared by their first ones only
    sa.Index("ix_executions_queue", "environment_id", "status", "creator_id", "priority", "queued", "counter"),
)

execution_tags = sa.Table(
    "execution_tags",
    metadata,
    sa.Column("execution_id", sa.ForeignKey("executions.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("tag", sa.String(255), primary_key=True),
    sa.Column("project_id", sa.String(36), nullable=False),
    sa.Column("counter", sa.Integer, nullable=False),
    sa.Index("ix_execution_tags_lookup", "project_id", "tag", "counter"),
)

attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("execution_id", sa.ForeignKey("executions.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
    sa.Column("engine_id", sa.String(36), nullable=False),
    #: open while it may write; then how it ended: complete, error, stopped, crashed, lost, unplaced
    sa.Column("status", sa.String(16), nullable=False, default="open"),
    sa.Column("reason", sa.Text, nullable=False, default=""),
    sa.Column("machine", sa.JSON),
    sa.Column("placed", sa.DateTime, nullable=False),
    sa.Column("started", sa.DateTime),
    sa.Column("ended", sa.DateTime),
    sa.Column("lease_until", sa.DateTime, nullable=False),
    #: the machine's last event number that the server has
    sa.Column("acked", sa.BigInteger, nullable=False, default=0),
    #: of its environment, when it was placed
    sa.Column("per_hour_price_usd", sa.Float),
    sa.Index("ix_attempts_open", "status", "lease_until"),
)

metadata_points = sa.Table(
    "metadata_points",
    metadata,
    sa.Column("execution_id", sa.ForeignKey("executions.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True),
    sa.Column("time", sa.DateTime, nullable=False),
    sa.Column("values", sa.JSON, nullable=False),
)

#: those that were begun or skipped, of the newest attempt
execution_cells = sa.Table(
    "execution_cells",
    metadata,
    sa.Column("execution_id", sa.ForeignKey("executions.id", ondelete="CASCADE"), primary_key=True),
    #: place among all cells of the executed notebook
    sa.Column("cell", sa.Integer, primary_key=True),
    #: number among the code cells, from 1
    sa.Column("code", sa.Integer, nullable=False),
    #: as in `cell` events: started, done, error, skipped
    sa.Column("state", sa.String(16), nullable=False),
    #: it was skipped: `empty`, or the tag that says so
    sa.Column("why", sa.Text),
    sa.Column("started", sa.DateTime),
    sa.Column("seconds", sa.Float),
    sa.Column("peak_memory_bytes", sa.BigInteger),
)
