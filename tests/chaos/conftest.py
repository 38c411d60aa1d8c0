from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts.local import processes_of
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
