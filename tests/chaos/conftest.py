from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts.local import processes_of
from tests.parts.netns import network_host
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
    assert processes_of(private_home) == []


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
