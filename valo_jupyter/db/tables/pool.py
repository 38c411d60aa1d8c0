"""Where executions run: environments, their machines and trials, the engine process."""

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
    sa.Index(
        "uq_environments_name",
        "name",
        unique=True,
        sqlite_where=sa.text("deleted IS NULL"),
        postgresql_where=sa.text("deleted IS NULL"),
    ),
    sa.Index(
        "uq_environments_default",
        "is_default",
        unique=True,
        sqlite_where=sa.text("is_default"),
        postgresql_where=sa.text("is_default"),
    ),
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
    #: the engine process that makes it; null before it runs
    sa.Column("engine_id", sa.String(36)),
    #: wanted, running, passed or failed
    sa.Column("status", sa.String(16), nullable=False),
    #: `[{"name", "ok", "message", "seconds"}]`, in their order
    sa.Column("steps", sa.JSON, nullable=False, default=list),
    #: what the machine is, when one was had
    sa.Column("hardware", sa.JSON),
    sa.Column("ctime", sa.DateTime, nullable=False),
    sa.Column("ended", sa.DateTime),
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
