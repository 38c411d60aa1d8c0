"""`%valo run` without a name, in a kernel that a real Jupyter server started, on the notebook that is open."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3
from jupyter_client.blocking.client import BlockingKernelClient

from valo_jupyter import Client
from valo_jupyter.domain.executions import Status

MakeNotebook = Callable[..., Path]
TOKEN = "of-the-test"


@pytest.fixture
def jupyter(client: Client, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """A running Jupyter server with the extension; `jupyter(method, path, body)` asks it."""
    config = json.dumps({"ServerApp": {"jpserver_extensions": {"valo_jupyter": True}}})
    config_folder = Path(os.environ["JUPYTER_CONFIG_DIR"])
    config_folder.mkdir(parents=True, exist_ok=True)
    (config_folder / "jupyter_server_config.json").write_text(config)
    log = tmp_path / "jupyter.log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [
                sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0",
                f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={tmp_path}",
            ],
            stdout=file,
            stderr=file,
        )  # fmt: skip
    # it writes down where it listens a moment before it does
    pool = urllib3.PoolManager(retries=urllib3.Retry(connect=100, read=False, backoff_factor=0.1, backoff_max=0.2))
    try:
        url = _url(process.pid, log)

        def ask(method: str, path: str, body: Any = None) -> Any:
            answer = pool.request(method, f"{url}{path}", json=body, headers={"Authorization": f"token {TOKEN}"})
            assert answer.status < 300, answer.data
            return answer.json() if answer.data else None

        yield ask
    finally:
        process.terminate()
        process.wait(30)


def _url(pid: int, log: Path) -> str:
    record = Path(os.environ["JUPYTER_RUNTIME_DIR"]) / f"jpserver-{pid}.json"
    for _ in range(600):
        if record.exists() and (content := record.read_text()):
            return json.loads(content)["url"]
        time.sleep(0.05)
    raise AssertionError(log.read_text())


def _wait_for(kernel: BlockingKernelClient) -> None:
    """A client that did not start the kernel takes one that is slow to begin for dead; this one asks again."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return kernel.wait_for_ready(timeout=60)
        except RuntimeError:
            if time.monotonic() > deadline:
                raise


@pytest.mark.slow
def test_the_open_notebook_is_the_one_that_runs(
    jupyter: Callable[..., Any], client: Client, make_notebook: MakeNotebook
) -> None:
    make_notebook("%load_ext valo_jupyter", "%valo run", "print('all of it')")
    session = jupyter(
        "POST",
        "api/sessions",
        {"path": "project/train.ipynb", "type": "notebook", "name": "train.ipynb", "kernel": {"name": "python3"}},
    )
    connection = Path(os.environ["JUPYTER_RUNTIME_DIR"]) / f"kernel-{session['kernel']['id']}.json"
    kernel = BlockingKernelClient(connection_file=str(connection))
    kernel.load_connection_file()
    kernel.start_channels()
    try:
        _wait_for(kernel)
        reply = kernel.execute_interactive(
            "%load_ext valo_jupyter\nrun = %valo run\nrun_id = run.id",
            user_expressions={"id": "run_id"},
            timeout=60,
            output_hook=lambda _: None,
        )
    finally:
        kernel.stop_channels()
    shown = reply["content"]["user_expressions"]["id"]
    assert shown["status"] == "ok", reply
    execution = client.execution(shown["data"]["text/plain"].strip("'")).wait(60)
    assert execution.status is Status.COMPLETE
    assert execution.data["notebook"]["path"] == "train.ipynb"
    said = [line.text for line in execution.logs() if line.stream == "stdout"]
    assert said[-1] == "all of it"
    assert any("inside an execution" in line for line in said)
