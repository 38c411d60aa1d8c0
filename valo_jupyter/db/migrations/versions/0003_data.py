"""Data: stores of the team's own, aliases, datasets, uploads, and files that are found by their words."""

import re

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_WORD = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "datasets",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("ctime", sa.DateTime(), nullable=False),
        _owned("datasets", "project_id", "projects"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_datasets")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_datasets_project_id_name")),
    )
    op.create_table(
        "stores",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("credentials", sa.Text(), nullable=True),
        sa.Column("creator_id", sa.Integer(), nullable=False),
        sa.Column("deleted", sa.DateTime(), nullable=True),
        sa.Column("ctime", sa.DateTime(), nullable=False),
        sa.Column("mtime", sa.DateTime(), nullable=False),
        _owned("stores", "creator_id", "users"),
        _owned("stores", "project_id", "projects"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stores")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_stores_project_id_name")),
    )
    op.create_table(
        "uploads",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("creator_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("store_id", sa.String(length=36), nullable=True),
        sa.Column("properties", sa.JSON(), nullable=False),
        sa.Column("datum_id", sa.String(length=36), nullable=True),
        sa.Column("ctime", sa.DateTime(), nullable=False),
        sa.Column("mtime", sa.DateTime(), nullable=False),
        _owned("uploads", "creator_id", "users"),
        _owned("uploads", "project_id", "projects"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
    )
    op.create_table(
        "dataset_versions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("dataset_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("creator_id", sa.Integer(), nullable=False),
        sa.Column("execution_id", sa.String(length=36), nullable=True),
        sa.Column("sealed", sa.DateTime(), nullable=True),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("ctime", sa.DateTime(), nullable=False),
        _owned("dataset_versions", "creator_id", "users"),
        _owned("dataset_versions", "dataset_id", "datasets"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset_versions")),
        sa.UniqueConstraint("dataset_id", "name", name=op.f("uq_dataset_versions_dataset_id_name")),
    )
    op.create_index(op.f("ix_dataset_versions_execution_id"), "dataset_versions", ["execution_id"], unique=False)
    op.create_table(
        "data_words",
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("word", _WORD, nullable=False),
        sa.Column("ctime", sa.DateTime(), nullable=False),
        sa.Column("datum_id", sa.String(length=36), nullable=False),
        _owned("data_words", "datum_id", "data"),
        sa.PrimaryKeyConstraint("project_id", "word", "ctime", "datum_id", name=op.f("pk_data_words")),
    )
    op.create_index(op.f("ix_data_words_datum_id"), "data_words", ["datum_id"], unique=False)
    op.create_table(
        "dataset_aliases",
        sa.Column("dataset_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("version_id", sa.String(length=36), nullable=False),
        _owned("dataset_aliases", "dataset_id", "datasets"),
        _owned("dataset_aliases", "version_id", "dataset_versions"),
        sa.PrimaryKeyConstraint("dataset_id", "name", name=op.f("pk_dataset_aliases")),
    )
    op.create_index(op.f("ix_dataset_aliases_version_id"), "dataset_aliases", ["version_id"], unique=False)
    op.create_table(
        "dataset_files",
        sa.Column("version_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=1024), nullable=False),
        sa.Column("datum_id", sa.String(length=36), nullable=False),
        _owned("dataset_files", "datum_id", "data"),
        _owned("dataset_files", "version_id", "dataset_versions"),
        sa.PrimaryKeyConstraint("version_id", "name", name=op.f("pk_dataset_files")),
    )
    op.create_index(op.f("ix_dataset_files_datum_id"), "dataset_files", ["datum_id"], unique=False)
    op.create_table(
        "datum_aliases",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("datum_id", sa.String(length=36), nullable=True),
        sa.Column("ctime", sa.DateTime(), nullable=False),
        sa.Column("mtime", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["datum_id"], ["data.id"], name=op.f("fk_datum_aliases_datum_id"), ondelete="SET NULL"),
        _owned("datum_aliases", "project_id", "projects"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_datum_aliases")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_datum_aliases_project_id_name")),
    )
    op.create_index(op.f("ix_datum_aliases_datum_id"), "datum_aliases", ["datum_id"], unique=False)
    op.create_table(
        "datum_alias_changes",
        sa.Column("alias_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("datum_id", sa.String(length=36), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("execution_id", sa.String(length=36), nullable=True),
        sa.Column("time", sa.DateTime(), nullable=False),
        _owned("datum_alias_changes", "alias_id", "datum_aliases"),
        sa.PrimaryKeyConstraint("alias_id", "number", name=op.f("pk_datum_alias_changes")),
    )

    op.add_column("data", sa.Column("store_id", sa.String(length=36), nullable=True))
    op.add_column("data", sa.Column("wanted_store_id", sa.String(length=36), nullable=True))
    op.add_column("data", sa.Column("version", sa.Text(), nullable=True))
    op.add_column("data", sa.Column("origin", sa.String(length=16), server_default="output", nullable=False))
    op.drop_index("ix_data_project", "data")
    op.create_index("ix_data_project", "data", ["project_id", "ctime", "id"], unique=False)
    op.create_index("ix_data_store", "data", ["project_id", "store_id", "ctime", "id"], unique=False)
    op.create_index("ix_data_name", "data", ["project_id", "name", "id"], unique=False)
    op.create_index("ix_data_size", "data", ["project_id", "size", "id"], unique=False)
    op.create_index("ix_data_uri", "data", ["project_id", "uri"], unique=False)
    op.add_column("executions", sa.Column("store_id", sa.String(length=36), nullable=True))
    op.add_column("projects", sa.Column("default_store_id", sa.String(length=36), nullable=True))

    _tags_by_project()
    _words()


def _tags_by_project() -> None:
    """The tags once more, each with its file's project and time."""
    op.execute(
        "CREATE TEMPORARY TABLE tags_before AS SELECT datum_id, tag, project_id, ctime FROM data_tags "
        "JOIN data ON data.id = data_tags.datum_id"
    )
    op.drop_table("data_tags")
    op.create_table(
        "data_tags",
        sa.Column("datum_id", sa.String(length=36), nullable=False),
        sa.Column("tag", sa.String(length=255), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("ctime", sa.DateTime(), nullable=False),
        _owned("data_tags", "datum_id", "data"),
        sa.PrimaryKeyConstraint("datum_id", "tag", name=op.f("pk_data_tags")),
    )
    op.create_index("ix_data_tags_lookup", "data_tags", ["project_id", "tag", "ctime", "datum_id"])
    op.execute(
        "INSERT INTO data_tags (datum_id, tag, project_id, ctime) "
        "SELECT datum_id, tag, project_id, ctime FROM tags_before"
    )
    op.execute("DROP TABLE tags_before")


def _words() -> None:
    """What there is can be found, too; files that only were inputs are told apart."""
    op.execute("UPDATE data SET origin = 'input' WHERE output_execution_id IS NULL")
    data = sa.table("data", *map(sa.column, ("id", "project_id", "name")), sa.column("ctime", sa.DateTime()))
    tags = sa.table("data_tags", *map(sa.column, ("datum_id", "tag")))
    words = sa.table(
        "data_words", *map(sa.column, ("project_id", "word", "datum_id")), sa.column("ctime", sa.DateTime())
    )
    connection = op.get_bind()
    last = ""
    while rows := connection.execute(sa.select(data).where(data.c.id > last).order_by(data.c.id).limit(500)).all():
        texts = {row.id: row.name for row in rows}
        for row in connection.execute(sa.select(tags).where(tags.c.datum_id.in_(list(texts)))):
            texts[row.datum_id] += f" {row.tag}"
        found = [
            {"project_id": row.project_id, "word": word, "ctime": row.ctime, "datum_id": row.id}
            for row in rows
            for word in {word[:64] for word in re.findall(r"[^\W_]+", texts[row.id].casefold())}
        ]
        if found:
            connection.execute(sa.insert(words), found)
        last = rows[-1].id


def _owned(table: str, column: str, owner: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{owner}.id"], name=op.f(f"fk_{table}_{column}"), ondelete="CASCADE")
