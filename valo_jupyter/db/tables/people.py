"""People, their projects and code, and what projects keep secret."""

from __future__ import annotations

import sqlalchemy as sa

from valo_jupyter.db.tables.base import id_column, metadata, reference

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
