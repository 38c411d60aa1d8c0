"""The Python API against a real server that runs real notebooks."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from valo_jupyter import Client, snapshots
from valo_jupyter.client.failed import ExecutionFailed, WaitedTooLong
from valo_jupyter.client.find import find_server
from valo_jupyter.client.http import Http
from valo_jupyter.domain import errors
from valo_jupyter.domain.executions import Status
from valo_jupyter.server.cli import main
from valo_jupyter.submit.handover import Handover

MakeNotebook = Callable[..., Path]
WAIT = 60.0


def test_a_run_and_everything_that_came_of_it(client: Client, training: Path, tmp_path: Path) -> None:
    execution = client.run(training, parameters={"lr": "0.5"}, tags=["first"], title="A training").wait(WAIT)
    assert execution.status is Status.COMPLETE
    assert execution.title == "A training"
    assert execution.data["parameters"] == {"lr": 0.5, "epochs": 3}
    assert [(point["epoch"], point["loss"]) for point in execution.metadata] == [(0, 0.5), (1, 0.25), (2, 0.5 / 3)]
    assert all(set(point) == {"epoch", "loss", "_time"} for point in execution.metadata)
    assert len(execution.metadata_frame()) == 3
    assert next(line.text for line in execution.logs() if line.stream == "stdout") == '{"epoch": 0, "loss": 0.5}'
    # Papermill's cell of injected parameters is a code cell, too
    assert [(cell.number, cell.state) for cell in execution.cells] == [(1, "done"), (2, "done"), (3, "done")]
    assert "".join(execution.notebook()["cells"][0]["source"]).startswith("lr")

    assert "sub/model.txt" in execution.outputs
    model = execution.outputs["sub/model.txt"]
    assert model.data["tags"] == ["best"]
    assert model.open("r").read() == "weights"
    assert model.path() == model.path()
    assert model.download(tmp_path / "here") == tmp_path / "here/sub/model.txt"
    assert execution.outputs.get("nothing") is None
    with pytest.raises(errors.NotFound, match=r"sub/model\.txt"):
        execution.outputs["nothing"]

    assert execution.tag("good", "first").tags == ["first", "good"]
    assert execution.untag("first").tags == ["good"]
    assert [found.id for found in client.executions(tag="good")] == [execution.id]


def test_a_failure_carries_the_cell_s_error(client: Client, make_notebook: MakeNotebook) -> None:
    execution = client.run(make_notebook("1 + 1", "raise ValueError('bad luck')"))
    with pytest.raises(ExecutionFailed, match="bad luck") as caught:
        execution.wait(WAIT)
    assert caught.value.details["status"] == "error"
    assert caught.value.details["error"]["ename"] == "ValueError"
    assert execution.wait(raise_on_failure=False).status is Status.ERROR


def test_waiting_ends_but_the_execution_goes_on_until_it_is_stopped(
    client: Client, make_notebook: MakeNotebook
) -> None:
    execution = client.run(make_notebook("print('begun')", "import time; time.sleep(60)"))
    with pytest.raises(WaitedTooLong, match="goes on"):
        execution.wait(0.2)
    for event in execution.events(wait=True):
        if event["k"] == "cell" and event["code"] == 2:
            break
    assert execution.status is Status.STARTED
    execution.stop()
    assert execution.wait(WAIT, raise_on_failure=False).status is Status.STOPPED
    assert "begun" in [str(line) for line in execution.logs()]


def test_the_same_again_with_another_value(client: Client, training: Path) -> None:
    first = client.run(training, wait=True)
    again = first.rerun(parameters={"epochs": 1}, tags=["again"]).wait(WAIT)
    assert again.counter == first.counter + 1
    assert again.data["parameters"] == {"lr": 0.1, "epochs": 1}
    assert again.data["commit"]["identifier"] == first.data["commit"]["identifier"]


def test_executions_are_found_by_number_and_project(client: Client, make_notebook: MakeNotebook) -> None:
    here = client.run(make_notebook("1", folder="here"), wait=True)
    there = client.run(make_notebook("1", folder="there"), wait=True)
    assert (here.counter, there.counter) == (1, 1)
    with pytest.raises(errors.NotFound, match=r"here:1.*there:1|there:1.*here:1"):
        client.execution(1)
    assert client.execution("here:1").id == here.id
    assert client.execution("there:latest").id == there.id
    assert client.execution(here.id).counter == 1
    assert client.execution("latest").id == there.id
    assert Client(project="here").execution("#1").id == here.id
    with pytest.raises(errors.NotFound, match="nowhere"):
        client.execution("nowhere:1")
    with pytest.raises(errors.Invalid, match="names no execution"):
        client.execution("first")


def test_a_mistake_is_refused_before_anything_is_recorded(
    client: Client, training: Path, make_notebook: MakeNotebook, tmp_path: Path
) -> None:
    before = len(client.projects())
    with pytest.raises(errors.UnknownParameter, match="epochs"):
        client.run(training, parameters={"epoch": 1})
    with pytest.raises(errors.WrongParameterType, match="lr"):
        client.run(training, parameters={"lr": "fast"})
    with pytest.raises(errors.NotFound, match="Save it first"):
        client.run(tmp_path / "none.ipynb")
    (tmp_path / "broken.ipynb").write_text("{")
    with pytest.raises(errors.Invalid, match="notebook"):
        client.run(tmp_path / "broken.ipynb")
    assert len(client.projects()) == before
    executions = len(client.executions(limit=1000, everywhere=True))
    with pytest.raises(errors.KernelMissing, match=r"there are: .*python3"):
        client.run(make_notebook("1", kernel="cobol"))
    assert len(client.executions(limit=1000, everywhere=True)) == executions


def test_code_is_pushed_to_a_server_that_does_not_share_the_disk(
    client: Client, training: Path, tmp_path: Path
) -> None:
    project = client.http.post("projects/resolve/", {"folder": "/elsewhere", "host": "other", "name": "pushed"})
    git_dir = tmp_path / "client" / "repository.git"
    git_dir.parent.mkdir()
    snapshots.ensure_repository(git_dir)
    handover = Handover(client.http, project["id"], git_dir, same_machine=False)
    first = snapshots.snapshot(training.parent, git_dir, notebook=training)
    assert handover.register(first)["identifier"] == first.identifier

    (training.parent / "more.txt").write_text("more")
    second = snapshots.snapshot(training.parent, git_dir, notebook=training)
    # the server was restored, say: it lacks what the client believes to have pushed
    other = client.http.post("projects/resolve/", {"folder": "/new", "host": "other", "name": "restored"})
    restored = Handover(client.http, other["id"], git_dir, same_machine=False)
    assert restored.register(second)["identifier"] == second.identifier

    created = client.http.post(
        "executions/",
        {"project": other["id"], "commit": second.identifier, "notebook": {"path": "train.ipynb", "kernel": None}},
    )
    assert client.execution(created["id"]).wait(WAIT).status is Status.COMPLETE


def test_the_server_is_looked_for_in_order(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    local = find_server(start=False)
    assert local.url == client.url
    assert find_server(local.url).token == local.token
    monkeypatch.setenv("VALO_URL", "https://team.example.org")
    monkeypatch.setenv("VALO_TOKEN", "t")
    assert (find_server().url, find_server().token) == ("https://team.example.org", "t")
    assert find_server("http://a", "b").url == "http://a"
    monkeypatch.delenv("VALO_URL")
    monkeypatch.setenv("VH_JOB_ID", "job")
    with pytest.raises(errors.ServerUnreachable, match="inside an execution"):
        find_server()


def test_a_killed_server_s_file_is_not_believed(private_home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    state = private_home / "valo"
    state.mkdir()
    (state / "server.json").write_text(f'{{"url": "http://127.0.0.1:{port}", "pid": 1}}')
    (state / "token").write_text("t")
    with pytest.raises(errors.ServerUnreachable, match="jupyter valo start"):
        find_server(start=False)


def test_a_wrong_token_is_told_with_its_source(
    client: Client, server_home: Path, private_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(errors.Unauthenticated):
        Http(client.url, "wrong").get("users/me/")
    with pytest.raises(errors.Unauthenticated, match="token from the call"):
        Client(client.url, "wrong").me()
    monkeypatch.setenv("VALO_TOKEN", "wrong")
    with pytest.raises(errors.Unauthenticated, match=r"token from VALO_TOKEN.*`jupyter valo token`"):
        Client().me()
    monkeypatch.delenv("VALO_TOKEN")
    other = private_home / "other"
    other.mkdir()
    (other / "server.json").write_text(f'{{"url": "{client.url}", "pid": 1}}')
    (other / "token").write_text("outdated")
    monkeypatch.setenv("VALO_HOME", str(other))
    with pytest.raises(errors.Unauthenticated, match=f"token from the file {other / 'token'}"):
        Client(start=False).me()
    (other / "token").unlink()
    monkeypatch.setenv("VALO_URL", client.url)
    with pytest.raises(errors.Unauthenticated, match="wants a token, and none is set"):
        Client().me()


@pytest.mark.parametrize("address", ["localhost:8000", "ftp://a", "http://", "http://a:port", "valo"])
@pytest.mark.filterwarnings("error")
def test_an_address_that_is_none_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(errors.Invalid, match=f"The server's address is “{address}”"):
        find_server(address)
    monkeypatch.setenv("VALO_URL", address)
    with pytest.raises(errors.Invalid, match=rf"VALO_URL is “{address}”.*https://"):
        find_server()


def test_cells_and_what_differs_between_two_executions(
    client: Client, make_notebook: MakeNotebook, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = make_notebook("x = b'1' * 100_000_000", "raise SystemExit('not here')", "print(lr)", parameters="lr = 0.1")
    notebook = json.loads(path.read_text())
    notebook["cells"][2]["metadata"]["tags"] = ["local-only"]
    path.write_text(json.dumps(notebook))
    runs = [client.run(path, parameters=given).wait(WAIT) for given in ({}, {"lr": 0.2})]

    first, injected, large, skipped, last = runs[1].cells
    assert (first.index, first.number, first.line, first.state) == (0, 1, "lr = 0.1", "done")
    assert (injected.line, skipped.state, skipped.why) == ("# Parameters", "skipped", "local-only")
    assert large.peak_memory_bytes is not None
    assert first.peak_memory_bytes is not None
    assert large.peak_memory_bytes - first.peak_memory_bytes > 90_000_000
    assert last.seconds is not None
    assert last.started is not None
    assert runs[1].data["skipped_cells"] == [{"cell": 3, "code": 4, "tag": "local-only"}]
    assert runs[1].notebook()["cells"][3]["metadata"]["valo"] == {"skipped": "local-only"}
    assert len(runs[1].source()["cells"]) == 4

    found = client.diff(*(run.id for run in runs))
    facts = {(fact["group"], fact["name"]): (fact["left"], fact["right"]) for fact in found.facts}
    assert facts["parameters", "lr"] == (0.1, 0.2)
    assert not {group for group, _ in facts} - {"parameters", "result"}
    assert (found.same, found.files, found.problems) == (False, [], [])
    assert [(cell.state, cell.left, cell.right) for cell in found.cells] == [("added", None, 1), ("changed", 3, 4)]
    assert found.cells[1].outputs == ["-0.1", "+0.2"]
    assert client.diff(runs[0].id, runs[0].id).same

    monkeypatch.chdir(path.parent)
    assert main(["cells", str(runs[1].counter)]) == 0
    assert "skipped: local-only" in capsys.readouterr().out
    assert main(["diff", *(str(run.counter) for run in runs)]) == 0
    assert "+0.2" in capsys.readouterr().out
