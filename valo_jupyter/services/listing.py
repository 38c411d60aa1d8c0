"""Finding executions: one by its address, many by filters; flat in the number of executions there are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from valo_jupyter.db import Connection
from valo_jupyter.db.tables import commits, environments, execution_tags, executions, projects, users
from valo_jupyter.domain.errors import Invalid, NotFound
from valo_jupyter.domain.executions import INCOMPLETE, Status
from valo_jupyter.services.accounts import User
from valo_jupyter.services.projects import sees_project, visible_project
from valo_jupyter.services.waiting import Waiting, waiting

ORDERINGS = {
    "-counter": executions.c.counter.desc(),
    "counter": executions.c.counter.asc(),
    "-ctime": executions.c.counter.desc(),
    "ctime": executions.c.counter.asc(),
}


@dataclass(frozen=True)
class Filter:
    """What to list. Empty tuples and None do not filter."""

    project_id: str
    status: tuple[str, ...] = ()
    counter: tuple[int, ...] = ()
    tag: tuple[str, ...] = ()
    creator: tuple[str, ...] = ()
    notebook: tuple[str, ...] = ()
    search: str = ""
    changed_after: int | None = None
    ordering: str = "-counter"
    limit: int = 100
    offset: int = 0
    count: bool = False


@dataclass(frozen=True)
class Page:
    rows: list[Any]
    tags: dict[str, list[str]]
    revision: int
    count: int | None = None
    waiting: dict[str, Waiting] = field(default_factory=dict)


def select_executions() -> sa.Select:
    """Executions with the names that go with them."""
    return (
        sa.select(
            executions,
            projects.c.name.label("project_name"),
            commits.c.identifier.label("commit_identifier"),
            commits.c.adhoc.label("commit_adhoc"),
            commits.c.sha.label("commit_sha"),
            environments.c.name.label("environment_name"),
            environments.c.slug.label("environment_slug"),
            users.c.username.label("creator_name"),
        )
        .join(projects, projects.c.id == executions.c.project_id)
        .join(commits, commits.c.id == executions.c.commit_id)
        .join(environments, environments.c.id == executions.c.environment_id)
        .join(users, users.c.id == executions.c.creator_id)
    )


def find(connection: Connection, user: User, address: str) -> Any:
    """The execution at `<id>` or `<project>:<counter or "latest">`, or `NotFound`."""
    query = select_executions()
    if ":" in address:
        project_id, _, counter = address.partition(":")
        query = query.where(executions.c.project_id == project_id)
        if counter == "latest":
            query = query.order_by(executions.c.counter.desc()).limit(1)
        elif _is_number(counter):
            query = query.where(executions.c.counter == int(counter))
        else:
            raise NotFound(f"{counter!r} is no execution's number.")
    else:
        query = query.where(executions.c.id == address)
    row = connection.execute(query).one_or_none()
    if row is None or not sees_project(connection, user, row.project_id):
        raise NotFound("There is no such execution, or you may not see it.")
    return row


def page(connection: Connection, user: User, wanted: Filter) -> Page:
    project = visible_project(connection, user, wanted.project_id)
    conditions = _conditions(wanted)
    if wanted.ordering not in ORDERINGS:
        raise Invalid(f"Executions cannot be ordered by {wanted.ordering!r}; use one of {', '.join(ORDERINGS)}.")
    query = select_executions().where(*conditions).order_by(ORDERINGS[wanted.ordering])
    rows = list(connection.execute(query.limit(wanted.limit).offset(wanted.offset)))
    count = None
    if wanted.count:
        count = connection.execute(sa.select(sa.func.count()).select_from(executions).where(*conditions)).scalar_one()
    return Page(rows, tags_of(connection, [row.id for row in rows]), project.revision, count, waiting(connection, rows))


def of_ids(connection: Connection, user: User, ids: list[str]) -> Page:
    """These executions in their order, without those the user may not see."""
    query = select_executions().where(executions.c.id.in_(ids))
    found = {row.id: row for row in connection.execute(query)}
    seen = {project: sees_project(connection, user, project) for project in {row.project_id for row in found.values()}}
    rows = [found[one] for one in ids if one in found and seen[found[one].project_id]]
    return Page(rows, tags_of(connection, [row.id for row in rows]), 0, None, waiting(connection, rows))


def _conditions(wanted: Filter) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = [executions.c.project_id == wanted.project_id]
    if wanted.status:
        states = {status.value for status in INCOMPLETE} if "incomplete" in wanted.status else set()
        for status in wanted.status:
            if status != "incomplete":
                states.add(_status(status))
        conditions.append(executions.c.status.in_(sorted(states)))
    if wanted.counter:
        conditions.append(executions.c.counter.in_(wanted.counter))
    if wanted.notebook:
        conditions.append(executions.c.notebook_path.in_(wanted.notebook))
    if wanted.changed_after is not None:
        conditions.append(executions.c.revision > wanted.changed_after)
    for tag in wanted.tag:
        conditions.append(
            executions.c.counter.in_(
                sa.select(execution_tags.c.counter).where(
                    execution_tags.c.project_id == wanted.project_id, execution_tags.c.tag == tag
                )
            )
        )
    if wanted.creator:
        named = sa.select(users.c.id).where(users.c.username.in_(wanted.creator))
        numbers = [int(value) for value in wanted.creator if _is_number(value)]
        conditions.append(executions.c.creator_id.in_(named) | executions.c.creator_id.in_(numbers))
    for word in wanted.search.split():
        conditions.append(_matches(word, wanted.project_id))
    return conditions


def _matches(word: str, project_id: str) -> sa.ColumnElement[bool]:
    if word.startswith("#") and _is_number(word[1:]):
        return executions.c.counter == int(word[1:])
    if word.startswith("tag:"):
        tagged = sa.select(execution_tags.c.counter).where(
            execution_tags.c.project_id == project_id, execution_tags.c.tag == word[4:]
        )
        return executions.c.counter.in_(tagged)
    escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    texts = (executions.c.title, executions.c.step, executions.c.notebook_path, executions.c.status_detail)
    return sa.or_(*(text.ilike(f"%{escaped}%", escape="\\") for text in texts))


def _is_number(text: str) -> bool:
    return text.isdecimal() and len(text) < 10


def _status(value: str) -> str:
    try:
        return Status(value).value
    except ValueError:
        known = ", ".join(status.value for status in Status)
        raise Invalid(f"{value!r} is no state of an execution; they are {known}, and incomplete.") from None


def tags_of(connection: Connection, execution_ids: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {execution_id: [] for execution_id in execution_ids}
    for start in range(0, len(execution_ids), 500):
        some = execution_ids[start : start + 500]
        query = sa.select(execution_tags).where(execution_tags.c.execution_id.in_(some)).order_by(execution_tags.c.tag)
        for row in connection.execute(query):
            found[row.execution_id].append(row.tag)
    return found
