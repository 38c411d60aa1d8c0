"""Executions as people meet them: submit, look, stop, copy, tag."""

from __future__ import annotations

import builtins
import uuid
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from valo_jupyter.db import Connection, Database, again_if_overtaken
from valo_jupyter.db.tables import attempts, data, edges, environments, execution_tags, executions, projects
from valo_jupyter.domain import clock, storable
from valo_jupyter.domain.errors import Conflict, Invalid
from valo_jupyter.domain.executions import Status
from valo_jupyter.services import cell_rows, line, listing, references, store_rows
from valo_jupyter.services.accounts import User
from valo_jupyter.services.asking import asked, check_may_use
from valo_jupyter.services.commits import Commits
from valo_jupyter.services.datum_rows import checked_tags
from valo_jupyter.services.environments import find_environment
from valo_jupyter.services.moves import KILL_AFTER, Moves
from valo_jupyter.services.sealing import Seal
from valo_jupyter.services.steps import Plan, check_left_out, plan_notebook, plan_step
from valo_jupyter.services.submissions import Submission, again
from valo_jupyter.services.waiting import Waiting, waiting


class Executions:
    def __init__(
        self, database: Database, commits: Commits, moves: Moves, seal: Seal, queued: Callable[[], None]
    ) -> None:
        self._database = database
        self._commits = commits
        self._moves = moves
        self._seal = seal
        self._queued = queued

    def create(self, user: User, wanted: Submission) -> Any:
        """Queue an execution, and return its row (as `listing.select_executions`)."""
        commit = self._commits.get(user, wanted.project_id, wanted.commit)
        plan = self._plan(commit, wanted)
        check_left_out(plan.inputs, wanted.left_out)
        tags = checked_tags(wanted.tags)
        execution_id = str(uuid.uuid4())
        try:
            with self._database.write() as connection:
                earlier = self._earlier(connection, wanted)
                if earlier is None:
                    self._insert(connection, user, execution_id, commit, wanted, plan, tags)
                row = listing.find(connection, user, earlier or execution_id)
        except IntegrityError:
            # the same submission twice at once: the other one made it
            with self._database.read() as connection:
                row = listing.find(connection, user, self._earlier(connection, wanted) or execution_id)
        self._moves.changed()
        self._queued()
        return row

    def _plan(self, commit: Any, wanted: Submission) -> Plan:
        if wanted.notebook_path is not None:
            content = self._commits.file(commit, wanted.notebook_path)
            return plan_notebook(wanted.notebook_path, content, wanted.parameters, wanted.inputs)
        if wanted.step:
            content = self._commits.file(commit, commit.yaml_path)
            return plan_step(commit.yaml_path, content, wanted.step, wanted.parameters, wanted.inputs)
        raise Invalid("Say what to run: a `step` of the valohai.yaml, or a `notebook`.")

    @staticmethod
    def _earlier(connection: Connection, wanted: Submission) -> str | None:
        if wanted.idempotency_key is None:
            return None
        return connection.execute(
            sa.select(executions.c.id).where(
                executions.c.project_id == wanted.project_id,
                executions.c.idempotency_key == wanted.idempotency_key,
            )
        ).scalar_one_or_none()

    def _insert(
        self,
        connection: Connection,
        user: User,
        execution_id: str,
        commit: Any,
        wanted: Submission,
        plan: Plan,
        tags: list[str],
    ) -> None:
        environment = find_environment(connection, wanted.environment or plan.environment)
        check_may_use(connection, environment, user.id)
        ask = asked(
            environment,
            image=wanted.image or plan.image,
            resources={**plan.resources, **wanted.resources},
            requeue=wanted.requeue,
            restart=plan.autorestart if wanted.autorestart is None else wanted.autorestart,
        )
        if environment.per_user_quota:
            # one after the other, so that two at once do not both get the last place
            connection.execute(
                sa.select(environments.c.id).where(environments.c.id == environment.id).with_for_update()
            )
        queued = line.admitted(connection, environment, user.id)
        counter, revision = connection.execute(
            sa.update(projects)
            .where(projects.c.id == wanted.project_id)
            .values(last_counter=projects.c.last_counter + 1, revision=projects.c.revision + 1)
            .returning(projects.c.last_counter, projects.c.revision)
        ).one()
        inputs = references.resolve(connection, wanted.project_id, plan.inputs)
        store_id = store_rows.wanted(connection, wanted.project_id, wanted.upload_store or plan.upload_store)
        variables = {**plan.environment_variables, **wanted.environment_variables}
        now = clock.now()
        connection.execute(
            sa.insert(executions).values(
                id=execution_id,
                project_id=wanted.project_id,
                counter=counter,
                revision=revision,
                status=(Status.QUEUED if queued else Status.CREATED).value,
                status_detail="in line" if queued else "",
                title=storable.text(wanted.title),
                step=plan.step,
                image=ask.image,
                resources=ask.resources,
                commit_id=commit.id,
                environment_id=environment.id,
                creator_id=user.id,
                priority=wanted.priority,
                ctime=now,
                queued=now,
                notebook_path=plan.notebook_path,
                kernel=wanted.kernel,
                inject=plan.inject,
                commands=plan.commands,
                parameters=plan.parameters,
                inputs=inputs,
                store_id=store_id,
                # a secret variable is here by name only
                environment_variables={
                    **{name: value for name, value in variables.items() if value is not None},
                    **dict.fromkeys(wanted.secrets),
                },
                secrets=self._seal.close(wanted.secrets) if wanted.secrets else None,
                git=wanted.git,
                left_out=list(wanted.left_out),
                time_limit=wanted.time_limit if wanted.time_limit is not None else plan.time_limit,
                no_output_timeout=(
                    wanted.no_output_timeout if wanted.no_output_timeout is not None else plan.no_output_timeout
                ),
                requeue=ask.requeue,
                idempotency_key=wanted.idempotency_key,
                copied_from=wanted.copied_from,
            )
        )
        write_tags(connection, execution_id, wanted.project_id, counter, tags)
        connection.execute(
            sa.insert(edges).values(
                source_type="commit",
                source_id=commit.id,
                target_type="execution",
                target_id=execution_id,
                kind="code",
                name="",
            )
        )

    def get(self, user: User, address: str) -> Any:
        with self._database.read() as connection:
            return listing.find(connection, user, address)

    def details(self, user: User, address: str) -> tuple[Any, list[str], list[Any], Waiting | None]:
        """`(row, tags, attempts, why it waits)`."""
        with self._database.read() as connection:
            row = listing.find(connection, user, address)
            tags = listing.tags_of(connection, [row.id])[row.id]
            made = connection.execute(
                sa.select(attempts).where(attempts.c.execution_id == row.id).order_by(attempts.c.number)
            ).all()
            return row, tags, list(made), waiting(connection, [row]).get(row.id)

    def skipped_cells(self, execution_id: str) -> builtins.list[dict[str, Any]]:
        with self._database.read() as connection:
            return cell_rows.skipped(connection, execution_id)

    def list(self, user: User, wanted: listing.Filter) -> listing.Page:
        with self._database.read() as connection:
            return listing.page(connection, user, wanted)

    def of_ids(self, user: User, ids: builtins.list[str]) -> listing.Page:
        with self._database.read() as connection:
            return listing.of_ids(connection, user, ids)

    def stop(self, user: User, address: str) -> str:
        """Ask the execution to stop; returns a sentence for people. Stopping what has ended changes nothing."""
        said = self._stop(user, address)
        # another one of the user may take its place
        self._queued()
        return said

    @again_if_overtaken
    def _stop(self, user: User, address: str) -> str:
        with self._database.write() as connection:
            row = listing.find(connection, user, address)
            status = Status(row.status)
            reason = f"stopped by {user.username}"
            if status.ended:
                return f"#{row.counter} has ended already: {row.status}."
            if status is Status.STOPPING:
                return f"#{row.counter} is stopping already."
            if status in (Status.CREATED, Status.QUEUED):
                self._moves.move(connection, row, Status.STOPPED, f"{reason} before it started")
                return f"#{row.counter} was taken out of the line."
            stop = {"at": clock.text(clock.now()), "by": user.username, "reason": reason, "kill_after": KILL_AFTER}
            self._moves.move(connection, row, Status.STOPPING, reason, stop=stop)
            return f"#{row.counter} is stopping."

    def copy(self, user: User, address: str, changes: dict[str, Any]) -> Any:
        """The same code once more, with `changes` to the fields of `Submission`."""
        with self._database.read() as connection:
            row = listing.find(connection, user, address)
            tags = listing.tags_of(connection, [row.id])[row.id]
        return self.create(user, again(row, tags, self._seal.open(row.secrets) or {}, changes))

    def delete(self, user: User, address: str) -> None:
        """Remove one that has ended; what it made stays, but for records of outputs that are purged and unused."""
        with self._database.write() as connection:
            row = listing.find(connection, user, address)
            if not Status(row.status).ended:
                raise Conflict(f"#{row.counter} has not ended; stop it first.")
            mine = data.c.output_execution_id == row.id
            used = sa.select(edges.c.source_id).where(edges.c.source_type == "datum", edges.c.source_id == data.c.id)
            gone = mine & data.c.purged & ~sa.exists(used.correlate(data))
            connection.execute(sa.delete(data).where(gone))
            connection.execute(sa.update(data).where(mine).values(output_execution_id=None))
            for side in ("source", "target"):
                here = (edges.c[f"{side}_type"] == "execution") & (edges.c[f"{side}_id"] == row.id)
                connection.execute(sa.delete(edges).where(here))
            connection.execute(sa.delete(executions).where(executions.c.id == row.id))
            self._moves.forget(connection, row)

    def edit(self, user: User, address: str, *, tags: list[str] | None = None, title: str | None = None) -> None:
        with self._database.write() as connection:
            row = listing.find(connection, user, address)
            if tags is not None:
                fresh = checked_tags(tags)
                connection.execute(sa.delete(execution_tags).where(execution_tags.c.execution_id == row.id))
                write_tags(connection, row.id, row.project_id, row.counter, fresh)
            self._moves.touch(connection, row, **({} if title is None else {"title": storable.text(title)}))


def write_tags(connection: Connection, execution_id: str, project_id: str, counter: int, tags: list[str]) -> None:
    if tags:
        connection.execute(
            sa.insert(execution_tags),
            [{"execution_id": execution_id, "tag": tag, "project_id": project_id, "counter": counter} for tag in tags],
        )
