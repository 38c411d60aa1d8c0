"""The SSH engine keeps the promise of all engines, over a private SSH server, and its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.engine_contract import EngineContract
from tests.parts.sshd import Sshd, sshd
from valo_jupyter.domain.state import StateFolder

ROOT = str(Path(__file__).parents[2])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with sshd(tmp_path_factory.mktemp("sshd") / "here") as server:
        yield server


def options_for(*servers: Sshd, folder: Path, machines: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "hosts": [server.host(machines) for server in servers],
        "key": servers[0].key,
        "known_hosts": "".join(server.known_hosts for server in servers),
        "python": sys.executable,
        "folder": str(folder),
        "environment": {"PYTHONPATH": ROOT},
        **more,
    }


class TestSshEngine(EngineContract):
    kind = "ssh"

    @pytest.fixture(autouse=True)
    def reached(self, server: Sshd) -> None:
        self.server = server

    def options(self, state: StateFolder) -> dict[str, Any]:
        return options_for(self.server, folder=state.root.parent / "there", machines=9)
