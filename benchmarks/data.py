"""Lists, searches and traces of files among 100,000 against the same among 1,000; what is kept, against a hard link."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from benchmarks.table import Row, medians
from tests.parts.postgres import new_database, postgres_server
from valo_jupyter.db.tables import data, edges
from valo_jupyter.domain import clock
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.runtime.cache import InputCache
from valo_jupyter.services import Services, datum_rows
from valo_jupyter.services.accounts import User
from valo_jupyter.services.finding import Filter
from valo_jupyter.stores.base import ObjectInfo
from valo_jupyter.stores.digests import digest_file

LISTS = {
    "page": {},
    "page, second by `before`": {},
    "search, a common word": {"search": "model"},
    "search, a rare word": {"search": "rare"},
    "search, two words": {"search": "model part7"},
    "tag": {"tags": ("t7",)},
}


def _fill(services: Services, user: User, count: int) -> str:
    project = services.projects.create(user, str(count)).id
    now = clock.now()
    with services.database.write() as connection:
        for tag in range(10):
            rows = [
                {
                    "id": str(uuid.uuid4()), "project_id": project, "creator_id": user.id, "origin": "output",
                    "name": f"model-{number}-part{number % 100}.bin" + ("-rare" if number == 17 else ""),
                    "size": number, "uri": f"valo://{project}-{number}", "sha256": f"{number:064x}",
                    "ctime": now + timedelta(microseconds=number),
                }
                for number in range(tag, count, 10)
            ]  # fmt: skip
            datum_rows.insert_many(connection, rows, [f"t{tag}"])
            # each is made by an execution from the one before: chains of all of them
            ids = [row["id"] for row in rows]
            runs = [str(uuid.uuid4()) for _ in ids]
            lines = [("datum", one, "execution", run, "input") for one, run in zip(ids, runs, strict=True)]
            lines += [("execution", run, "datum", one, "output") for run, one in zip(runs, ids[1:], strict=False)]
            names = ("source_type", "source_id", "target_type", "target_id", "kind")
            connection.execute(
                sa.insert(edges), [{**dict(zip(names, line, strict=True)), "name": ""} for line in lines]
            )
        connection.exec_driver_sql("ANALYZE")
    return project


def _finding(database: str | None) -> list[Row]:
    kind = "PostgreSQL" if database else "SQLite"
    with tempfile.TemporaryDirectory() as folder:
        services = Services.open(StateFolder(Path(folder) / "state"), database)
        user = services.accounts.ensure("bench")
        few, many = _fill(services, user, 1_000), _fill(services, user, 100_000)
        with services.database.read() as connection:
            query = sa.select(data.c.id).order_by(data.c.name).limit(1)
            middle = {
                project: connection.execute(
                    query.where(data.c.project_id == project, data.c.name.startswith("model-500"))
                ).scalar_one()
                for project in (few, many)
            }

        def timed(work: Callable[[], object]) -> float:
            start = time.perf_counter()
            for _ in range(5):
                work()
            return (time.perf_counter() - start) / 5

        found = []
        for name, fields in LISTS.items():

            def page(project: str, fields: dict = fields, behind: bool = "before" in name) -> float:
                before = middle[project] if behind else None
                return timed(lambda: services.data.list(user, Filter(project, limit=50, before=before, **fields)))

            ours, peers = medians(lambda page=page: page(many), lambda page=page: page(few))
            found.append(Row(f"files, {kind}: {name}", "among 1,000", ours, peers, reach=2.0, aim=1.2))
        for direction in ("back", "both"):

            def trace(project: str, direction: str = direction) -> float:
                return timed(lambda: services.traces.trace("datum", middle[project], direction=direction, depth=6))

            ours, peers = medians(lambda trace=trace: trace(many), lambda trace=trace: trace(few))
            found.append(Row(f"files, {kind}: trace {direction}", "among 1,000", ours, peers, reach=2.0, aim=1.2))
        services.close()
    return found


def _cached() -> list[Row]:
    """Files that this machine has kept, each asked for by its checksum and placed, against `os.link` alone."""
    found = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        cache = InputCache(folder / "cache")
        for count, size in ((1000, 10_000), (1, 256_000_000)):
            kept = [_keep(cache, folder, number, size) for number in range(count)]
            infos = kept * (1000 // count)

            def timed(work: Callable[[ObjectInfo, Path], object], infos: list[ObjectInfo] = infos) -> float:
                with tempfile.TemporaryDirectory(dir=folder) as target:
                    targets = [Path(target, str(number)) for number in range(len(infos))]
                    start = time.perf_counter()
                    for info, path in zip(infos, targets, strict=True):
                        work(info, path)
                    return time.perf_counter() - start

            def input_of(info: ObjectInfo, path: Path) -> None:
                cached = cache.fetch_object(info, lambda _: info)
                cache.place(cached.sums, path, shared=True)

            def link(info: ObjectInfo, path: Path) -> None:
                os.link(folder / "cache" / "content" / str(info.sha256), path)

            ours, peers = medians(partial(timed, input_of), partial(timed, link))
            found.append(
                Row(
                    f"{count:,} kept file{'s' * (count > 1)} of {size:,} bytes, placed {len(infos):,} times",
                    "os.link",
                    ours,
                    peers,
                    reach=2.0,
                    aim=1.2,
                )
            )
    return found


def _keep(cache: InputCache, folder: Path, number: int, size: int) -> ObjectInfo:
    source = folder / "source"
    source.write_bytes(os.urandom(size))
    sums = digest_file(source)
    info = ObjectInfo(f"{number}", f"s3://bench/{number}", size, md5=sums.md5, sha1=sums.sha1, sha256=sums.sha256)

    def get(path: Path) -> ObjectInfo:
        shutil.copyfile(source, path)
        return info

    cache.fetch_object(info, get)
    return info


def rows() -> list[Row]:
    with postgres_server() as server:
        return _cached() + _finding(None) + _finding(new_database(server))
