"""Images stay for later executions within a bound; only those that Valo pulled ever go."""

from __future__ import annotations

import io
import json
import os
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from docker.errors import ImageNotFound

from tests.parts import images
from tests.parts.docker import Engine, docker_engine
from tests.parts.local import until
from tests.parts.registry import private_registry
from valo_jupyter.runtime.containers.engine import ContainerEngine
from valo_jupyter.runtime.containers.kept import THREAD, KeptImages

PASSWORD = "pw-Qm3xT7"
#: bytes that an image has beyond the layer that all of them share
OWN = 4_000_000
NAMES = ("a", "b", "c", "d")


@pytest.fixture(scope="module")
def dockerd() -> Iterator[Engine]:
    """An engine with nothing but the layer that the images share: what all its layers take is told by tests."""
    with docker_engine(bridge=False) as engine:
        engine.load(images.archive(engine.folder, (images.Image(images.TINY),)))
        yield engine


@pytest.fixture(scope="module")
def given(dockerd: Engine) -> Iterator[dict[str, str]]:
    """Names of images in a registry, and nowhere else."""
    with private_registry("basic", {"robot": PASSWORD}) as registry:
        names = {}
        for name in NAMES:
            container = dockerd.client.containers.create(images.TINY, "true")
            archive = io.BytesIO()
            with tarfile.open(fileobj=archive, mode="w") as file:
                entry = tarfile.TarInfo("content")
                entry.size = OWN
                file.addfile(entry, io.BytesIO(os.urandom(OWN)))
            container.put_archive("/", archive.getvalue())
            made = container.commit("made", name)
            container.remove()
            names[name] = registry.push(dockerd.client, f"made:{name}", f"me/{name}:1", "robot")
            if name == "a":
                names["again"] = registry.push(dockerd.client, "made:a", "me/again:1", "robot")
            dockerd.client.images.remove(made.tags[0])
        yield names


@pytest.fixture
def run(bench, box, given: dict[str, str]) -> Callable[..., None]:
    """Runs something in an image, and waits for what goes on after it."""

    def run(name: str, *commands: str) -> None:
        bench.server.access = {
            "username": "robot",
            "password": PASSWORD,
            "entry": {"id": "1", "match": given[name].partition("/")[0] + "/*"},
        }
        bench.server.ends.clear()
        assert bench.commands(*(commands or ("true",)), container=box(given[name])) == "complete"
        assert until(lambda: not any(thread.name == THREAD for thread in threading.enumerate()), 60)

    return run


@pytest.fixture
def kept(dockerd: Engine, given: dict[str, str]) -> Iterator[Callable[[], str]]:
    """Which of the images are in the engine."""

    def has(name: str) -> bool:
        try:
            return bool(dockerd.client.images.get(given[name]))
        except ImageNotFound:
            return False

    yield lambda: "".join(filter(has, NAMES))
    for name in filter(has, [*NAMES, "again"]):
        dockerd.client.images.remove(given[name], force=True)


@pytest.fixture
def bound(private_home: Path, dockerd: Engine) -> Callable[[float], None]:
    """Sets how many images may stay, beyond the layer that they share."""
    shared = dockerd.client.images.get(images.TINY).attrs["Size"]

    def bound(number: float) -> None:
        settings = private_home / ".cache" / "valo" / "settings.json"
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(json.dumps({"images_bytes": int(shared + number * OWN)}))

    return bound


def record(home: Path) -> Path:
    (found,) = (home / ".cache" / "valo" / "images").glob("*/record.json")
    return found


def test_the_one_that_was_not_used_for_the_longest_goes(run, kept, bound, private_home):
    for name in "abc":
        run(name)
    assert kept() == "abc"
    bound(2.2)
    run("a")
    # a layer that all share counts once: two have room
    assert kept() == "ac"
    run("d")
    assert kept() == "ad"
    assert len(json.loads(record(private_home).read_bytes())) == 2


def test_what_somebody_else_has_in_the_engine_stays(run, kept, bound, dockerd, given):
    login = {"username": "robot", "password": PASSWORD}
    dockerd.client.images.pull(given["a"], auth_config=login)
    bound(0)
    run("a")
    assert kept() == "a"
    run("b")
    # one that is in use has room in any case
    assert kept() == "ab"
    dockerd.client.images.get(given["b"]).tag("mine", "1")
    run("c")
    # somebody gave it a name: it is theirs
    assert kept() == "abc"
    run("d")
    assert kept() == "abd"
    dockerd.client.images.remove("mine:1")
    assert dockerd.client.images.get(images.TINY)


def test_one_in_use_stays(run, kept, bound, dockerd, given):
    bound(0)
    run("a")
    container = dockerd.client.containers.create(given["a"], "true")
    run("b")
    assert kept() == "ab"
    container.remove()
    run("c")
    assert kept() == "c"


def test_executions_under_way_keep_their_images(run, kept, bound, dockerd):
    """Of the machines of a computer, none removes what another is about to start."""
    bound(0)
    run("a")
    (identifier,) = [image.id for image in dockerd.client.images.list() if images.TINY not in image.tags]
    engine = ContainerEngine.connect(dockerd.host)
    other = KeptImages(engine)
    other.hold(identifier)
    run("b")
    assert kept() == "ab"
    other.close()
    engine.close()
    run("b")
    assert kept() == "b"


@pytest.mark.parametrize("content", [b'{"sha256:', b"[1]", b'{"sha256:1": {"size": "much"}}'])
def test_a_damaged_record_stops_no_run(run, kept, bound, private_home, content: bytes):
    bound(0)
    run("a")
    record(private_home).write_bytes(content)
    run("b")
    # nobody knows any more whose it is
    assert kept() == "ab"
    run("c")
    assert kept() == "ac"


def test_a_cache_that_cannot_be_written_stops_no_run(run, kept, private_home):
    (private_home / ".cache").write_text("no folder")
    run("a")
    assert kept() == "a"


def test_images_that_are_gone_are_forgotten(run, kept, bound, dockerd, given, private_home):
    run("a")
    dockerd.client.images.remove(given["a"])
    # together there would be too much
    bound(1.5)
    run("b")
    assert [entry["names"] for entry in json.loads(record(private_home).read_bytes()).values()] == [[given["b"]]]
    assert kept() == "b"


def test_one_image_of_several_names_goes_with_all_of_them(run, kept, bound):
    run("a")
    run("again")
    bound(0)
    run("b")
    assert kept() == "b"
