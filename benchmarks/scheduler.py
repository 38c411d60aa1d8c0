"""The peer jupyter-scheduler: its server, and a job from the POST until its end is seen."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import urllib3

TOKEN = "bench"
#: `make bench` puts it there, apart from our own environment, whose JupyterLab it would join
PEERS = Path(__file__).parents[1] / ".make" / "peers"


def installed() -> bool:
    return (PEERS / "jupyter_scheduler").is_dir()


@contextlib.contextmanager
def scheduler(folder: Path, port: int) -> Iterator[Callable[[str], float]]:
    """A function that runs a notebook of `folder` as a job and gives the seconds it took."""
    environment = {
        **os.environ,
        "HOME": str(folder),
        "PYTHONPATH": str(PEERS),
        "JUPYTER_DATA_DIR": str(folder / ".data"),
    }
    process = subprocess.Popen(
        [
            sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}",
            "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={folder}",
            "--ServerApp.jpserver_extensions={'jupyter_scheduler': True, 'valo_jupyter': False}",
            f"--SchedulerApp.db_url=sqlite:///{folder}/jobs.sqlite",
        ],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    http = urllib3.PoolManager(headers={"Authorization": f"token {TOKEN}"})
    base = f"http://127.0.0.1:{port}/scheduler"

    def run(name: str) -> float:
        start = time.perf_counter()
        body = {"input_uri": name, "name": name, "runtime_environment_name": _environment_name(http, base)}
        reply = http.request("POST", f"{base}/jobs", body=json.dumps(body))
        if reply.status >= 300:
            raise RuntimeError(reply.data.decode())
        job = reply.json()["job_id"]
        while time.perf_counter() - start < 120:
            status = http.request("GET", f"{base}/jobs/{job}").json()["status"]
            if status == "COMPLETED":
                return time.perf_counter() - start
            if status == "FAILED":  # a new job is STOPPED at first
                raise RuntimeError(f"the job of jupyter-scheduler ended as {status}")
            time.sleep(0.02)
        raise RuntimeError("the job of jupyter-scheduler did not end")

    try:
        _until_ready(http, base)
        yield run
    finally:
        process.terminate()
        process.wait(20)


def _environment_name(http: urllib3.PoolManager, base: str) -> str:
    return http.request("GET", f"{base}/runtime_environments").json()[0]["name"]


def _until_ready(http: urllib3.PoolManager, base: str) -> None:
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        try:
            if http.request("GET", f"{base}/jobs/count", retries=False, timeout=2).status == 200:
                return
        except urllib3.exceptions.HTTPError:
            pass
        time.sleep(0.2)
    raise RuntimeError("jupyter-scheduler did not start")
