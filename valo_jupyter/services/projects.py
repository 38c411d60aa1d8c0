"""Projects, the folder each belongs to, and their environment variables."""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from valo_jupyter.db import Connection, Database, again_if_overtaken
from valo_jupyter.db.tables import executions, project_variables, projects, users
from valo_jupyter.domain import clock
from valo_jupyter.domain.errors import Invalid, NotFound
from valo_jupyter.domain.variables import checked_secrets, checked_variables
from valo_jupyter.services.accounts import User
from valo_jupyter.services.sealing import Seal


class Projects:
    def __init__(self, database: Database, seal: Seal) -> None:
        self._database = database
        self._seal = seal

    def create(self, user: User, name: str, description: str = "") -> Any:
        name = name.strip()
        if not name:
            raise Invalid("A project needs a name.")
        return self._insert(user, name, description, None)

    def resolve(self, user: User, folder: str, host: str, name: str, create: bool = True) -> Any:
        """The project of a folder on a host, made at its first use."""
        key = f"{host}:{folder}"
        row = self._by_folder(user, key)
        if row is not None:
            return row
        if not create:
            raise NotFound(f"No project belongs to {folder} on {host}. Run a notebook of that folder first.")
        try:
            return self._insert(user, name.strip() or "project", "", key)
        except IntegrityError:  # another process was first
            return self._by_folder(user, key)

    def _by_folder(self, user: User, key: str) -> Any:
        with self._database.read() as connection:
            return connection.execute(
                _select().where(projects.c.owner_id == user.id, projects.c.folder == key)
            ).one_or_none()

    def _insert(self, user: User, name: str, description: str, folder: str | None) -> Any:
        project_id = str(uuid.uuid4())
        with self._database.write() as connection:
            connection.execute(
                sa.insert(projects).values(
                    id=project_id,
                    name=name,
                    description=description,
                    owner_id=user.id,
                    folder=folder,
                    ctime=clock.now(),
                )
            )
        return self.get(user, project_id)

    def get(self, user: User, project_id: str) -> Any:
        with self._database.read() as connection:
            return visible_project(connection, user, project_id)

    def list(self, user: User, limit: int = 1000) -> list[Any]:
        query = _select().order_by(projects.c.name, projects.c.ctime).limit(limit)
        if not user.admin:
            query = query.where(projects.c.owner_id == user.id)
        with self._database.read() as connection:
            return list(connection.execute(query))

    def revisions(self) -> int:
        """Grows with every change to any execution."""
        with self._database.read() as connection:
            return connection.execute(sa.select(sa.func.coalesce(sa.func.sum(projects.c.revision), 0))).scalar_one()

    def summary(self, project_id: str) -> dict[str, int]:
        """Executions of the project by state, and in all."""
        query = (
            sa.select(executions.c.status, sa.func.count())
            .where(executions.c.project_id == project_id)
            .group_by(executions.c.status)
        )
        with self._database.read() as connection:
            counts: dict[str, int] = {row[0]: row[1] for row in connection.execute(query)}
        return {"count": sum(counts.values()), **{f"{status}_count": count for status, count in counts.items()}}

    # environment variables

    def variables(self, project_id: str) -> dict[str, dict[str, Any]]:
        """`{name: {"value", "secret"}}`; the value of a secret is None."""
        with self._database.read() as connection:
            rows = connection.execute(
                sa.select(project_variables).where(project_variables.c.project_id == project_id)
            ).all()
        return {row.name: {"value": None if row.secret else row.value, "secret": row.secret} for row in rows}

    def opened_variables(self, connection: Connection, project_id: str) -> tuple[dict[str, str], dict[str, str]]:
        """`(plain, secret)` with their values; for a machine that is about to run an execution."""
        plain: dict[str, str] = {}
        secret: dict[str, str] = {}
        query = sa.select(project_variables).where(project_variables.c.project_id == project_id)
        for row in connection.execute(query):
            if row.secret:
                secret[row.name] = self._seal.open(row.value)
            else:
                plain[row.name] = row.value
        return plain, secret

    @again_if_overtaken
    def set_variable(self, user: User, project_id: str, name: str, value: str, secret: bool) -> None:
        (checked_secrets if secret else checked_variables)({name: value})
        with self._database.write() as connection:
            visible_project(connection, user, project_id)
            key = (project_variables.c.project_id == project_id) & (project_variables.c.name == name)
            connection.execute(sa.delete(project_variables).where(key))
            stored = self._seal.close(value) if secret else value
            connection.execute(
                sa.insert(project_variables).values(project_id=project_id, name=name, value=stored, secret=secret)
            )

    def delete_variable(self, user: User, project_id: str, name: str) -> None:
        with self._database.write() as connection:
            visible_project(connection, user, project_id)
            connection.execute(
                sa.delete(project_variables).where(
                    project_variables.c.project_id == project_id, project_variables.c.name == name
                )
            )


def _select() -> sa.Select:
    return sa.select(projects, users.c.username.label("owner_name")).join(users, users.c.id == projects.c.owner_id)


def visible_project(connection: Connection, user: User, project_id: str) -> Any:
    """The project's row, or `NotFound` for one that the user may not see."""
    row = connection.execute(_select().where(projects.c.id == project_id)).one_or_none()
    if row is None or not _sees(user, row.owner_id):
        raise NotFound("There is no such project, or you may not see it.")
    return row


def sees_project(connection: Connection, user: User, project_id: str) -> bool:
    owner = connection.execute(sa.select(projects.c.owner_id).where(projects.c.id == project_id)).scalar_one_or_none()
    return owner is not None and _sees(user, owner)


def visible_to(user: User) -> sa.ColumnElement[bool]:
    """The same as a condition of a query."""
    return sa.true() if user.admin else projects.c.owner_id == user.id


def _sees(user: User, owner_id: int) -> bool:
    return user.admin or owner_id == user.id
