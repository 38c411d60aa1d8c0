"""The main job on the real server, engine and machines: submit from a folder, and everything that comes of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import nbformat.v4 as v4
import psutil
import pytest

from tests.parts.server import LocalServer, local_server
from valo_jupyter import Client
from valo_jupyter.client import Execution

SECRET = "tOp-s3cret-v4lue"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    with local_server(tmp_path_factory.mktemp("line") / "state") as running:
        yield running


@pytest.fixture
def client(server: LocalServer) -> Client:
    return Client(url=server.url, token=server.token)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "project"
    path.mkdir()
    (path / "valohai.yaml").write_text("[]\n")
    return path


def notebook(path: Path, *sources: str, parameters: str | None = None, kernel: str = "python3") -> Path:
    cells = [v4.new_code_cell(source) for source in sources]
    if parameters is not None:
        cells.insert(0, v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}))
    language = {"python3": "python", "bash": "bash"}.get(kernel, "python")
    spec = {"name": kernel, "display_name": kernel, "language": language}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(v4.new_notebook(cells=cells, metadata={"kernelspec": spec}), path)
    return path


def run(client: Client, path: Path, **options: Any) -> Execution:
    execution = client.run(path, **options)
    execution.wait(timeout=90, raise_on_failure=False)
    return execution


def log(execution: Execution) -> str:
    return "\n".join(str(line) for line in execution.logs())


def test_everything_that_comes_of_a_notebook(client: Client, server: LocalServer, folder: Path) -> None:
    path = notebook(
        folder / "deep" / "nb.ipynb",
        "import json, os\nprint(os.getcwd().endswith('repository/deep'), open('data.txt').read())",
        "for epoch in range(epochs):\n    print(json.dumps({'epoch': epoch, 'loss': lr / (epoch + 1)}))",
        "os.makedirs(os.environ['VH_OUTPUTS_DIR'] + '/m', exist_ok=True)\n"
        "open(os.environ['VH_OUTPUTS_DIR'] + '/m/model.bin', 'wb').write(b'model')",
        parameters="lr = 0.1\nepochs = 2",
    )
    (path.parent / "data.txt").write_text("next to it")
    execution = run(client, path, parameters={"epochs": 3}, tags=["first"], title="T")
    data = execution.refresh().data
    assert data["status"] == "complete", data["status_detail"]
    assert "True next to it" in log(execution)
    assert [point["loss"] for point in execution.metadata] == [0.1, 0.05, pytest.approx(0.1 / 3)]
    assert data["parameters"] == {"lr": 0.1, "epochs": 3}
    assert data["tags"] == ["first"]
    assert data["progress"]["code"] == data["progress"]["of"] == 5, "the injected cell is one of them"
    assert execution.outputs["m/model.bin"].path().read_bytes() == b"model"
    executed = nbformat.reads(execution.outputs["nb.ipynb"].path().read_text(), as_version=4)
    assert "injected-parameters" in executed.cells[1].metadata["tags"]
    assert data["machine"]["cpu_count"] > 0
    assert data["capture"]["packages"]["ipykernel"]
    assert data["commit"]["adhoc"]
    assert data["commit"]["identifier"].startswith("~")
    model = next(item for item in data["outputs"] if item["name"] == "m/model.bin")
    assert len(model["md5"]) == 32
    graph = client.http.get(f"data/{model['id']}/trace/")
    assert {edge["type"] for edge in graph["edges"]} == {"code", "output"}
    # nothing of the attempt is left on the machine
    assert not list((server.state.jobs).glob(f"{data['id']}*"))


def test_a_failing_cell_is_named_and_what_was_written_is_kept(client: Client, folder: Path) -> None:
    path = notebook(
        folder / "nb.ipynb",
        "import os; open(os.environ['VH_OUTPUTS_DIR'] + '/early.txt', 'w').write('kept')",
        "raise ValueError('no good')",
        "print('never')",
    )
    execution = run(client, path)
    data = execution.refresh().data
    assert data["status"] == "error"
    assert "ValueError: no good" in data["status_detail"]
    assert "cell 2" in data["status_detail"]
    assert data["error"]["ename"] == "ValueError"
    assert execution.outputs["early.txt"].path().read_text() == "kept"
    assert "never" not in log(execution)


def test_a_file_that_was_left_out_is_explained(client: Client, folder: Path) -> None:
    (folder / ".gitignore").write_text("# large\n*.csv\n")
    (folder / "train.csv").write_text("1,2")
    execution = run(client, notebook(folder / "nb.ipynb", "open('train.csv')"))
    detail = execution.refresh().data["status_detail"]
    assert "FileNotFoundError" in detail
    assert ".gitignore:2" in detail, detail


def test_secrets_show_nowhere(client: Client, server: LocalServer, folder: Path) -> None:
    path = notebook(
        folder / "nb.ipynb",
        "import os, sys, subprocess\nvalue = os.environ['TOKEN']\nassert len(value) == 16\nprint('it is', value)",
        "print(value, file=sys.stderr)\nsubprocess.run(['echo', value])",
        'print(\'{"metric": 1, "key": "\' + value + \'"}\')',
        "from IPython.display import HTML\nHTML('<b>' + value + '</b>')",
        "value",
        "raise RuntimeError(value)",
    )
    execution = run(client, path, secret_environment_variables={"TOKEN": SECRET})
    data = execution.refresh().data
    assert data["status"] == "error"
    assert "***" in log(execution)
    assert data["environment_variables"]["TOKEN"] == {"value": None, "secret": True}
    found = [
        file
        for file in server.state.root.rglob("*")
        if file.is_file() and "jobs" not in file.parts and SECRET.encode() in file.read_bytes()
    ]
    assert found == []
    for address in ("", "stream/?after=0", "notebook/", "metadata/", "events/"):
        assert SECRET not in json.dumps(client.http.get(f"executions/{data['id']}/{address}"))


def test_stop_keeps_what_was_written(client: Client, folder: Path) -> None:
    path = notebook(
        folder / "nb.ipynb",
        "import os, time\nopen(os.environ['VH_OUTPUTS_DIR'] + '/a.txt', 'w').write('a')\nprint('ready', flush=True)",
        "while True:\n    try: time.sleep(60)\n    except KeyboardInterrupt: print('ignored', flush=True)",
    )
    execution = client.run(path)
    wait_for(lambda: "cell 2" in execution.refresh().data["status_detail"])
    execution.stop()
    execution.wait(timeout=60, raise_on_failure=False)
    data = execution.refresh().data
    assert data["status"] == "stopped"
    assert execution.outputs["a.txt"].path().read_text() == "a"
    assert "ignored" in log(execution)


def test_time_limit(client: Client, folder: Path) -> None:
    execution = run(client, notebook(folder / "nb.ipynb", "import time; time.sleep(60)"), time_limit=2)
    data = execution.refresh().data
    assert data["status"] == "error"
    assert "time limit" in data["status_detail"]


def test_the_valohai_package_unmodified(client: Client, folder: Path) -> None:
    (folder / "rows.txt").write_text("a b")
    path = notebook(
        folder / "nb.ipynb",
        "import valohai\nvalohai.prepare(step='train', default_parameters={'lr': 0.5, 'deep': True},"
        " default_inputs={'rows': 'rows.txt'})",
        "assert valohai.parameters('lr').value == 0.25\nassert valohai.parameters('deep').value is True",
        "assert open(valohai.inputs('rows').path()).read() == 'a b'",
        "with valohai.logger() as logger:\n    logger.log('loss', 1.5)",
        "open(valohai.outputs().path('x.txt'), 'w').write('x')",
    )
    execution = run(client, path, parameters={"lr": 0.25})
    data = execution.refresh().data
    assert data["status"] == "complete", data["status_detail"]
    assert [point["loss"] for point in execution.metadata] == [1.5], "logged once, counted once"
    assert data["step"] == "train"
    assert [file["name"] for file in data["inputs"][0]["files"]] == ["rows.txt"]
    assert "x.txt" in execution.outputs


def test_a_kernel_that_dies(client: Client, folder: Path) -> None:
    execution = run(client, notebook(folder / "nb.ipynb", "print('alive')", "import os; os._exit(3)", "1"))
    data = execution.refresh().data
    assert data["status"] == "error"
    assert "cell 2" in data["status_detail"]
    assert "exit code 3" in data["status_detail"]


def test_a_missing_kernel_lists_those_present(client: Client, folder: Path) -> None:
    from valo_jupyter.domain.errors import KernelMissing

    with pytest.raises(KernelMissing, match="python3"):
        client.run(notebook(folder / "nb.ipynb", "1", kernel="julia-9"))


def test_a_large_first_snapshot_asks(client: Client, folder: Path) -> None:
    from valo_jupyter.domain.errors import ConfirmSnapshot

    many = folder / "many"
    many.mkdir()
    for number in range(2100):
        (many / f"{number}.txt").write_text("x")
    path = notebook(folder / "nb.ipynb", "import os; print(sorted(os.listdir()))")
    with pytest.raises(ConfirmSnapshot) as refused:
        client.run(path)
    assert refused.value.details["largest"][0]["path"].startswith("many")
    alone = run(client, path, include="notebook")
    assert "['nb.ipynb']" in log(alone)


@pytest.mark.slow
def test_a_million_lines_arrive_in_order(client: Client, folder: Path) -> None:
    path = notebook(folder / "nb.ipynb", "for i in range(1_000_000):\n    print(i)")
    execution = client.run(path)
    execution.wait(timeout=240)
    expected = 0
    after, done = 0, False
    while not done:
        answer = client.http.get(f"executions/{execution.id}/stream/?after={after}")
        for event in answer["events"]:
            if event["k"] == "log" and event["s"] == "stdout":
                for line in event["text"].split("\n"):
                    assert line == str(expected)
                    expected += 1
        after, done = answer["last"], answer["done"]
    assert expected == 1_000_000


@pytest.mark.slow
def test_killing_the_web_process_ends_nothing(client: Client, server: LocalServer, folder: Path) -> None:
    path = notebook(folder / "nb.ipynb", "import time\nfor i in range(30):\n    print(i, flush=True); time.sleep(0.2)")
    execution = client.run(path)
    wait_for(lambda: "cell 1" in execution.refresh().data["status_detail"])
    status = json.loads(server.valo("status", "--json").stdout)
    os.kill(status["pid"], signal.SIGKILL)
    wait_for(lambda: json.loads(server.valo("status", "--json").stdout).get("pid") not in (None, status["pid"]))
    execution.wait(timeout=60)
    data = execution.refresh().data
    assert (data["status"], data["attempt"]) == ("complete", 1)
    lines = [line for line in log(execution).splitlines() if line.strip().isdecimal()]
    assert lines == [str(number) for number in range(30)]


@pytest.mark.slow
def test_killing_the_machine_requeues_once(client: Client, server: LocalServer, folder: Path) -> None:
    path = notebook(folder / "nb.ipynb", "import os, time\nprint('pid', os.getpid(), flush=True)\ntime.sleep(60)")
    execution = client.run(path)
    for attempt in (1, 2):
        wait_for(lambda: execution.refresh().data["attempt"] == attempt)  # noqa: B023
        wait_for(lambda: "cell 1" in execution.refresh().data["status_detail"])
        machines = json.loads(server.valo("status", "--json").stdout)["machines"]
        (busy,) = [machine for machine in machines if machine["execution"] == execution.id]
        family = psutil.Process(busy["pid"]).children(recursive=True)
        os.kill(busy["pid"], signal.SIGKILL)
        wait_for(lambda: not any(child.is_running() for child in family))  # noqa: B023
    execution.wait(timeout=60, raise_on_failure=False)
    data = execution.refresh().data
    assert data["status"] == "crashed"
    assert "attempt 2 of 2" in data["status_detail"]
    assert [attempt["status"] for attempt in data["attempts"]] == ["lost", "lost"]


def test_the_command_line(server: LocalServer, folder: Path) -> None:
    good = notebook(folder / "good.ipynb", "print(name)", parameters="name = 'nobody'")
    done = server.valo("run", str(good), "-p", "name", "ana", "--tag", "cli")
    assert done.returncode == 0, done.stderr
    bad = notebook(folder / "bad.ipynb", "1 / 0")
    failed = server.valo("run", str(bad))
    assert failed.returncode == 1
    assert "ZeroDivisionError" in failed.stderr
    refused = server.valo("run", str(good), "-p", "nme", "ana")
    assert refused.returncode in (1, 2)
    assert "name" in refused.stderr


@pytest.mark.slow
def test_on_postgresql(postgres: str, tmp_path: Path, folder: Path) -> None:
    from tests.parts.postgres import new_database

    with local_server(tmp_path / "state", new_database(postgres)) as server:
        client = Client(url=server.url, token=server.token)
        execution = run(client, notebook(folder / "nb.ipynb", "print('{\"a\": 1}')"), tags=["pg"])
        data = execution.refresh().data
        assert data["status"] == "complete", data["status_detail"]
        assert execution.metadata[0]["a"] == 1
        assert not server.state.database.exists()


def wait_for(condition: Any, seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


def test_server_in_the_foreground(tmp_path: Path) -> None:
    environment = {**os.environ, "VALO_HOME": str(tmp_path / "state")}
    process = subprocess.Popen(
        [sys.executable, "-m", "valo_jupyter.server.cli", "server"], env=environment, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(
            lambda: (tmp_path / "state" / "engine.json").exists() and (tmp_path / "state" / "server.json").exists()
        )
        status = json.loads((tmp_path / "state" / "server.json").read_text())
        assert status["pid"] == process.pid
        engine = json.loads((tmp_path / "state" / "engine.json").read_text())
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
    wait_for(lambda: not psutil.pid_exists(engine["pid"]))
