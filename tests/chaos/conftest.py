from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts.docker import Engine
from tests.parts.local import processes_of
from tests.parts.netns import network_host
from tests.parts.ports import free_port
from tests.parts.slurm import Slurm
from tests.parts.sshd import Sshd, sshd
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.server import lifecycle

ROOT = Path(__file__).parents[2]


@pytest.fixture
def state(private_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StateFolder]:
    """A running local server; nothing of it is left afterwards."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    folder = StateFolder.default()
    lifecycle.start(folder)
    yield folder
    lifecycle.stop(folder, force=True)
    # daemons of Slurm that were started again in a storm go later
    assert [each for each in processes_of(private_home) if not each.name().startswith("slurm")] == []


@pytest.fixture(scope="session")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sshd, ...]]:
    """Two hosts whose networks can be cut."""
    folder = tmp_path_factory.mktemp("hosts")
    with (
        network_host() as one,
        network_host() as two,
        sshd(folder / "one", network=one, hostname="host-one") as first,
        sshd(folder / "two", network=two, hostname="host-two", key=first.key) as second,
    ):
        yield first, second


@pytest.fixture(scope="session")
def batch_system() -> Iterator[Slurm]:
    slurm = Slurm()
    try:
        yield slurm.start()
    finally:
        slurm.stop()


@pytest.fixture
def slurm(batch_system: Slurm, private_home: Path, monkeypatch: pytest.MonkeyPatch) -> Slurm:
    """A Slurm, for a server that is started afterwards and listens to its machines."""
    monkeypatch.setenv("VALO_MACHINES", f"127.0.0.1:{free_port()}")
    monkeypatch.setenv("SLURM_CONF", batch_system.environment["SLURM_CONF"])
    return batch_system


@pytest.fixture
def docker(dockerd: Engine, private_home: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """A container engine, for a server that is started afterwards."""
    monkeypatch.setenv("DOCKER_HOST", dockerd.host)
    return dockerd
