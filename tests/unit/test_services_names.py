"""A name that two give in the same moment is refused, or taken, as one that was given before: on both databases."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from tests.unit.test_services_data import add
from tests.unit.test_services_pool import Project, environment, project, user
from valo_jupyter.db import Connection, again_if_overtaken
from valo_jupyter.db.tables import (
    data,
    dataset_versions,
    datasets,
    datum_aliases,
    environments,
    project_variables,
    stores,
)
from valo_jupyter.domain import clock
from valo_jupyter.domain.environments import InvalidEnvironment
from valo_jupyter.domain.errors import Conflict, ValoError
from valo_jupyter.services import Services
from valo_jupyter.services import environments as environments_module
from valo_jupyter.services.accounts import User
from valo_jupyter.stores.kinds import InvalidStore

__all__ = ["environment", "project", "user"]


@pytest.fixture
def boss(services: Services) -> User:
    return services.accounts.ensure("boss", admin=True)


def raced(services: Services, table: sa.Table, row: dict[str, Any], call: Callable[[], Any]) -> Any:
    """What the call comes to whose transaction has begun when another one, of the same name, is not yet written."""
    came: list[Any] = []

    def try_it() -> None:
        try:
            came.append(call())
        except ValoError as error:
            came.append(error)

    thread = threading.Thread(target=try_it)
    with services.database.write() as connection:
        now = clock.now()
        usual = {"id": str(uuid.uuid4()), "ctime": now, "mtime": now}
        known = {name: value for name, value in usual.items() if name in table.c}
        connection.execute(sa.insert(table).values(**{**known, **row}))
        thread.start()
        thread.join(0.15)
        assert not came, "it waits for who was first"
    thread.join(20)
    return came[0]


def test_environments(services: Services, boss: User) -> None:
    def other(**fields: Any) -> dict[str, Any]:
        return {"name": "other", "slug": "other", "engine": "local", **fields}

    given = {"name": "GPU", "engine": "local"}
    named = raced(services, environments, other(name="GPU"), lambda: services.environments.create(boss, given))
    assert isinstance(named, InvalidEnvironment)
    assert named.details == {"name": "Another environment, other, has this name; give this one its own."}
    slugged = raced(
        services,
        environments,
        other(name="B", slug="b"),
        lambda: services.environments.create(boss, {**given, "name": "C", "slug": "b"}),
    )
    assert isinstance(slugged, InvalidEnvironment)
    assert list(slugged.details) == ["slug"]
    # a slug that nobody asked for is another one
    made = raced(
        services,
        environments,
        other(name="D", slug="e"),
        lambda: services.environments.create(boss, {**given, "name": "E"}),
    )
    assert (made.name, made.slug) == ("E", "e-2")
    renamed = raced(
        services,
        environments,
        other(name="F", slug="f"),
        lambda: services.environments.edit(boss, made.id, {"name": "F"}),
    )
    assert isinstance(renamed, InvalidEnvironment)


def test_one_environment_is_the_default(services: Services, boss: User) -> None:
    with services.database.write() as connection:
        connection.execute(sa.update(environments).values(is_default=False))
    row = {"name": "a", "slug": "a", "engine": "local", "is_default": True}
    given = {"name": "b", "engine": "local", "default": True}
    made = raced(services, environments, row, lambda: services.environments.create(boss, given))
    assert [one.name for one in services.environments.list() if one.is_default] == [made.name]


def both(monkeypatch: pytest.MonkeyPatch, place: Any, name: str, *calls: Callable[[], Any]) -> list[Any]:
    """What calls come to that are within `place.name` at the same moment, where a database allows that."""
    barrier, found, function = threading.Barrier(len(calls)), [], getattr(place, name)

    def met(*arguments: Any, **options: Any) -> Any:
        with suppress(threading.BrokenBarrierError):
            barrier.wait(1)
        return function(*arguments, **options)

    def try_it(call: Callable[[], Any]) -> None:
        try:
            found.append(call())
        except Exception as error:
            found.append(error)

    with monkeypatch.context() as patch:
        patch.setattr(place, name, met)
        threads = [threading.Thread(target=try_it, args=(call,)) for call in calls]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    return found


def test_two_are_made_the_default_at_once(services: Services, boss: User, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [services.environments.create(boss, {"name": name, "engine": "local"}).id for name in "ab"]
    calls = [partial(services.environments.edit, boss, each, {"default": True}) for each in ids]
    made = both(monkeypatch, environments_module, "_check_free", *calls)
    assert {row.id for row in made} == set(ids)
    (default,) = [row.id for row in services.environments.list() if row.is_default]
    assert default in ids


def test_of_two_that_wait_for_each_other_one_begins_again(
    services: Services, boss: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [services.environments.create(boss, {"name": name, "engine": "local"}).id for name in "ab"]

    def then(connection: Connection, environment_id: str) -> None:
        connection.execute(sa.update(environments).where(environments.c.id == environment_id).values(hardware="x"))

    between = SimpleNamespace(then=then)

    @again_if_overtaken
    def change(first: str, second: str) -> str:
        with services.database.write() as connection:
            then(connection, first)
            between.then(connection, second)
        return "done"

    calls = [partial(change, *ids), partial(change, *reversed(ids))]
    assert both(monkeypatch, between, "then", *calls) == ["done", "done"]


def test_stores(services: Services, project: Project, user: User) -> None:
    row = {"project_id": project.id, "name": "s", "type": "s3", "options": {"bucket": "b"}, "creator_id": user.id}
    given = {"project": project.id, "name": "s", "type": "s3", "options": {"bucket": "b"}}
    refused = raced(services, stores, row, lambda: services.stores.create(user, given))
    assert isinstance(refused, InvalidStore)
    assert "already" in refused.details["name"]


def test_datasets_and_their_versions(services: Services, project: Project, user: User) -> None:
    add(services, project, user, ["file"])
    with services.database.read() as connection:
        datum_id = connection.execute(sa.select(data.c.id)).scalar_one()
    dataset_id = str(uuid.uuid4())
    row = {"id": dataset_id, "project_id": project.id, "name": "d"}
    refused = raced(services, datasets, row, lambda: services.datasets.create(user, project.id, "d", ""))
    assert isinstance(refused, Conflict)
    assert "choose another name" in refused.message
    given = {"project": project.id, "dataset": "d", "name": "1", "files": [{"datum": datum_id}]}
    version = {"dataset_id": dataset_id, "name": "1", "creator_id": user.id}
    refused = raced(services, dataset_versions, version, lambda: services.datasets.create_version(user, given))
    assert isinstance(refused, Conflict)
    assert "versions never change" in refused.message
    # of a dataset that another one makes at the same moment
    row = {"id": str(uuid.uuid4()), "project_id": project.id, "name": "e"}
    made = raced(services, datasets, row, lambda: services.datasets.create_version(user, {**given, "dataset": "e"}))
    assert services.datasets.version(user, made)[0].dataset_id == row["id"]


def test_aliases_and_variables(services: Services, project: Project, user: User) -> None:
    add(services, project, user, ["file"])
    with services.database.read() as connection:
        datum_id = connection.execute(sa.select(data.c.id)).scalar_one()
    row = {"id": str(uuid.uuid4()), "project_id": project.id, "name": "best"}
    made = raced(services, datum_aliases, row, lambda: services.aliases.create(user, project.id, "best", datum_id))
    assert made == row["id"]
    assert services.aliases.get(user, made)[0].datum_id == datum_id
    variable = {"project_id": project.id, "name": "A", "value": "1", "secret": False}
    raced(
        services, project_variables, variable, lambda: services.projects.set_variable(user, project.id, "A", "2", False)
    )
    assert services.projects.variables(project.id) == {"A": {"value": "2", "secret": False}}
