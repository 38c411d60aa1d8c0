"""What an assignment says to machines that are not of the server's computer."""

from __future__ import annotations

from typing import Any

from valo_jupyter.domain.lease import FENCE_SECONDS

#: the engine whose machines work in the state folder
HERE = "local"


def elsewhere(assignment: dict[str, Any]) -> dict[str, Any]:
    """The assignment for a machine that shares no folder with this server; of a kernelspec it can use the name."""
    notebook = assignment["notebook"]
    if notebook and notebook["kernel"]:
        kernel = {name: notebook["kernel"].get(name) for name in ("name", "language")}
        notebook = {**notebook, "kernel": kernel}
    return {
        **assignment,
        "fence_seconds": FENCE_SECONDS,
        "jobs_folder": None,
        "cache_folder": None,
        "code": {"commit": assignment["code"]["commit"], "project": assignment["execution"]["project"]["id"]},
        "store": {"type": "server"},
        "notebook": notebook,
    }
