"""Files: stores, data with their tags, words and aliases, datasets, uploads, and the lineage of all."""

from __future__ import annotations

import sqlalchemy as sa

from valo_jupyter.db.tables.base import id_column, metadata, reference

#: the team's own data stores; the built-in one has no row
stores = sa.Table(
    "stores",
    metadata,
    id_column(),
    reference("project_id", "projects.id"),
    #: unique among those of the project that are not deleted
    sa.Column("name", sa.String(255), nullable=False),
    #: s3, azure, gcs or swift, or one of an entry point
    sa.Column("type", sa.String(64), nullable=False),
    sa.Column("options", sa.JSON, nullable=False, default=dict),
    #: encrypted JSON object; null: found on the machine
    sa.Column("credentials", sa.Text),
    reference("creator_id", "users.id"),
    #: set when it was deleted; its files keep it, and its name, now with `~…` after it, is free again
    sa.Column("deleted", sa.DateTime),
    sa.Column("ctime", sa.DateTime, nullable=False),
    sa.Column("mtime", sa.DateTime, nullable=False),
    sa.UniqueConstraint("project_id", "name"),
)

data = sa.Table(
    "data",
    metadata,
    id_column(),
    reference("project_id", "projects.id"),
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
    reference("creator_id", "users.id"),
    reference("output_execution_id", "executions.id", nullable=True, index=True),
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
    id_column(),
    reference("project_id", "projects.id"),
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
    id_column(),
    reference("project_id", "projects.id"),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("description", sa.Text, nullable=False, server_default=""),
    sa.Column("ctime", sa.DateTime, nullable=False),
    sa.UniqueConstraint("project_id", "name"),
)

dataset_versions = sa.Table(
    "dataset_versions",
    metadata,
    id_column(),
    reference("dataset_id", "datasets.id"),
    sa.Column("name", sa.String(255), nullable=False),
    reference("creator_id", "users.id"),
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
    id_column(),
    reference("project_id", "projects.id"),
    reference("creator_id", "users.id"),
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
