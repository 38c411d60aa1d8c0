"""A 21-cell notebook from the POST until a client sees its end, and a hundred of them on two machines."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import scheduler as peer
from benchmarks.server import Server, cells, server, write_notebook
from benchmarks.table import Row, medians

MANY = 100


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def papermill(notebook: Path) -> float:
    """Seconds that the `papermill` command takes."""
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "papermill", "--no-progress-bar", str(notebook), "/dev/null"],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    return time.perf_counter() - start


def many_on_valo(running: Server, project: str, commit: str) -> float:
    start = time.perf_counter()
    made = [running.submit(project, commit, "nb.ipynb") for _ in range(MANY)]
    ends = {running.wait(execution) for execution in made}
    if ends != {"complete"}:
        raise RuntimeError(f"some ended as {ends}")
    return time.perf_counter() - start


def many_with_xargs(notebook: Path, count: int) -> float:
    start = time.perf_counter()
    command = f"{sys.executable} -m papermill --no-progress-bar {notebook} /dev/null"
    subprocess.run(
        ["xargs", "-P2", "-I{}", "sh", "-c", f"{command} # {{}}"],
        input="\n".join(map(str, range(count))), text=True, check=True, capture_output=True, timeout=600,
    )  # fmt: skip
    return time.perf_counter() - start


def rows() -> list[Row]:
    with server() as running, tempfile.TemporaryDirectory() as folder:
        notebook = write_notebook(Path(folder) / "code" / "nb.ipynb", cells(21))
        project, commit = running.project(notebook.parent)
        ours, peers = medians(
            lambda: (time.sleep(1.0), running.timed(project, commit, "nb.ipynb"))[1], lambda: papermill(notebook)
        )
        found = [Row("21 cells, POST → end seen, warm", "papermill command", ours, peers, 0.25, 0.10)]
        if peer.installed():
            with peer.scheduler(notebook.parent, free_port()) as job:
                ours, peers = medians(
                    lambda: (time.sleep(1.0), running.timed(project, commit, "nb.ipynb"))[1], lambda: job("nb.ipynb")
                )
            found.append(Row("21 cells, POST → end seen, warm", "jupyter-scheduler job", ours, peers, 0.15, 0.06))
        else:
            print("    jupyter-scheduler is not there; `make bench` installs it", file=sys.stderr)
        some = 20
        xargs = many_with_xargs(notebook, some) / some
        each = many_on_valo(running, project, commit) / MANY
        found.append(
            Row(
                f"{MANY} notebooks on 2 machines (notebooks a second)",
                f"xargs -P2 papermill ({some})",
                1 / each,
                1 / xargs,
                3,
                5,
                "/s",
                more_is_better=True,
            )
        )
    return found
