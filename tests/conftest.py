"""What all tests share: a private home, so that nothing of the developer's is read or written."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.parts import images
from tests.parts.docker import Engine, docker_engine
from tests.parts.postgres import new_database, postgres_server
from tests.parts.seaweedfs import SeaweedFS, seaweedfs
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.services import Services

# jsonschema would build a grammar with it, for a second of each worker; what that checks nobody asks for
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from tests.parts.workers import ByService

    return ByService(config, log)


@pytest.fixture(autouse=True)
def private_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path_factory.mktemp("home")
    for name in list(os.environ):
        if name.startswith(("VALO_", "VALOHAI_", "VH_", "JUPYTER_", "GIT_", "DOCKER_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("VALO_HOME", str(home / "valo"))
    # the developer's container engine is none of the tests' business
    monkeypatch.setenv("DOCKER_HOST", f"unix://{home}/no-engine.sock")
    for variable, folder in (
        ("JUPYTER_CONFIG_DIR", "jupyter-config"),
        ("JUPYTER_DATA_DIR", "jupyter-data"),
        ("JUPYTER_RUNTIME_DIR", "jupyter-run"),
        ("IPYTHONDIR", "ipython"),
    ):
        monkeypatch.setenv(variable, str(home / folder))
    return home


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server that lives for the whole run."""
    with postgres_server() as address:
        yield address


@pytest.fixture(scope="session")
def weed() -> Iterator[SeaweedFS]:
    """A server that speaks S3, and lives for the whole run; each test has a bucket of its own."""
    with seaweedfs() as server:
        yield server


@pytest.fixture(scope="session")
def dockerd() -> Iterator[Engine]:
    """A Docker engine that lives for the whole run, with the images of `tests/parts/images.py`."""
    with docker_engine() as engine:
        engine.load(images.archive(Path(__file__).parents[1] / ".make" / "images"))
        yield engine


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str | None:
    """A fresh database of either kind; None is SQLite in the state folder."""
    return None if request.param == "sqlite" else new_database(request.getfixturevalue("postgres"))


@pytest.fixture
def services(database_url: str | None, tmp_path: Path) -> Iterator[Services]:
    """All services on a fresh database, with an account and an environment."""
    opened = Services.open(StateFolder(tmp_path / "state"), database_url)
    yield opened
    opened.close()
