"""What runs, for whom and where: people, projects, environments, machines, executions."""

from __future__ import annotations

import sqlalchemy as sa

from valo_jupyter.db.tables.base import id_column, metadata, reference

#: small facts of the server itself: who places, when the web process was last seen
facts = sa.Table(
    "facts",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("value", sa.JSON, nullable=False),
)

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("username", sa.String(150), nullable=False, unique=True),
    sa.Column("admin", sa.Boolean, nullable=False, default=False),
    sa.Column("ctime", sa.DateTime, nullable=False),
)

tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("hash", sa.String(64), primary_key=True),
    reference("user_id", "users.id"),
    sa.Column("ctime", sa.DateTime, nullable=False),
)

projects = sa.Table(
    "projects",
    metadata,
    id_column(),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("description", sa.Text, nullable=False, default=""),
    reference("owner_id", "users.id"),
    #: where the project's folder is: `<host>:<path>`, unique for its owner; null for projects without one
    sa.Column("folder", sa.Text),
    sa.Column("yaml_path", sa.Text, nullable=False, default="valohai.yaml"),
    #: where outputs go; null: the built-in store
    sa.Column("default_store_id", sa.String(36)),
    sa.Column("last_counter", sa.Integer, nullable=False, default=0),
    #: grows by one with every change to an execution of the project; readers ask for what is newer
    sa.Column("revision", sa.Integer, nullable=False, default=0),
    sa.Column("ctime", sa.DateTime, nullable=False),
    sa.UniqueConstraint("owner_id", "folder"),
)

project_variables = sa.Table(
    "project_variables",
    metadata,
    sa.Column("project_id", sa.ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("name", sa.String(255), primary_key=True),
    #: encrypted when secret
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("secret", sa.Boolean, nullable=False, default=False),
)

environments = sa.Table(
    "environments",
    metadata,
    id_column(),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("slug", sa.String(255), nullable=False, unique=True),
    sa.Column("description", sa.Text, nullable=False, default=""),
    sa.Column("engine", sa.String(64), nullable=False),
    sa.Column("options", sa.JSON, nullable=False, default=dict),
    sa.Column("enabled", sa.Boolean, nullable=False, default=True),
    sa.Column("min_scale", sa.Integer, nullable=False, default=0),
    sa.Column("max_scale", sa.Integer, nullable=False, default=5),
    sa.Column("scale_down_grace_minutes", sa.Float, nullable=False, default=15),
    sa.Column("per_hour_price_usd", sa.Float),
    #: machines that one user may hold at once; 0: no limit
    sa.Column("per_user_quota", sa.Integer, nullable=False, server_default="0"),
    #: the same for teams, by name: a team that is not here has no limit, one with 0 may not use it
    sa.Column("team_quotas", sa.JSON, nullable=False, server_default="{}"),
    sa.Column("allow_personal_usage", sa.Boolean, nullable=False, server_default=sa.true()),
    #: where executions go that name no environment; true for one at the most
    sa.Column("is_default", sa.Boolean, nullable=False, server_default=sa.false()),
    #: what its machines are, for people; what they really are is recorded when they start
    sa.Column("hardware", sa.Text, nullable=False, server_default=""),
    #: image of executions that name none
    sa.Column("image", sa.Text),
    #: how images are run: `mode`, `profile`, `network` and limits, as `domain.containers.ContainerSettings`
    sa.Column("containers", sa.JSON, nullable=False, server_default="{}"),
    #: encrypted JSON object of those options that are secret
    sa.Column("secret_options", sa.Text),
    #: how often an execution that does not say so is started again after its machine was lost
    sa.Column("requeue", sa.Integer, nullable=False, server_default="1"),
    #: why no machine can be had at the moment; those who wait are told
    sa.Column("problem", sa.Text),
    #: set when it was deleted; its executions keep it, and its slug, now with `~…` after it, is free again
    sa.Column("deleted", sa.DateTime),
    sa.Column("ctime", sa.DateTime, nullable=False),
    #: when its settings were last saved
    sa.Column("mtime", sa.DateTime),
)

#: the machines there are now, as the engine process last saw them
machines = sa.Table(
    "machines",
    metadata,
    sa.Column("name", sa.String(255), primary_key=True),
    reference("environment_id", "environments.id", index=True),
    sa.Column("engine_id", sa.String(36), nullable=False),
    #: starting, idle, busy or draining
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("since", sa.DateTime, nullable=False),
    #: when an idle one may be closed
    sa.Column("idle_until", sa.DateTime),
    sa.Column("execution_id", sa.String(36)),
    #: what `runtime.machine.describe_machine` found
    sa.Column("hardware", sa.JSON),
)

#: how an environment was used: a row when its numbers change, at most one in some seconds
environment_samples = sa.Table(
    "environment_samples",
    metadata,
    sa.Column("environment_id", sa.ForeignKey("environments.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("time", sa.DateTime, primary_key=True),
    sa.Column("starting", sa.Integer, nullable=False),
    sa.Column("idle", sa.Integer, nullable=False),
    sa.Column("busy", sa.Integer, nullable=False),
    #: executions that wait, created ones too
    sa.Column("waiting", sa.Integer, nullable=False),
    #: how long machines had been there until then, all together, since the environment was made
    sa.Column("machine_seconds", sa.Float, nullable=False, server_default="0"),
)

#: a trial of an environment's engine, made by the engine process on behalf of the web process
environment_tests = sa.Table(
    "environment_tests",
    metadata,
    id_column(),
    #: null: of settings that are not saved
    reference("environment_id", "environments.id", nullable=True, index=True),
    reference("creator_id", "users.id"),
    #: what is tried, as in `environments`
    sa.Column("engine", sa.String(64), nullable=False),
    sa.Column("options", sa.JSON, nullable=False, default=dict),
    sa.Column("secret_options", sa.Text),
    sa.Column("image", sa.Text),
    #: of the token with which its machine reports; null before it runs
    sa.Column("token_hash", sa.String(64), unique=True),
    #: wanted, running, passed or failed
    sa.Column("status", sa.String(16), nullable=False),
    #: `[{"name", "ok", "message", "seconds"}]`, in their order
    sa.Column("steps", sa.JSON, nullable=False, default=list),
    #: what the machine is, when one was had
    sa.Column("hardware", sa.JSON),
    sa.Column("ctime", sa.DateTime, nullable=False),
    sa.Column("ended", sa.DateTime),
)

#: credentials for private registries, by the images they are for
registries = sa.Table(
    "registries",
    metadata,
    id_column(),
    reference("owner_id", "users.id", index=True),
    #: a pattern such as `docker.io/myusername/*`
    sa.Column("match", sa.Text, nullable=False),
    #: docker-hub, azure, ecr, gcp or generic
    sa.Column("type", sa.String(16), nullable=False),
    sa.Column("username", sa.Text, nullable=False, default=""),
    #: encrypted
    sa.Column("password", sa.Text, nullable=False),
    sa.Column("ctime", sa.DateTime, nullable=False),
    sa.Column("mtime", sa.DateTime, nullable=False),
    sa.UniqueConstraint("owner_id", "match"),
)

commits = sa.Table(
    "commits",
    metadata,
    id_column(),
    reference("project_id", "projects.id"),
    #: `~…` for adhoc code, else the git commit
    sa.Column("identifier", sa.String(80), nullable=False),
    sa.Column("sha", sa.String(64), nullable=False),
    sa.Column("adhoc", sa.Boolean, nullable=False),
    sa.Column("description", sa.Text, nullable=False, default=""),
    sa.Column("yaml_path", sa.Text, nullable=False, default="valohai.yaml"),
    reference("creator_id", "users.id"),
    sa.Column("ctime", sa.DateTime, nullable=False),
    sa.UniqueConstraint("project_id", "identifier"),
)

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

engines = sa.Table(
    "engines",
    metadata,
    id_column(),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("version", sa.String(32), nullable=False),
    sa.Column("started", sa.DateTime, nullable=False),
    sa.Column("beat", sa.DateTime, nullable=False),
    sa.Column("draining", sa.Boolean, nullable=False, default=False),
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
