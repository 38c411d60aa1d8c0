"""The program of machines elsewhere keeps the promise of all engines, and shares no folder with the server."""

from __future__ import annotations

from typing import Any

from tests.contract.engine_contract import EngineContract
from tests.parts.elsewhere import ProcessEngine
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.engines.port import Engine


class TestProcessesElsewhere(EngineContract):
    kind = "ssh"

    def options(self, state: StateFolder) -> dict[str, Any]:
        return {"hosts": ["ana@elsewhere.example"], "key_file": "/nowhere", "accept_new_hosts": True}

    def open_engine(self, state: StateFolder) -> Engine:
        return ProcessEngine(state, state.root.parent / "home")
