"""Files: every input and output has an identity, and an edge that says where it came from, in one transaction."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from valo_jupyter.db import Connection, Database
from valo_jupyter.db.tables import commits, data, data_tags, edges, executions, metadata_points
from valo_jupyter.domain import clock, storable
from valo_jupyter.domain.errors import Invalid, NotFound
from valo_jupyter.services.accounts import User
from valo_jupyter.services.executions import checked_tags
from valo_jupyter.services.projects import visible_project


@dataclass(frozen=True)
class DataPage:
    rows: list[Any]
    tags: dict[str, list[str]]


class Data:
    def __init__(self, database: Database) -> None:
        self._database = database

    # told by machines

    def register_output(self, connection: Connection, execution: Any, item: dict[str, Any]) -> dict[str, Any]:
        """One file of an execution's outputs; the same name and content twice is one datum."""
        item = {**item, "name": storable.text(item["name"])}
        same = connection.execute(
            sa.select(data.c.id).where(
                data.c.output_execution_id == execution.id,
                data.c.name == item["name"],
                data.c.sha256 == item["sha256"],
            )
        ).scalar_one_or_none()
        tags = checked_tags(item.get("tags") or [])
        if same is not None:
            # a live file whose sidecar came later
            if item.get("metadata"):
                connection.execute(sa.update(data).where(data.c.id == same).values(metadata=item["metadata"]))
            present = _tags_of(connection, [same])[same]
            _add_tags(connection, same, [tag for tag in tags if tag not in present])
            return {"datum": same}
        datum_id = self._insert(connection, execution, item, output=True)
        _add_edge(connection, ("execution", execution.id), ("datum", datum_id), "output", item["name"])
        _add_tags(connection, datum_id, tags)
        return {"datum": datum_id}

    def register_input(self, connection: Connection, execution: Any, item: dict[str, Any]) -> dict[str, Any]:
        """One file that an execution reads; warns when its address held other content the last time."""
        item = {**item, "name": storable.text(item["name"]), "uri": storable.text(item["uri"])}
        earlier = connection.execute(
            sa.select(data.c.id, data.c.sha256)
            .where(data.c.project_id == execution.project_id, data.c.uri == item["uri"])
            .order_by(data.c.ctime.desc())
            .limit(1)
        ).one_or_none()
        warning = None
        if earlier is not None and earlier.sha256 == item["sha256"]:
            datum_id = earlier.id
        else:
            datum_id = self._insert(connection, execution, item, output=False)
            if earlier is not None:
                warning = f"{item['uri']} has other content than when it was last used."
        _add_edge(connection, ("datum", datum_id), ("execution", execution.id), "input", item["input"])
        return {"datum": datum_id, "warning": warning}

    @staticmethod
    def _insert(connection: Connection, execution: Any, item: dict[str, Any], *, output: bool) -> str:
        datum_id = str(uuid.uuid4())
        connection.execute(
            sa.insert(data).values(
                id=datum_id,
                project_id=execution.project_id,
                name=item["name"],
                size=item["size"],
                md5=item.get("md5"),
                sha1=item.get("sha1"),
                sha256=item.get("sha256"),
                uri=item["uri"],
                metadata=item.get("metadata") or {},
                creator_id=execution.creator_id,
                origin="output" if output else "input",
                output_execution_id=execution.id if output else None,
                ctime=clock.now(),
            )
        )
        return datum_id

    # asked by people

    def get(self, user: User, datum_id: str) -> Any:
        with self._database.read() as connection:
            row = connection.execute(_select().where(data.c.id == datum_id)).one_or_none()
            if row is None:
                raise NotFound("There is no such file, or you may not see it.")
            visible_project(connection, user, row.project_id)
            return row

    def any(self, datum_id: str) -> Any:
        """The row for one who holds a signed address."""
        with self._database.read() as connection:
            row = connection.execute(_select().where(data.c.id == datum_id)).one_or_none()
        if row is None:
            raise NotFound("There is no such file any more.")
        return row

    def list(
        self,
        user: User,
        *,
        project_id: str | None,
        execution_id: str | None,
        ordering: str = "-ctime",
        limit: int = 5000,
        offset: int = 0,
    ) -> DataPage:
        query = _select()
        with self._database.read() as connection:
            if execution_id is not None:
                project_id = connection.execute(
                    sa.select(executions.c.project_id).where(executions.c.id == execution_id)
                ).scalar_one_or_none()
                query = query.where(data.c.output_execution_id == execution_id)
            if project_id is None:
                raise Invalid("Say of which `project` or `output_execution`.")
            visible_project(connection, user, project_id)
            orders = {"-ctime": data.c.ctime.desc(), "ctime": data.c.ctime, "name": data.c.name}
            if ordering not in orders:
                raise Invalid(f"Files cannot be ordered by {ordering!r}; use one of {', '.join(orders)}.")
            query = query.where(data.c.project_id == project_id).order_by(orders[ordering], data.c.id)
            rows = list(connection.execute(query.limit(limit).offset(offset)))
            return DataPage(rows, _tags_of(connection, [row.id for row in rows]))

    def tags(self, datum_id: str) -> list[str]:
        with self._database.read() as connection:
            return _tags_of(connection, [datum_id])[datum_id]

    def set_tags(self, user: User, datum_id: str, tags: list[str]) -> None:
        fresh = checked_tags(tags)
        row = self.get(user, datum_id)
        with self._database.write() as connection:
            connection.execute(sa.delete(data_tags).where(data_tags.c.datum_id == row.id))
            _add_tags(connection, row.id, fresh)

    def inputs_of(self, execution_id: str) -> dict[str, list[Any]]:
        """The files that an execution read, by input."""
        query = (
            _select()
            .add_columns(edges.c.name.label("input"))
            .join(edges, (edges.c.source_type == "datum") & (edges.c.source_id == data.c.id))
            .where(edges.c.target_type == "execution", edges.c.target_id == execution_id, edges.c.kind == "input")
        )
        found: dict[str, list[Any]] = {}
        with self._database.read() as connection:
            for row in connection.execute(query):
                found.setdefault(row.input, []).append(row)
        return found

    def points(self, execution_id: str, limit: int = 100_000) -> list[Any]:
        """The metadata points of an execution, in order."""
        query = sa.select(metadata_points).where(metadata_points.c.execution_id == execution_id)
        with self._database.read() as connection:
            return list(connection.execute(query.order_by(metadata_points.c.seq).limit(limit)))

    def trace(self, kind: str, start: str, *, direction: str = "both", depth: int = 3) -> dict[str, Any]:
        """The graph around a datum or execution: `{"nodes": [{"id", "type", "name"}], "edges": [{"from", "to"}]}`."""
        seen = {(kind, start)}
        frontier = set(seen)
        lines: dict[tuple, dict[str, Any]] = {}
        with self._database.read() as connection:
            for _ in range(max(1, min(depth, 20))):
                near: set[tuple[str, str]] = set()
                for node in frontier:
                    for row in connection.execute(sa.select(edges).where(_touching(node, direction))):
                        source, target = (row.source_type, row.source_id), (row.target_type, row.target_id)
                        lines[(source, target, row.kind, row.name)] = {
                            "from": row.source_id,
                            "to": row.target_id,
                            "type": row.kind,
                            "name": row.name,
                        }
                        near |= {source, target}
                frontier = near - seen
                seen |= near
            nodes = [_node(connection, *node) for node in sorted(seen)]
        return {"nodes": [node for node in nodes if node], "edges": list(lines.values())}


def _select() -> sa.Select:
    return sa.select(data, executions.c.counter.label("output_counter")).outerjoin(
        executions, executions.c.id == data.c.output_execution_id
    )


def _tags_of(connection: Connection, ids: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {datum_id: [] for datum_id in ids}
    for start in range(0, len(ids), 500):
        query = sa.select(data_tags).where(data_tags.c.datum_id.in_(ids[start : start + 500]))
        for row in connection.execute(query.order_by(data_tags.c.tag)):
            found[row.datum_id].append(row.tag)
    return found


def _add_tags(connection: Connection, datum_id: str, tags: list[str]) -> None:
    if tags:
        row = connection.execute(sa.select(data.c.project_id, data.c.ctime).where(data.c.id == datum_id)).one()
        found = {"datum_id": datum_id, "project_id": row.project_id, "ctime": row.ctime}
        connection.execute(sa.insert(data_tags), [{**found, "tag": tag} for tag in tags])


def _add_edge(connection: Connection, source: tuple[str, str], target: tuple[str, str], kind: str, name: str) -> None:
    key = (
        (edges.c.source_type == source[0])
        & (edges.c.source_id == source[1])
        & (edges.c.target_type == target[0])
        & (edges.c.target_id == target[1])
        & (edges.c.kind == kind)
        & (edges.c.name == name)
    )
    if connection.execute(sa.select(edges.c.kind).where(key)).first() is None:
        connection.execute(
            sa.insert(edges).values(
                source_type=source[0],
                source_id=source[1],
                target_type=target[0],
                target_id=target[1],
                kind=kind,
                name=name,
            )
        )


def _touching(node: tuple[str, str], direction: str) -> sa.ColumnElement[bool]:
    back = (edges.c.target_type == node[0]) & (edges.c.target_id == node[1])
    forth = (edges.c.source_type == node[0]) & (edges.c.source_id == node[1])
    if direction == "back":
        return back
    return forth if direction == "forth" else back | forth


def _node(connection: Connection, kind: str, node_id: str) -> dict[str, Any] | None:
    if kind == "datum":
        row = connection.execute(sa.select(data.c.name, data.c.size).where(data.c.id == node_id)).one_or_none()
        return None if row is None else {"id": node_id, "type": kind, "name": row.name, "size": row.size}
    if kind == "execution":
        row = connection.execute(
            sa.select(executions.c.counter, executions.c.step, executions.c.title, executions.c.status).where(
                executions.c.id == node_id
            )
        ).one_or_none()
        return (
            None
            if row is None
            else {
                "id": node_id,
                "type": kind,
                "name": row.title or row.step,
                "counter": row.counter,
                "status": row.status,
            }
        )
    row = connection.execute(sa.select(commits.c.identifier).where(commits.c.id == node_id)).one_or_none()
    return None if row is None else {"id": node_id, "type": kind, "name": row.identifier}
