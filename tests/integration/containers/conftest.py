"""Jobs in containers of a real engine, against the server of the job tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.integration.job.conftest import Bench, RunServer, bench, kernels, server
from tests.parts import images
from tests.parts.docker import Engine
from tests.parts.local import until

__all__ = ["Bench", "RunServer", "bench", "kernels", "server"]

SETTINGS = {
    "mode": "always",
    "profile": "default",
    "network": "none",
    "cpu": None,
    "memory_bytes": None,
    "pids": None,
    "shm_bytes": None,
    "gpus": None,
    # the images of these tests are in no registry
    "local_images": True,
}


@pytest.fixture
def box(dockerd: Engine, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Makes the `container` of an assignment."""
    monkeypatch.setenv("DOCKER_HOST", dockerd.host)

    def box(image: str = images.NOTEBOOK, **settings: Any) -> dict[str, Any]:
        return {"image": image, **SETTINGS, **settings}

    return box


@pytest.fixture(autouse=True)
def nothing_left(dockerd: Engine) -> Iterator[None]:
    """No test leaves a container, or something mounted."""
    before = mounted()
    yield
    assert dockerd.client.containers.list(all=True) == []
    # containers that others run on this computer have such folders, too, and lose them when they end
    new = mounted() - before
    until(lambda: not new & mounted())


def mounted() -> set[str]:
    """The socket folders of kernels that are mounted on this computer."""
    with open("/proc/self/mountinfo") as mounts:
        return {line.split()[4] for line in mounts if " /tmp/valo-" in line}
