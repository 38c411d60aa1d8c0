"""Private registries as they are, with passwords and with tokens: allowed, refused, revoked, and nothing of it left."""

from __future__ import annotations

import base64
import contextlib
import functools
import getpass
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import psutil
import pytest

from tests.parts import images
from tests.parts.docker import Engine
from tests.parts.local import LocalProject, until
from tests.parts.registry import PrivateRegistry, private_registry
from tests.parts.server import local_server
from valo_jupyter.domain.errors import NoRegistryEntry, RegistryRefused
from valo_jupyter.domain.images import Reference
from valo_jupyter.runtime.containers.engine import ContainerEngine
from valo_jupyter.runtime.containers.images import Access, Images
from valo_jupyter.runtime.contract import StopSignal
from valo_jupyter.services import Services
from valo_jupyter.services.accounts import User

pytestmark = pytest.mark.slow

USER, PASSWORD, OTHER = "robot-4711", "pw-W8rT2kQz-basic", "pw-Lx93mVbb-other"


@pytest.fixture(scope="module", params=["basic", "bearer"])
def registry(request: pytest.FixtureRequest, dockerd: Engine) -> Iterator[PrivateRegistry]:
    """With `me/tiny:1`; the other account may use the repositories below `you/` only, where the registry knows such."""
    accounts = {USER: PASSWORD, "other": OTHER}
    with private_registry(request.param, accounts, repositories={"other": "you/*"}) as opened:
        opened.push(dockerd.client, images.TINY, "me/tiny:1", USER)
        yield opened


@pytest.fixture
def ana(services: Services) -> User:
    return services.accounts.ensure("ana")


def pull(services: Services, user: User, image: str) -> str:
    """The digest of the image, pulled as a machine pulls it for the user's project."""
    access = Access.from_json(services.registries.for_image(user.id, Reference.parse(image)))
    engine = ContainerEngine.connect()
    try:
        return Images(engine, Silent(), StopSignal()).fetch(image, access).digest
    finally:
        engine.close()


class Silent:
    """Takes what is said of a pull."""

    def emit(self, event: dict[str, Any]) -> None:
        pass

    def log(self, stream: str, lines: list[str], cell: int | None = None) -> None:
        pass

    def notebook(self, content: bytes) -> None:
        pass


def entry(services: Services, user: User, match: str, **fields: Any) -> Any:
    given = {"match": match, "type": "generic", "username": USER, "password": PASSWORD, **fields}
    return services.registries.create(user, given).id


@pytest.mark.parametrize("database_url", [None])
def test_trying_an_entry_says_what_a_pull_would_meet(services: Services, ana: User, registry: PrivateRegistry) -> None:
    everything = entry(services, ana, f"{registry.domain}/*")
    repository = entry(services, ana, f"{registry.domain}/me/tiny:*")
    one = entry(services, ana, f"{registry.domain}/me/tiny:1")
    missing = entry(services, ana, f"{registry.domain}/me/none:*")
    wrong = entry(services, ana, f"{registry.domain}/me/*", password="no-such-password")
    image = f"{registry.domain}/me/tiny:1"

    def tried(which: str, name: str | None = None) -> dict[str, Any]:
        answer = services.registries.test(ana, which, name)
        assert PASSWORD not in str(answer)
        return answer

    for which in (everything, repository, one):
        answer = tried(which, image)
        assert (answer["ok"], answer["code"], answer["image"]) == (True, None, image)
        assert answer["digest"].startswith("sha256:")
    assert tried(one) == tried(one, image)
    assert "took the user name" in tried(everything)["message"]
    assert "me/tiny" in tried(repository)["message"]
    for which, name, code in (
        (everything, f"{registry.domain}/me/tiny:9", "image_not_found"),
        (everything, f"{registry.domain}/me/none:1", "image_not_found"),
        (missing, None, "image_not_found"),
        (wrong, image, "registry_refused"),
        (wrong, None, "registry_refused"),
        (repository, f"{registry.domain}/me/other:1", "no_registry_entry"),
        (everything, "docker.io/me/tiny:1", "no_registry_entry"),
    ):
        answer = tried(which, name)
        assert (answer["ok"], answer["code"], answer["digest"]) == (False, code, None), answer
        match = services.registries.get(ana, which).match
        assert match in answer["message"]


@pytest.mark.parametrize("database_url", [None])
def test_a_revoked_account_is_refused_though_the_image_is_here(
    services: Services, ana: User, dockerd: Engine, registry: PrivateRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", dockerd.host)
    image = f"{registry.domain}/me/tiny:1"
    which = entry(services, ana, f"{registry.domain}/*")
    assert pull(services, ana, image).startswith("sha256:")
    registry.accounts.revoke(USER)
    try:
        assert dockerd.client.images.get(image)
        with pytest.raises(RegistryRefused, match="me/tiny"):
            pull(services, ana, image)
        assert services.registries.test(ana, which, image)["code"] == "registry_refused"
        services.registries.delete(ana, which)
        with pytest.raises(NoRegistryEntry):
            pull(services, ana, image)
    finally:
        registry.accounts.set(USER, PASSWORD)
        dockerd.client.images.remove(image)


@pytest.mark.parametrize("database_url", [None])
def test_an_account_without_the_right_is_refused(services: Services, ana: User, dockerd: Engine) -> None:
    with private_registry("bearer", {USER: PASSWORD, "other": OTHER}, repositories={"other": "you/*"}) as registry:
        image = registry.push(dockerd.client, images.TINY, "me/tiny:1", USER)
        other = entry(services, ana, f"{registry.domain}/*", username="other", password=OTHER)
        assert services.registries.test(ana, other)["ok"]
        answer = services.registries.test(ana, other, image)
        assert answer["code"] == "registry_refused"
        assert f"{registry.domain}/*" in answer["message"]


@pytest.mark.parametrize("registry", ["bearer"], indirect=True)
def test_a_run_in_a_private_image_and_no_credential_is_anywhere(
    tmp_path: Path, dockerd: Engine, registry: PrivateRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", dockerd.host)
    begun = time.time()
    image = f"{registry.domain}/me/tiny:1"
    steps = {"hello": ["echo from the image", "sleep 1"]}
    with local_server(tmp_path / "state") as server, Watch(dockerd) as watch:
        # the one account of the server, which stands for its organization
        project = LocalProject(server.state, tmp_path / "code", steps, getpass.getuser())
        try:
            registries, me = project.services.registries, project.user
            given = {"match": f"{registry.domain}/*", "type": "generic", "username": USER, "password": PASSWORD}
            row = registries.create(me, given)
            first = project.wait(project.submit("hello", image=image))
            assert first.status == "complete", (first.status_detail, project.services.stream.all(first.id))
            assert "from the image" in project.lines(first.id)
            assert "sha256:" in first.image_digest

            registry.accounts.revoke(USER)
            second = project.wait(project.submit("hello", image=image))
            assert second.status in ("error", "crashed"), second.status
            assert (second.error or {}).get("code") == "registry_refused", second.error
            assert row.match in second.status_detail

            registries.delete(me, row.id)
            third = project.wait(project.submit("hello", image=image))
            assert third.status in ("error", "crashed"), third.status
            assert (third.error or {}).get("code") == "no_registry_entry", third.error
            assert project.lines(third.id) == []
        finally:
            registry.accounts.set(USER, PASSWORD)
            project.close()
    assert watch.rounds > 5
    assert watch.containers > 0
    assert watch.found == []
    # the state folder, with its database, logs and streams, and all that the engine keeps
    assert files_with_credentials(begun, tmp_path, dockerd.folder) == []


@functools.cache
def spellings() -> list[bytes]:
    """The password as it is and in the encodings in which it travels, which depend on where it begins in them."""
    found = [PASSWORD.encode()]
    for before in ("", "a", "ab"):
        encoded = base64.b64encode(f"{before}{PASSWORD}".encode()).decode()
        # the first and the last characters depend on what is beside it
        found.append(encoded[4:-4].encode())
    return found


class Watch:
    """For as long as it is entered, looks at all processes and containers for the password."""

    def __init__(self, dockerd: Engine) -> None:
        self._dockerd = dockerd
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.found: list[str] = []
        self.rounds = 0
        self.containers = 0

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join(30)

    def _run(self) -> None:
        while not self._end.wait(0.25):
            for process in psutil.process_iter():
                with contextlib.suppress(psutil.Error):
                    self._look(f"process {process.pid}", f"{process.cmdline()} {process.environ()}")
            for container in self._dockerd.client.api.containers(all=True):
                with contextlib.suppress(docker.errors.NotFound):
                    self._look("container", json.dumps(self._dockerd.client.api.inspect_container(container["Id"])))
                    self.containers += 1
            self.rounds += 1

    def _look(self, where: str, text: str) -> None:
        if any(spelling in text.encode("utf-8", "replace") for spelling in spellings()):
            self.found.append(where)


def files_with_credentials(since: float, *folders: Path) -> list[Path]:
    """Of the files that have changed since then: images were there before, and are large."""
    found = []
    for folder in folders:
        for path in folder.rglob("*"):
            with contextlib.suppress(OSError):
                if path.is_file() and not path.is_symlink() and path.stat().st_ctime >= since - 1:
                    content = path.read_bytes()
                    if any(spelling in content for spelling in spellings()):
                        found.append(path)
    return found


def test_the_search_finds_what_it_looks_for(tmp_path: Path, dockerd: Engine) -> None:
    login = base64.b64encode(f"{USER}:{PASSWORD}".encode())
    for name, content in (("plain", PASSWORD.encode()), ("basic", b"x" + login), ("json", b'"' + login + b'"')):
        (tmp_path / name).write_bytes(content)
    (tmp_path / "clean").write_bytes(OTHER.encode())
    assert sorted(path.name for path in files_with_credentials(0, tmp_path)) == ["basic", "json", "plain"]
    with Watch(dockerd) as watch:
        sleeper = subprocess.Popen(["sleep", "30"], env={"LOGIN": login.decode()})
        until(lambda: watch.found, 20)
        sleeper.kill()
        sleeper.wait(10)
    assert watch.found[0] == f"process {sleeper.pid}"
