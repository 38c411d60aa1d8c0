"""Entries of private registries: kept sealed, each for its owner: on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from valo_jupyter import snapshots
from valo_jupyter.db.tables import executions, registries
from valo_jupyter.domain.errors import Invalid, NotFound, StaleAttempt
from valo_jupyter.domain.images import Reference
from valo_jupyter.domain.registries import InvalidRegistry
from valo_jupyter.services import Services
from valo_jupyter.services import registries as registries_service
from valo_jupyter.services.accounts import User
from valo_jupyter.services.asking import asked
from valo_jupyter.services.registries import RegistryExists, insecure_registries
from valo_jupyter.services.submissions import Submission

GIVEN = {"match": "docker.io/me/*", "type": "docker-hub", "username": "me", "password": "dckr_pat_1"}
NOTHING = {"username": None, "password": None, "entry": None, "note": None}


@pytest.fixture
def ana(services: Services) -> User:
    return services.accounts.ensure("ana")


def test_an_entry_is_kept_changed_and_removed(services: Services, ana: User) -> None:
    row = services.registries.create(ana, {**GIVEN, "match": "me/*"})
    assert (row.match, row.type, row.username, row.owner_name) == ("docker.io/me/*", "docker-hub", "me", "ana")
    with pytest.raises(RegistryExists):
        services.registries.create(ana, GIVEN)
    other = services.registries.create(ana, {**GIVEN, "match": "other/*"})
    with pytest.raises(RegistryExists):
        services.registries.edit(ana, other.id, {"match": "me/*"})
    edited = services.registries.edit(ana, row.id, {"match": "docker.io/me/x:*"})
    assert (edited.match, edited.password) == ("docker.io/me/x:*", row.password)
    assert edited.mtime >= row.mtime
    assert [entry.match for entry in services.registries.list(ana)] == ["docker.io/me/x:*", "docker.io/other/*"]
    services.registries.delete(ana, row.id)
    with pytest.raises(NotFound):
        services.registries.get(ana, row.id)
    with pytest.raises(NotFound):
        services.registries.delete(ana, row.id)


def test_what_no_registry_takes_is_refused(services: Services, ana: User) -> None:
    for field in ("username", "password"):
        with pytest.raises(InvalidRegistry) as wrong:
            services.registries.create(ana, {**GIVEN, field: "half a pair: \ud800"})
        assert list(wrong.value.details) == [field]


def test_a_password_never_comes_to_be_one_for_another_registry(
    services: Services, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = services.registries.create(ana, {**GIVEN, "match": "evil.example/*", "type": "generic"})
    check = registries_service.check_entry

    def slow(given: Any, current: Any = None) -> Any:
        """Between looking and writing, the owner gives the entry its real name and password; or has to wait."""
        found = check(given, current)
        if given == {"username": "eve"}:
            change = {"match": "docker.io/me/*", "password": "the real one"}
            other = threading.Thread(target=services.registries.edit, args=(ana, row.id, change))
            other.start()
            others.append(other)
            other.join(0.5)
        return found

    others: list[threading.Thread] = []
    monkeypatch.setattr(registries_service, "check_entry", slow)
    services.registries.edit(ana, row.id, {"username": "eve"})
    others[0].join(20)
    assert services.registries.get(ana, row.id).match == "docker.io/me/*"
    assert services.registries.for_image(ana.id, Reference.parse("docker.io/me/x"))["password"] == "the real one"


def test_the_password_is_encrypted_where_it_is_kept(services: Services, ana: User) -> None:
    row = services.registries.create(ana, GIVEN)
    with services.database.read() as connection:
        stored = connection.execute(sa.select(registries.c.password)).scalar_one()
    assert "dckr" not in stored
    assert services.seal.open(stored) == "dckr_pat_1"
    services.registries.edit(ana, row.id, {"password": "dckr_pat_2"})
    image = Reference.parse("me/x")
    assert services.registries.for_image(ana.id, image)["password"] == "dckr_pat_2"


def test_the_most_specific_entry_is_used(services: Services, ana: User) -> None:
    for match in ("docker.io/*", "docker.io/me/*", "docker.io/me/x:1"):
        services.registries.create(ana, {**GIVEN, "match": match, "password": f"for {match}"})
    found = [
        services.registries.for_image(ana.id, Reference.parse(name)) for name in ("a/b", "me/y", "me/x:1", "me/x:2")
    ]
    expected = ["docker.io/*", "docker.io/me/*", "docker.io/me/x:1", "docker.io/me/*"]
    assert [answer["entry"]["match"] for answer in found] == expected
    assert [answer["password"] for answer in found] == [f"for {match}" for match in expected]
    assert services.registries.for_image(ana.id, Reference.parse("gcr.io/me/x")) == NOTHING


def test_entries_of_two_owners_never_mix(services: Services, ana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    bob, root = services.accounts.ensure("bob"), services.accounts.ensure("root", admin=True)
    mine = services.registries.create(ana, {**GIVEN, "password": "of ana"})
    his = services.registries.create(bob, {**GIVEN, "password": "of bob"})
    services.registries.create(bob, {**GIVEN, "match": "docker.io/me/x:*", "password": "of bob, closer"})
    with pytest.raises(NotFound):
        services.registries.get(ana, his.id)
    for change in (services.registries.edit, services.registries.test):
        with pytest.raises(NotFound):
            change(ana, his.id, {} if change == services.registries.edit else None)  # type: ignore[operator]
    with pytest.raises(NotFound):
        services.registries.delete(ana, his.id)
    assert [row.id for row in services.registries.list(ana)] == [mine.id]
    assert len(services.registries.list(root)) == 3
    image = Reference.parse("me/x:1")
    # on a server of several accounts their own projects are personal
    for user in (ana, bob, root):
        answer = services.registries.for_image(user.id, image)
        assert (answer["password"], answer["entry"]) == (None, None)
        assert ("personal" in (answer["note"] or "")) == (user != root)
    monkeypatch.setattr("valo_jupyter.services.registries.stands_for_organization", lambda accounts: True)
    passwords = [services.registries.for_image(user.id, image)["password"] for user in (ana, bob, root)]
    assert passwords == ["of ana", "of bob, closer", None]


def test_a_machine_gets_credentials_for_its_own_image_while_it_runs(
    services: Services, ana: User, tmp_path: Path
) -> None:
    services.registries.create(ana, GIVEN)
    code = tmp_path / "code"
    code.mkdir()
    (code / "valohai.yaml").write_text("- step: {name: a, image: me/x, command: 'true'}\n")
    project: Any = services.projects.create(ana, "demo")
    sha = snapshots.commit_folder(services.commits.repository(project.id), code)
    services.commits.register(ana, project.id, sha, f"~{sha}")
    row = services.executions.create(ana, Submission(project_id=project.id, commit=f"~{sha}", step="a"))
    order = services.pool.next_order(services.environments.list()[0].id, "engine-1")
    assert order is not None
    for name in ("me/x", "docker.io/me/x:latest", "index.docker.io/me/x"):
        owner, image = services.runs.own_image(order.token, name)
        assert (owner, str(image)) == (ana.id, "docker.io/me/x:latest")
    for name in ("me/x:1", "me/y", "gcr.io/me/x", "", "sha256:abc"):
        with pytest.raises(Invalid):
            services.runs.own_image(order.token, name)
    with services.database.write() as connection:
        connection.execute(sa.update(executions).where(executions.c.id == row.id).values(image=None))
    with pytest.raises(Invalid):
        services.runs.own_image(order.token, "me/x")
    services.pool.lost(order.execution_id, order.attempt, "gone")
    with pytest.raises(StaleAttempt):
        services.runs.own_image(order.token, "me/x")


def test_registries_without_encryption_are_those_the_operator_names(services: Services) -> None:
    settings = services.state.root / "settings.json"
    assert insecure_registries(services.state) == frozenset()
    for text, expected in (
        ('{"insecure_registries": ["Registry.lan:5000", 7]}', {"registry.lan:5000"}),
        ('{"insecure_registries": null}', set()),
        ("[]", set()),
        ("{", set()),
    ):
        settings.write_text(text)
        assert insecure_registries(services.state) == expected


def test_an_image_that_no_registry_could_have_is_refused_when_it_is_asked_for(
    services: Services, ana: User, tmp_path: Path
) -> None:
    root = services.accounts.ensure("root", admin=True)
    with pytest.raises(Invalid) as caught:
        services.environments.edit(root, "local", {"image": "Me/X"})
    assert "lower case" in caught.value.details["image"]
    environment = services.environments.get("local")
    for image, kept in (("me/x", "me/x"), ("none", None), (None, None)):
        found = asked(environment, image=image, resources={}, requeue=None, restart=None)
        assert found.image == kept
    with pytest.raises(Invalid):
        asked(environment, image="sha256:abcd", resources={}, requeue=None, restart=None)
    # where images are only recorded, any name may be
    services.environments.edit(root, "local", {"containers": {"mode": "never"}})
    environment = services.environments.get("local")
    assert asked(environment, image="My Image", resources={}, requeue=None, restart=None).image == "My Image"
