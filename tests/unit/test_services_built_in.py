"""Content of the built-in store that is stored again at the moment it is purged: on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests.unit.test_services_lost import begun
from tests.unit.test_services_pool import Project, environment, project, user
from valo_jupyter.db.tables import data
from valo_jupyter.services import Services
from valo_jupyter.services.accounts import User
from valo_jupyter.stores.base import ObjectInfo
from valo_jupyter.stores.local import LocalStore

__all__ = ["environment", "project", "user"]


def stored(services: Services, folder: Path, name: str) -> tuple[dict[str, Any], LocalStore]:
    """What a machine tells of a file that it has just stored; always the same content."""
    store, path = LocalStore(services.state.store), folder / name
    path.write_bytes(b"the same")
    info = store.put_file(path, move=True)
    return {"name": name, "size": info.size, "sha256": info.sha256, "uri": info.uri}, store


def test_a_machine_brings_again_what_was_purged_before_it_was_known(
    services: Services, project: Project, environment: str, user: User, tmp_path: Path
) -> None:
    project.submit()
    run = begun(services, environment)
    first, store = stored(services, tmp_path, "first")
    (made,) = services.runs.outputs(run.token, [first])
    second, _ = stored(services, tmp_path, "second")
    services.purging.purge(user, made["datum"])
    assert services.runs.outputs(run.token, [second]) == [{"datum": None, "again": True}]
    stored(services, tmp_path, "second")
    (brought,) = services.runs.outputs(run.token, [second])
    assert store.path(second["sha256"]).read_bytes() == b"the same"
    services.purging.purge(user, brought["datum"])
    assert not store.path(second["sha256"]).exists()


def test_an_output_that_was_purged_may_be_made_again(
    services: Services, project: Project, environment: str, user: User, tmp_path: Path
) -> None:
    project.submit()
    run = begun(services, environment)
    item, _ = stored(services, tmp_path, "model")
    (made,) = services.runs.outputs(run.token, [item])
    assert services.runs.outputs(run.token, [item]) == [made]
    services.purging.purge(user, made["datum"])
    assert services.runs.outputs(run.token, [item]) == [{"datum": None, "again": True}]
    stored(services, tmp_path, "model")
    (again,) = services.runs.outputs(run.token, [item])
    path = services.contents.path(services.data.get(user, again["datum"]))
    assert path is not None
    assert path.read_bytes() == b"the same"
    assert services.data.get(user, made["datum"]).purged
    # one that is made a second time is one file, as ever
    assert services.runs.outputs(run.token, [item]) == [again]


def test_an_upload_stores_again_what_was_purged_before_it_was_known(
    services: Services, project: Project, user: User, tmp_path: Path, monkeypatch: Any
) -> None:
    content = tmp_path / "content"
    content.write_bytes(b"the same")

    def upload() -> str:
        begun = services.uploads.begin(user, {"project": project.id, "name": "a", "size": 8})
        datum_id = services.uploads.receive(user, begun.id, content, 0, 8).datum_id
        assert datum_id is not None
        return datum_id

    earlier = [upload()]
    put_file = LocalStore.put_file

    def put(store: LocalStore, path: Path, *arguments: Any, **options: Any) -> ObjectInfo:
        info = put_file(store, path, *arguments, **options)
        if earlier:
            services.purging.purge(user, earlier.pop())
        return info

    monkeypatch.setattr(LocalStore, "put_file", put)
    row = services.data.get(user, upload())
    path = services.contents.path(row)
    assert path is not None
    assert path.read_bytes() == b"the same"


def test_storing_and_purging_at_once(
    services: Services, project: Project, environment: str, user: User, tmp_path: Path
) -> None:
    project.submit()
    run = begun(services, environment)
    over, problems = threading.Event(), []

    def purge() -> None:
        known = data.c.project_id == project.id
        while not over.is_set():
            with services.database.read() as connection:
                ids = connection.execute(sa.select(data.c.id).where(known, data.c.purged.is_(False))).scalars().all()
            for datum_id in ids:
                services.purging.purge(user, datum_id)

    def bring(number: int) -> None:
        for turn in range(15):
            name = f"{number}-{turn}"
            for _ in range(50):
                item, store = stored(services, tmp_path, name)
                (told,) = services.runs.outputs(run.token, [item])
                if told["datum"] is not None:
                    break
            else:
                problems.append(f"{name} was never there")
                return
            with services.database.write() as connection:
                row = connection.execute(sa.select(data).where(data.c.id == told["datum"])).one()
                # nothing else writes on SQLite now; on PostgreSQL its purge may have begun
                if services.database.sqlite and not row.purged and not store.path(item["sha256"]).exists():
                    problems.append(f"{name} is known, and gone")

    threads = [threading.Thread(target=bring, args=(number,)) for number in range(3)]
    purging = threading.Thread(target=purge)
    for thread in (*threads, purging):
        thread.start()
    for thread in threads:
        thread.join(60)
    over.set()
    purging.join(60)
    assert problems == []
    # what is left when all have ended is there
    item, store = stored(services, tmp_path, "last")
    services.runs.outputs(run.token, [item])
    with services.database.read() as connection:
        left = connection.execute(sa.select(data.c.uri).where(data.c.purged.is_(False))).scalars().all()
    assert item["uri"] in left
    assert store.path(item["sha256"]).exists()
