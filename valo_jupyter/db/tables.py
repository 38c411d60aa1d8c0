"""The tables. Times are UTC without a zone; identifiers are UUID strings; JSON columns hold what the wire shows."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> sa.Column:
    return sa.Column("id", sa.String(36), primary_key=True)


def _ref(name: str, target: str, *, nullable: bool = False, index: bool = False) -> sa.Column:
    return sa.Column(name, sa.ForeignKey(target, ondelete="CASCADE"), nullable=nullable, index=index)


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
    _ref("user_id", "users.id"),
    sa.Column("ctime", sa.DateTime, nullable=False),
)

projects = sa.Table(
    "projects",
    metadata,
    _id(),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("description", sa.Text, nullable=False, default=""),
    _ref("owner_id", "users.id"),
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

#: the team's own data stores; the built-in one has no row
stores = sa.Table(
    "stores",
    metadata,
    _id(),
    _ref("project_id", "projects.id"),
    #: unique among those of the project that are not deleted
    sa.Column("name", sa.String(255), nullable=False),
    #: s3, azure, gcs or swift, or one of an entry point
    sa.Column("type", sa.String(64), nullable=False),
    sa.Column("options", sa.JSON, nullable=False, default=dict),
    #: encrypted JSON object; null: found on the machine
    sa.Column("credentials", sa.Text),
    _ref("creator_id", "users.id"),
    #: set when it was deleted; its files keep it, and its name, now with `~…` after it, is free again
    sa.Column("deleted", sa.DateTime),
    sa.Column("ctime", sa.DateTime, nullable=False),
    sa.Column("mtime", sa.DateTime, nullable=False),
    sa.UniqueConstraint("project_id", "name"),
)

environments = sa.Table(
    "environments",
    metadata,
    _id(),
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
    _ref("environment_id", "environments.id", index=True),
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
    _id(),
    #: null: of settings that are not saved
    _ref("environment_id", "environments.id", nullable=True, index=True),
    _ref("creator_id", "users.id"),
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
    _id(),
    _ref("owner_id", "users.id", index=True),
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
    _id(),
    _ref("project_id", "projects.id"),
    #: `~…` for adhoc code, else the git commit
    sa.Column("identifier", sa.String(80), nullable=False),
    sa.Column("sha", sa.String(64), nullable=False),
    sa.Column("adhoc", sa.Boolean, nullable=False),
    sa.Column("description", sa.Text, nullable=False, default=""),
    sa.Column("yaml_path", sa.Text, nullable=False, default="valohai.yaml"),
    _ref("creator_id", "users.id"),
    sa.Column("ctime", sa.DateTime, nullable=False),
    sa.UniqueConstraint("project_id", "identifier"),
)

executions = sa.Table(
    "executions",
    metadata,
    _id(),
    _ref("project_id", "projects.id"),
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
    _ref("commit_id", "commits.id"),
    _ref("environment_id", "environments.id"),
    _ref("creator_id", "users.id"),
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
    sa.Index("ix_attempts_open", "status", "lease_until"),
)

engines = sa.Table(
    "engines",
    metadata,
    _id(),
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

data = sa.Table(
    "data",
    metadata,
    _id(),
    _ref("project_id", "projects.id"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("md5", sa.String(32)),
    sa.Column("sha1", sa.String(40)),
    sa.Column("sha256", sa.String(64), index=True),
    sa.Column("uri", sa.Text, nullable=False),
    #: where it is; null: the built-in store, or behind a web address
    sa.Column("store_id", sa.String(36)),
    #: where it is to be moved to, once that store takes it
    sa.Column("wanted_store_id", sa.String(36)),
    #: which version of the object it is, as its store says
    sa.Column("version", sa.Text),
    #: output, input, upload or adopted
    sa.Column("origin", sa.String(16), nullable=False, server_default="output"),
    sa.Column("metadata", sa.JSON, nullable=False, default=dict),
    _ref("creator_id", "users.id"),
    _ref("output_execution_id", "executions.id", nullable=True, index=True),
    sa.Column("ctime", sa.DateTime, nullable=False),
    sa.Column("purged", sa.Boolean, nullable=False, default=False),
    # in the orders of the lists
    sa.Index("ix_data_project", "project_id", "ctime", "id"),
    sa.Index("ix_data_store", "project_id", "store_id", "ctime", "id"),
    sa.Index("ix_data_name", "project_id", "name", "id"),
    sa.Index("ix_data_size", "project_id", "size", "id"),
    sa.Index("ix_data_uri", "project_id", "uri"),
)

data_tags = sa.Table(
    "data_tags",
    metadata,
    sa.Column("datum_id", sa.ForeignKey("data.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("tag", sa.String(255), primary_key=True),
    sa.Column("project_id", sa.String(36), nullable=False),
    sa.Column("ctime", sa.DateTime, nullable=False),
    sa.Index("ix_data_tags_lookup", "project_id", "tag", "ctime", "datum_id"),
)

#: words of the names, tags and aliases of files, as `domain.words` has them, by which they are searched
data_words = sa.Table(
    "data_words",
    metadata,
    sa.Column("project_id", sa.String(36), primary_key=True),
    # in the order of its letters' numbers, so that those with the same beginning are side by side
    sa.Column("word", sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql"), primary_key=True),
    sa.Column("ctime", sa.DateTime, primary_key=True),
    sa.Column("datum_id", sa.ForeignKey("data.id", ondelete="CASCADE"), primary_key=True, index=True),
)

datum_aliases = sa.Table(
    "datum_aliases",
    metadata,
    _id(),
    _ref("project_id", "projects.id"),
    sa.Column("name", sa.String(255), nullable=False),
    #: null: its file is gone
    sa.Column("datum_id", sa.ForeignKey("data.id", ondelete="SET NULL"), index=True),
    sa.Column("ctime", sa.DateTime, nullable=False),
    sa.Column("mtime", sa.DateTime, nullable=False),
    sa.UniqueConstraint("project_id", "name"),
)

#: what an alias stood for, since when, and who said so
datum_alias_changes = sa.Table(
    "datum_alias_changes",
    metadata,
    sa.Column("alias_id", sa.ForeignKey("datum_aliases.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("datum_id", sa.String(36)),
    sa.Column("user_id", sa.Integer),
    #: the execution whose output took the alias
    sa.Column("execution_id", sa.String(36)),
    sa.Column("time", sa.DateTime, nullable=False),
)

datasets = sa.Table(
    "datasets",
    metadata,
    _id(),
    _ref("project_id", "projects.id"),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("description", sa.Text, nullable=False, server_default=""),
    sa.Column("ctime", sa.DateTime, nullable=False),
    sa.UniqueConstraint("project_id", "name"),
)

dataset_versions = sa.Table(
    "dataset_versions",
    metadata,
    _id(),
    _ref("dataset_id", "datasets.id"),
    sa.Column("name", sa.String(255), nullable=False),
    _ref("creator_id", "users.id"),
    #: the execution whose outputs it is made of, which adds files until it ends
    sa.Column("execution_id", sa.String(36), index=True),
    #: no file is added or removed from then on
    sa.Column("sealed", sa.DateTime),
    sa.Column("metadata", sa.JSON, nullable=False, default=dict),
    sa.Column("ctime", sa.DateTime, nullable=False),
    sa.UniqueConstraint("dataset_id", "name"),
)

dataset_files = sa.Table(
    "dataset_files",
    metadata,
    sa.Column("version_id", sa.ForeignKey("dataset_versions.id", ondelete="CASCADE"), primary_key=True),
    #: its name within the version, with `/`
    sa.Column("name", sa.String(1024), primary_key=True),
    sa.Column("datum_id", sa.ForeignKey("data.id", ondelete="CASCADE"), nullable=False, index=True),
)

#: other names of versions, which may come to stand for others
dataset_aliases = sa.Table(
    "dataset_aliases",
    metadata,
    sa.Column("dataset_id", sa.ForeignKey("datasets.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("name", sa.String(255), primary_key=True),
    sa.Column("version_id", sa.ForeignKey("dataset_versions.id", ondelete="CASCADE"), nullable=False, index=True),
)

#: files on their way from people; their bytes are in the state folder until they are whole
uploads = sa.Table(
    "uploads",
    metadata,
    _id(),
    _ref("project_id", "projects.id"),
    _ref("creator_id", "users.id"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    #: what the sender says that it is
    sa.Column("sha256", sa.String(64)),
    sa.Column("store_id", sa.String(36)),
    #: tags, aliases, metadata of the file to be
    sa.Column("properties", sa.JSON, nullable=False, default=dict),
    #: the file that came of it
    sa.Column("datum_id", sa.String(36)),
    sa.Column("ctime", sa.DateTime, nullable=False),
    sa.Column("mtime", sa.DateTime, nullable=False),
)

#: lineage: commit → execution (code), datum → execution (input), execution → datum (output), datum → dataset version
#: (dataset), dataset version → execution (input)
edges = sa.Table(
    "edges",
    metadata,
    sa.Column("source_type", sa.String(16), primary_key=True),
    sa.Column("source_id", sa.String(36), primary_key=True),
    sa.Column("target_type", sa.String(16), primary_key=True),
    sa.Column("target_id", sa.String(36), primary_key=True),
    sa.Column("kind", sa.String(16), primary_key=True),
    #: the input's or output's name
    sa.Column("name", sa.String(255), primary_key=True, default=""),
    sa.Index("ix_edges_target", "target_type", "target_id"),
)
