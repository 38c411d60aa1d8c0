"""What happens to a file while its content is on the way to a store of the team: on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.parts.seaweedfs import SeaweedFS
from tests.unit.test_services_lost import begun
from tests.unit.test_services_names import raced
from tests.unit.test_services_pool import Project, environment, project, user
from valo_jupyter.db.tables import data, datum_aliases
from valo_jupyter.services import Services
from valo_jupyter.services.accounts import User
from valo_jupyter.services.built_in import alone_with
from valo_jupyter.services.uploads import Uploads
from valo_jupyter.stores.base import ObjectInfo
from valo_jupyter.stores.local import LocalStore
from valo_jupyter.stores.s3 import S3Store

__all__ = ["environment", "project", "user"]


class Team:
    """A bucket, the default store of the project."""

    def __init__(self, services: Services, user: User, project: Project, weed: SeaweedFS) -> None:
        self._services, self._weed, self._bucket = services, weed, weed.bucket()
        given = {"project": project.id, "name": "team", "default": True, **weed.config(self._bucket)}
        self.id = services.stores.create(user, given).id

    def keys(self) -> list[str]:
        return [item["Key"] for item in self._weed.client().list_objects_v2(Bucket=self._bucket).get("Contents", [])]


@pytest.fixture
def team(services: Services, user: User, project: Project, weed: SeaweedFS) -> Team:
    return Team(services, user, project, weed)


@pytest.fixture
def waiting(services: Services, project: Project, environment: str, user: User, team: Team, tmp_path: Path) -> Any:
    """The row of an output that waits in the built-in store."""
    project.submit()
    run = begun(services, environment)
    path = tmp_path / "model"
    path.write_bytes(b"weights")
    stored = LocalStore(services.state.store).put_file(path)
    sums = {kind: getattr(stored, kind) for kind in ("md5", "sha1", "sha256")}
    item = {"name": "model", "size": 7, "uri": stored.uri, "wanted_store": team.id, **sums}
    (made,) = services.runs.outputs(run.token, [item])
    services.runs.end(run.token, {"status": "complete"})
    return services.data.get(user, made["datum"])


def after_put(monkeypatch: pytest.MonkeyPatch, then: Callable[[], Any]) -> None:
    """Do something once, as soon as content has reached the bucket."""
    put_file, todo = S3Store.put_file, [then]

    def put(store: S3Store, *arguments: Any, **options: Any) -> ObjectInfo:
        info = put_file(store, *arguments, **options)
        if todo:
            todo.pop()()
        return info

    monkeypatch.setattr(S3Store, "put_file", put)


def test_what_is_purged_while_it_is_brought_is_nowhere(
    services: Services, user: User, team: Team, waiting: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    after_put(monkeypatch, lambda: services.purging.purge(user, waiting.id))
    told = services.bringing.bring(user, waiting.output_execution_id)
    assert told == {"moved": 0, "left": 0, "problem": None}
    row = services.data.get(user, waiting.id)
    assert (row.purged, row.uri, team.keys()) == (True, waiting.uri, [])


def test_what_two_bring_at_once_is_there(
    services: Services, user: User, team: Team, waiting: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    after_put(monkeypatch, lambda: told.append(services.bringing.bring(user, waiting.output_execution_id)))
    told.append(services.bringing.bring(user, waiting.output_execution_id))
    assert [one["moved"] for one in told] == [1, 0]
    row = services.data.get(user, waiting.id)
    assert (row.store_id, len(team.keys())) == (team.id, 1)
    assert b"".join(services.contents.read(row)) == b"weights"


def test_what_is_brought_while_it_is_purged_is_nowhere(
    services: Services, user: User, team: Team, waiting: Any
) -> None:
    """A purge that has read the row waits for who brings the file, and removes it from where it is then."""
    if services.database.sqlite:
        services.bringing.bring(user, waiting.output_execution_id)
        services.purging.purge(user, waiting.id)
    else:
        key = f"again/{waiting.id[:8]}/model"
        store = services.stores.opened(services.stores.get(user, team.id))
        path = services.contents.path(waiting)
        assert path is not None
        uri = store.uri_of(store.put_file(path, key).key)
        purging = threading.Thread(target=services.purging.purge, args=(user, waiting.id))
        with services.database.write() as connection:
            alone_with(connection, [waiting.uri])
            purging.start()
            purging.join(0.3)
            changes = {"uri": uri, "store_id": team.id, "wanted_store_id": None}
            connection.execute(sa.update(data).where(data.c.id == waiting.id).values(**changes))
        purging.join(20)
    assert services.data.get(user, waiting.id).purged
    assert team.keys() == []


def test_an_output_in_a_store_that_was_purged_may_be_made_again(
    services: Services, user: User, project: Project, environment: str, team: Team, tmp_path: Path
) -> None:
    project.submit()
    run = begun(services, environment)
    path = tmp_path / "model"
    path.write_bytes(b"weights")
    store = services.stores.opened(services.stores.get(user, team.id))
    key = services.runs.start(run.token, {"pid": run.attempt})["upload"]["prefix"] + "model"

    def told() -> dict[str, Any]:
        """What a machine that has stored the file is answered, now or later."""
        item = {"name": "model", "size": 7, "sha256": info.sha256, "uri": store.uri_of(info.key), "store": team.id}
        return services.runs.outputs(run.token, [item])[0]

    info = store.put_file(path, key)
    made = told()
    services.purging.purge(user, made["datum"])
    assert told() == {"datum": None, "again": True}
    info = store.put_file(path, key)
    again = told()["datum"]
    assert again not in (None, made["datum"])
    assert b"".join(services.contents.read(services.data.get(user, again))) == b"weights"


def test_an_upload_whose_end_fails_is_one_file(
    services: Services, user: User, project: Project, team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = tmp_path / "content"
    content.write_bytes(b"the same")
    upload = services.uploads.begin(user, {"project": project.id, "name": "a", "size": 8})

    def fail(*_: Any) -> bool:
        raise OSError("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr(Uploads, "_known", fail)
        with pytest.raises(OSError, match="away"):
            services.uploads.receive(user, upload.id, content, 0, 8)
    content.write_bytes(b"")
    row = services.uploads.receive(user, upload.id, content, 8, 8)
    (key,) = team.keys()
    assert services.data.get(user, row.datum_id).uri.endswith(key)


def test_an_upload_and_somebody_else_give_a_new_name(
    services: Services, user: User, project: Project, tmp_path: Path
) -> None:
    content = tmp_path / "content"
    content.write_bytes(b"the same")
    given = {"project": project.id, "name": "a", "size": 8, "aliases": ["best"]}
    upload = services.uploads.begin(user, given)
    row = {"project_id": project.id, "name": "best"}
    made = raced(services, datum_aliases, row, lambda: services.uploads.receive(user, upload.id, content, 0, 8))
    with services.database.read() as connection:
        assert connection.execute(sa.select(datum_aliases.c.datum_id)).scalar_one() == made.datum_id
