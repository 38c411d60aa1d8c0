"""The unmodified `vh` drives the local server: its users' habits are ours."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.parts.server import LocalServer, local_server
from valo_jupyter.services import Services

YAML = """
- step:
    name: train
    image: python:3.11
    command:
      - python train.py {parameters}
    parameters:
      - {name: lr, type: float, default: 0.1}
    inputs:
      - {name: data, default: data/train.csv}
- step:
    name: sleep
    image: python:3.11
    command: sleep 60
"""
TRAIN = """
import argparse, json, valohai
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
lr = parser.parse_args().lr
rows = open(valohai.inputs("data").path()).read().split()
for epoch in range(3):
    print(json.dumps({"epoch": epoch, "accuracy": lr * epoch}))
open(valohai.outputs().path("model.txt"), "w").write(f"{lr} {len(rows)} {valohai.parameters('lr').value}")
json.dump({"valohai.alias": "best"}, open(valohai.outputs().path("model.txt.metadata.json"), "w"))
"""

Vh = Callable[..., str]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    with local_server(tmp_path_factory.mktemp("vh") / "state") as running:
        yield running


@pytest.fixture
def vh(server: LocalServer, tmp_path: Path) -> Vh:
    """`vh` in a folder with code, logged in, linked to a project of its own."""
    code = tmp_path / "code"
    (code / "data").mkdir(parents=True)
    (code / "data" / "train.csv").write_text("1 2 3")
    (code / "valohai.yaml").write_text(YAML)
    (code / "train.py").write_text(TRAIN)
    config = tmp_path / "config"
    config.mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "VALOHAI_CONFIG_DIR": str(config),
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "200",
    }

    def run(*words: str, code_wanted: int = 0) -> str:
        done = subprocess.run(
            [str(Path(sys.executable).parent / "vh"), *words],
            cwd=code, env=environment, text=True, capture_output=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == code_wanted, done.stdout + done.stderr
        return done.stdout + done.stderr

    run("login", "--host", server.url, "-t", server.token)
    run("project", "create", "--name", f"vh-{tmp_path.name}", "--link")
    return run


def counter(text: str) -> str:
    found = re.search(r"Execution #(\d+)", text)
    assert found, text
    return found.group(1)


def test_login_is_refused_with_a_wrong_token(server: LocalServer, vh: Vh) -> None:
    assert "Log in first" in vh("login", "--yes", "--host", server.url, "-t", "wrong", code_wanted=1)


def test_projects_and_environments(vh: Vh, tmp_path: Path) -> None:
    assert f"vh-{tmp_path.name}" in vh("project", "list")
    assert f"vh-{tmp_path.name}" in vh("project", "status")
    assert "local" in vh("environments")


def test_environments_with_their_prices_quotas_and_lines(server: LocalServer, vh: Vh) -> None:
    services = Services.open(server.state)
    admin = services.accounts.ensure("root", admin=True)
    settings = {"enabled": True, "per_user_quota": 2, "per_hour_price_usd": 1.25, "description": "two of them"}
    services.environments.create(admin, {"name": "Rare", "engine": "local", "max_scale": 0, **settings})
    services.close()
    for _ in range(3):
        vh("exec", "run", "--adhoc", "--environment", "rare", "sleep")
    listed = json.loads(vh("--table-format", "json", "environments", "--queue", "--price", "--gpu"))
    by_slug = {row["slug"]: row for row in listed}
    rare = {"per_user_queue_quota": 2, "unfinished_job_count": 3, "per_hour_price_usd": 1.25, "gpu_spec": ""}
    assert {name: by_slug["rare"][name] for name in rare} == rare
    assert by_slug["rare"]["description"] == "two of them"
    assert by_slug["local"]["per_user_queue_quota"] == "unlimited"
    for table in ("human", "csv"):
        assert "unlimited" in vh("--table-format", table, "environments", "--queue")
    number = counter(vh("exec", "run", "--adhoc", "--environment", "rare", "sleep"))
    assert "may use 2 machines of Rare at once" in vh("exec", "info", number)


def test_a_run_with_its_log_outputs_and_metadata(vh: Vh, tmp_path: Path) -> None:
    number = counter(vh("exec", "run", "--adhoc", "train", "--lr=0.5"))
    wait(vh, number, "complete")
    log = vh("exec", "logs", number, "--all")
    assert '{"epoch": 2, "accuracy": 1.0}' in log
    assert "image python:3.11 is not used" in log
    info = vh("exec", "info", number)
    assert "local" in info
    assert "0.5" in info
    vh("exec", "outputs", number, "-d", str(tmp_path / "out"))
    assert (tmp_path / "out" / "model.txt").read_text() == "0.5 3 0.5"
    assert "accuracy" in vh("exec", "summarize", number)
    assert number in vh("exec", "list")
    assert "model.txt" in vh("data", "list")
    assert re.search(r"best\s+model\.txt", vh("alias", "list"))
    # the same code again is the same commit
    again = counter(vh("exec", "run", "--adhoc", "train", "--data=datum://best"))
    assert int(again) == int(number) + 1
    wait(vh, again, "complete")
    assert "model.txt" in vh("exec", "logs", again, "--all")
    # what another one has read stays, but for its content
    vh("exec", "delete", number, "--purge-outputs")
    assert not re.search(rf"^{number}\s", vh("exec", "list"), re.MULTILINE)
    assert vh("data", "list").count("model.txt") >= 1


def test_stop(vh: Vh) -> None:
    number = counter(vh("exec", "run", "--adhoc", "sleep"))
    wait(vh, number, "started")
    assert "stopping" in vh("exec", "stop", number)
    wait(vh, number, "stopped")


def test_a_mistyped_environment_is_explained(vh: Vh) -> None:
    said = vh("exec", "run", "--adhoc", "--environment", "nope", "train", code_wanted=1)
    assert "nope" in said


def wait(vh: Vh, number: str, status: str) -> None:
    import time

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        listed = json.loads(vh("--table-format", "json", "exec", "list"))
        found = {str(item.get("counter") or item.get("Counter") or item.get("#")): item for item in listed}
        if status in json.dumps(found.get(number)):
            return
        time.sleep(0.3)
    raise AssertionError(f"#{number} did not become {status}: {found.get(number)}")
