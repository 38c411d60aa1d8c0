"""Private images under the names docker.io and azurecr.io, which lead to registries of this computer for once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_registries_real import pull
from tests.parts import images
from tests.parts.authority import Authority
from tests.parts.docker import Engine, docker_engine
from tests.parts.registry import PrivateRegistry, name_space, private_registry
from valo_jupyter.domain.errors import NoRegistryEntry, RegistryRefused
from valo_jupyter.services import Services

pytestmark = pytest.mark.slow

HUB_NAMES = ("registry-1.docker.io", "docker.io", "index.docker.io")
AZURE = "myregistry.azurecr.io"


@dataclass
class World:
    dockerd: Engine
    hub: PrivateRegistry
    azure: PrivateRegistry
    #: words before a command that is to find the names
    inside: list[str]
    authority: Path


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("names")
    authority = Authority(folder)
    with (
        private_registry(
            "bearer", {"me": "hub-token"}, domain="docker.io", authority=authority, names=HUB_NAMES
        ) as hub,
        private_registry(
            "basic", {"app-id": "azure-secret"}, domain=AZURE, authority=authority, names=(AZURE,)
        ) as azure,
    ):
        inside = name_space(folder, {**dict.fromkeys(HUB_NAMES, hub.address[0]), AZURE: azure.address[0]})
        environment = {"SSL_CERT_FILE": str(authority.file)}
        with docker_engine(bridge=False, wrapper=inside, environment=environment) as dockerd:
            dockerd.load(images.archive(folder / "images", (images.Image(images.TINY),)))
            hub.push(dockerd.client, images.TINY, "me/private:1", "me")
            azure.push(dockerd.client, images.TINY, "team/private:2", "app-id")
            yield World(dockerd, hub, azure, inside, authority.file)


@pytest.fixture
def database_url() -> None:
    return None


ASK = """
import json, sys
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.services import Services
from pathlib import Path
services = Services.open(StateFolder(Path(sys.argv[1])))
user = services.accounts.ensure("ana")
print(json.dumps([services.registries.test(user, *question) for question in json.loads(sys.argv[2])]))
"""


def tried(world: World, services: Services, *questions: tuple[str, str | None]) -> list[dict[str, Any]]:
    """What trying entries gives where the names lead to the registries."""
    done = subprocess.run(
        [*world.inside, sys.executable, "-c", ASK, services.state.root, json.dumps(questions)],
        env={**os.environ, "SSL_CERT_FILE": str(world.authority), "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_private_images_of_docker_hub_and_azure(
    world: World, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", world.dockerd.host)
    ana = services.accounts.ensure("ana")

    def entry(**given: str) -> str:
        return services.registries.create(ana, given).id

    with pytest.raises(NoRegistryEntry, match="me/private"):
        pull(services, ana, "me/private:1")
    hub = entry(match="me/*", type="docker-hub", username="me", password="hub-token")
    azure = entry(match=f"{AZURE}/*", type="azure", username="app-id", password="azure-secret")
    # however it is written, it is the same image
    digests = {
        pull(services, ana, name) for name in ("me/private:1", "docker.io/me/private:1", "index.docker.io/me/private:1")
    }
    assert len(digests) == 1
    assert pull(services, ana, f"{AZURE}/team/private:2").startswith("sha256:")
    answers = tried(
        world, services,
        (hub, "me/private:1"), (hub, None), (hub, "me/none:1"), (hub, "other/private:1"),
        (azure, f"{AZURE}/team/private:2"), (azure, None), (azure, f"{AZURE}/team/private:3"),
    )  # fmt: skip
    assert [answer["code"] for answer in answers] == [
        None, None, "image_not_found", "no_registry_entry", None, None, "image_not_found"
    ]  # fmt: skip
    assert answers[0]["digest"] in digests
    assert answers[0]["image"] == "docker.io/me/private:1"

    world.hub.accounts.revoke("me")
    world.azure.accounts.revoke("app-id")
    for name in ("me/private:1", f"{AZURE}/team/private:2"):
        with pytest.raises(RegistryRefused, match="entry"):
            pull(services, ana, name)
    answers = tried(world, services, (hub, "me/private:1"), (azure, f"{AZURE}/team/private:2"))
    assert [answer["code"] for answer in answers] == ["registry_refused"] * 2


def test_a_registry_with_a_certificate_of_nobody_known_is_not_asked(world: World, services: Services) -> None:
    ana = services.accounts.ensure("ana")
    row = services.registries.create(
        ana, {"match": f"{AZURE}/*", "type": "azure", "username": "app-id", "password": "azure-secret"}
    )
    stranger = World(world.dockerd, world.hub, world.azure, world.inside, Path("/dev/null"))
    (answer,) = tried(stranger, services, (row.id, None))
    assert answer["code"] == "registry_unreachable"
    assert "trusted" in answer["message"]
