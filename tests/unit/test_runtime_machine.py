"""What a machine says of itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from valo_jupyter.runtime import machine


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    machine._unchanging.cache_clear()
    yield
    machine._unchanging.cache_clear()


def test_the_facts():
    told = machine.describe_machine()
    assert told["pid"] == os.getpid()
    assert told["cpu_count"] >= 1
    assert told["memory_bytes"] > 100_000_000
    assert all(told[name] for name in ("hostname", "os", "python", "cpu_model"))


@pytest.mark.parametrize(
    ("program", "gpus"),
    [("echo 'NVIDIA A100'; echo 'NVIDIA T4'", ["NVIDIA A100", "NVIDIA T4"]), ("echo broken; exit 9", [])],
)
def test_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, gpus: list[str]):
    script = tmp_path / "nvidia-smi"
    script.write_text(f"#!/bin/sh\n{program}\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert machine.describe_machine()["gpus"] == gpus
    # asked once
    script.unlink()
    assert machine.describe_machine()["gpus"] == gpus
