"""Where files came from, and what came of them: the graph around a file or an execution."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from valo_jupyter.db import Connection, Database
from valo_jupyter.db.tables import commits, data, dataset_versions, edges, executions
from valo_jupyter.services import version_rows
from valo_jupyter.services.datum_rows import Node, in_parts

MAX_NODES = 1000
MAX_DEPTH = 20
BACK, FORTH, BOTH = "back", "forth", "both"
DIRECTIONS = (BOTH, BACK, FORTH)


class Traces:
    def __init__(self, database: Database) -> None:
        self._database = database

    def trace(self, kind: str, start: str, *, direction: str = BOTH, depth: int = 3) -> dict[str, Any]:
        """`{"nodes": [{"id", "type", "name", …}], "edges": [{"from", "to", "type", "name"}], "truncated"}`.

        What it came from and, apart from that, what came of it; not what else came of the same. Whole frontiers are
        asked for at once, so that it takes as many questions as steps.
        """
        with self._database.read() as connection:
            graph = _Graph(connection, (kind, start))
            for way in (BACK, FORTH):
                if direction in (BOTH, way):
                    graph.follow(way, max(1, min(depth, MAX_DEPTH)))
            return {"nodes": graph.shown(), "edges": list(graph.edges.values()), "truncated": graph.truncated}


class _Graph:
    def __init__(self, connection: Connection, start: Node) -> None:
        self._connection = connection
        self._start = start
        self.nodes: dict[Node, None] = {start: None}
        self.edges: dict[tuple[Any, ...], dict[str, Any]] = {}
        self.truncated = False

    def follow(self, way: str, depth: int) -> None:
        frontier = {self._start}
        walked = {self._start}
        for _ in range(depth):
            near: set[Node] = set()
            for row in self._touching(frontier, way):
                source, target = (row.source_type, row.source_id), (row.target_type, row.target_id)
                far = source if way == BACK else target
                if far not in self.nodes and len(self.nodes) >= MAX_NODES:
                    self.truncated = True
                    continue
                self.nodes[far] = None
                near.add(far)
                line = {"from": row.source_id, "to": row.target_id, "type": row.kind, "name": row.name}
                self.edges[(source, target, row.kind, row.name)] = line
            frontier = near - walked
            walked |= near
            if not frontier:
                return

    def _touching(self, frontier: Iterable[Node], way: str) -> Iterable[Any]:
        near = "target" if way == BACK else "source"
        for kind, ids in _by_kind(frontier).items():
            for some in in_parts(ids):
                query = sa.select(edges).where(edges.c[f"{near}_type"] == kind, edges.c[f"{near}_id"].in_(some))
                # a commit may have run a hundred thousand times: more than are shown need not be read
                limit = 2 * MAX_NODES
                rows = self._connection.execute(query.limit(limit)).all()
                self.truncated = self.truncated or len(rows) == limit
                yield from rows

    def shown(self) -> list[dict[str, Any]]:
        """The nodes with their names; one that is gone has none."""
        found: dict[Node, dict[str, Any]] = {}
        for kind, ids in _by_kind(self.nodes).items():
            for some in in_parts(ids):
                for row in self._connection.execute(_NAMES[kind](some)):
                    found[(kind, row.id)] = {"type": kind, **row._mapping}
        return [found.get(node) or {"id": node[1], "type": node[0], "name": "(removed)"} for node in self.nodes]


def _by_kind(nodes: Iterable[Node]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for kind, node_id in nodes:
        found[kind].append(node_id)
    return found


def _data(ids: list[str]) -> sa.Select:
    return sa.select(data.c.id, data.c.name, data.c.size, data.c.purged, data.c.origin).where(data.c.id.in_(ids))


def _executions(ids: list[str]) -> sa.Select:
    name = sa.func.coalesce(sa.func.nullif(executions.c.title, ""), executions.c.step).label("name")
    columns = (executions.c.id, name, executions.c.counter, executions.c.status)
    return sa.select(*columns).where(executions.c.id.in_(ids))


def _commits(ids: list[str]) -> sa.Select:
    return sa.select(commits.c.id, commits.c.identifier.label("name")).where(commits.c.id.in_(ids))


def _versions(ids: list[str]) -> sa.Select:
    versions = version_rows.select_versions().where(dataset_versions.c.id.in_(ids)).subquery()
    name = versions.c.dataset_name + "/" + versions.c.name
    return sa.select(versions.c.id, name.label("name"), versions.c.dataset_id)


_NAMES = {"datum": _data, "execution": _executions, "commit": _commits, "dataset": _versions}
