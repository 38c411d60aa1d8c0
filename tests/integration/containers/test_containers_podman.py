"""Podman in place of Docker, by `DOCKER_HOST`: the driver finds there what it needs of an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.parts import images
from tests.parts.docker import Engine
from tests.parts.podman import podman_engine
from tests.parts.registry import PrivateRegistry, private_registry
from valo_jupyter.runtime.containers import daemon

MEGABYTES = 1024 * 1024
PASSWORD = "pw-Zk8vR2"


@pytest.fixture(scope="module")
def registry() -> Iterator[PrivateRegistry]:
    with private_registry("basic", {"robot": PASSWORD}) as registry:
        yield registry


@pytest.fixture(scope="module")
def podman(registry: PrivateRegistry) -> Iterator[Engine]:
    with podman_engine(insecure=registry.domain) as engine:
        engine.load(images.archive(Path(__file__).parents[3] / ".make" / "images"))
        yield engine


@pytest.fixture
def box(
    podman: Engine, box: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., dict[str, Any]]]:
    monkeypatch.setenv("DOCKER_HOST", podman.host)
    yield box
    assert podman.client.containers.list(all=True) == []


def test_a_notebook(bench, box):
    (bench.project / "data.txt").write_text("of the project")
    status = bench.notebook(
        "import os\nprint(os.getcwd(), open('data.txt').read())\nprint('{\"accuracy\": 0.5}')",
        "folder = os.environ['VH_OUTPUTS_DIR']\nopen(folder + '/model.bin', 'w').write('42')\n"
        "os.chown(folder + '/model.bin', 1234, 1234)",
        container=box(),
    )
    assert (status, bench.end["reason"]) == ("complete", "")
    assert bench.server.lines("stdout")[0] == "/valohai/repository of the project"
    assert [event["values"]["accuracy"] for event in bench.server.of("metadata")] == [0.5]
    assert bench.end["peak_memory_bytes"] > MEGABYTES
    (stored,) = [output for output in bench.server.outputs if output["name"] == "model.bin"]
    (kept,) = (bench.state / "store").rglob(stored["sha256"][2:])
    assert kept.stat().st_uid == Path(__file__).stat().st_uid == 0
    assert not any((bench.state / "jobs").iterdir())


def test_what_it_is(podman, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", podman.host)
    # it starts programs to answer, and a machine does without where that takes long
    monkeypatch.setattr(daemon, "_SOON", 60.0)
    daemon._described.cache_clear()
    found = daemon.describe()
    assert found is not None
    assert found["engine"].startswith("Podman 4")
    assert not found["rootless"]


def test_commands_of_an_image_under_credentials(bench, box, podman, dockerd, registry):
    name = registry.push(dockerd.client, images.TINY, "me/tiny:1", "robot")
    entry = {"id": "1", "match": f"{registry.domain}/me/*"}
    bench.server.access = {"username": "robot", "password": PASSWORD, "entry": entry}
    assert bench.commands("echo ran", "echo 42 > $VH_OUTPUTS_DIR/out", "exit 3", container=box(name)) == "error"
    assert bench.end["exit_code"] == 3
    assert bench.stored("out") == b"42\n"
    (image,) = bench.server.images
    assert f"{registry.domain}/me/tiny@{image['digest']}" in podman.client.images.get(name).attrs["RepoDigests"]

    def refused(code: str, wanted: str = name) -> None:
        bench.server.ends.clear()
        assert bench.commands("echo ran", container=box(wanted)) == "error"
        assert bench.end["error"]["code"] == code

    refused("image_not_found", f"{registry.domain}/me/tiny:2")
    bench.server.access = {**bench.server.access, "password": "pw-another"}
    refused("registry_refused")
    bench.server.access = {"username": None, "password": None, "entry": None}
    refused("no_registry_entry")
    # although Podman has it
    assert podman.client.images.get(name)
    assert bench.server.lines("stdout") == ["ran"]
    assert PASSWORD not in (podman.folder / "podman.log").read_text()


def test_out_of_memory_in_a_notebook(bench, box):
    limit = 128 * MEGABYTES
    assert bench.notebook("1", "held = bytearray(10**9)", container=box(memory_bytes=limit)) == "crashed"
    assert bench.end["reason"] == "the container ran out of memory: its limit is 128 MB (cell 2)"


def test_out_of_memory_in_a_command(bench, box):
    command = "python -c 'print(len(bytearray(10**9)))'"
    status = bench.commands(command, container=box(images.PYTHON, memory_bytes=96 * MEGABYTES))
    assert status == "crashed"
    assert bench.end["reason"] == "the command failed: the container ran out of memory: its limit is 96 MB"


def test_a_stop_interrupts_the_cell(bench, box):
    bench.server.on_request = lambda path: _stop_when_ready(bench, 20.0)
    cell = "import time\ntry:\n    print('ready')\n    time.sleep(600)\nexcept KeyboardInterrupt:\n    print('saved')"
    assert bench.notebook(cell, "print('never')", container=box()) == "stopped"
    assert bench.server.lines("stdout") == ["ready", "saved"]


def test_a_stop_kills_commands_that_do_not_heed_it(bench, box):
    bench.server.on_request = lambda path: _stop_when_ready(bench, 0.5)
    commands = "(setsid sleep 600 &); trap '' INT TERM; echo ready; while :; do sleep 1; done"
    assert bench.commands(commands, container=box(images.TINY)) == "stopped"


def _stop_when_ready(bench, kill_after: float) -> None:
    if "ready" in bench.server.lines():
        bench.server.stop = {"by": "ana", "reason": "stopped by ana", "kill_after": kill_after}
