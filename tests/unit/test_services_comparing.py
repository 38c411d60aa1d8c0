"""What differs between two executions: on SQLite and on PostgreSQL."""

from __future__ import annotations

import hashlib
import json
import queue
import threading
from pathlib import Path
from typing import Any

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tests.unit.test_services_pool import environment, place, user
from valo_jupyter import snapshots
from valo_jupyter.domain.errors import Conflict, NotFound
from valo_jupyter.services import Services, comparing
from valo_jupyter.services.accounts import User
from valo_jupyter.services.comparing import Comparison
from valo_jupyter.services.notebooks import executed_path
from valo_jupyter.services.submissions import Submission
from valo_jupyter.stores.local import LocalStore

__all__ = ["environment", "user"]

PYTHON = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


def notebook(*sources: str, printed: str = "") -> bytes:
    cells = [new_code_cell(source, id=f"c{index}") for index, source in enumerate(sources)]
    cells[0]["metadata"]["tags"] = ["parameters"]
    if printed:
        cells[-1]["outputs"] = [new_output("stream", name="stdout", text=printed)]
    return json.dumps(new_notebook(cells=cells, metadata=PYTHON)).encode()


class Runs:
    """Executions of a project whose code changes between them."""

    def __init__(self, services: Services, user: User, environment: str, folder: Path) -> None:
        self.services, self.user, self.environment, self.folder = services, user, environment, folder
        folder.mkdir()
        self.project = services.projects.create(user, "demo").id

    def run(
        self,
        files: dict[str, bytes],
        *,
        executed: bytes | None = None,
        end: dict[str, Any] | None = None,
        **fields: Any,
    ) -> str:
        for name, content in files.items():
            (self.folder / name).write_bytes(content)
        sha = snapshots.commit_folder(self.services.commits.repository(self.project), self.folder)
        self.services.commits.register(self.user, self.project, sha, f"~{sha}")
        wanted = Submission(project_id=self.project, commit=f"~{sha}", **({"notebook_path": "nb.ipynb"} | fields))
        row = self.services.executions.create(self.user, wanted)
        order = place(self.services, self.environment)
        self.services.runs.start(order.token, {"pid": row.counter, "hostname": f"h{row.counter}", "cpu_model": "c"})
        if executed is not None:
            executed_path(self.services.state, row.id).write_bytes(executed)
        self.services.runs.end(order.token, {"status": "complete"} | (end or {}))
        return row.id

    def compare(self, left: str, right: str) -> Comparison:
        return self.services.comparing.compare(self.user, left, right)


@pytest.fixture
def runs(services: Services, user: User, environment: str, tmp_path: Path) -> Runs:
    return Runs(services, user, environment, tmp_path / "code")


def test_the_same_twice(runs: Runs) -> None:
    files = {"nb.ipynb": notebook("lr = 0.1", "train()")}
    left = runs.run(files, executed=notebook("lr = 0.1", "train()", printed="a"))
    right = runs.run(files, executed=notebook("lr = 0.1", "train()", printed="a"), end={"peak_memory_bytes": 7})
    found = runs.compare(left, right)
    assert (found.same, found.files, found.problems) == (True, [], [])
    # what was measured is told all the same
    assert {fact.name for fact in found.facts} == {"machine", "duration", "peak_memory_bytes"}
    assert found.notebooks is not None
    assert json.loads(found.notebooks)["diff"] == []


def test_everything_is_different(runs: Runs) -> None:
    (runs.folder / "old.py").write_text("1")
    left = runs.run(
        {"nb.ipynb": notebook("lr = 0.1", "train()"), "lib.py": b"1"},
        environment_variables={"A": "1"},
        secrets={"TOKEN": "s3cret"},
        end={"capture": {"python": "3.11", "packages": {"numpy": "1", "old": "1"}}},
    )
    (runs.folder / "old.py").unlink()
    runs.run(
        {"nb.ipynb": notebook("lr = 0.1", "train(2)"), "lib.py": b"2", "new.py": b""},
        parameters={"lr": 0.2},
        environment_variables={"A": "2", "TOKEN": "plain"},
        git={"head": "abc"},
        end={
            "status": "error",
            "reason": "failed in cell 2: ValueError: bad",
            "error": {"ename": "ValueError", "evalue": "bad"},
            "capture": {"python": "3.12", "packages": {"numpy": "2"}},
        },
    )
    found = runs.compare(left, f"{runs.project}:2")
    assert not found.same
    assert found.files == [("lib.py", "changed"), ("nb.ipynb", "changed"), ("new.py", "added"), ("old.py", "removed")]
    facts = {(fact.group, fact.name): (fact.left, fact.right) for fact in found.facts}
    assert facts["parameters", "lr"] == (0.1, 0.2)
    assert facts["environment", "variable A"] == ("1", "2")
    assert facts["environment", "variable TOKEN"] == ("(secret)", "plain")
    assert facts["environment", "python"] == ("3.11", "3.12")
    assert facts["environment", "package numpy"] == ("1", "2")
    assert facts["environment", "package old"] == ("1", None)
    assert facts["code", "git head"] == (None, "abc")
    assert ("code", "commit") in facts
    assert facts["result", "status"] == ("complete", "error")
    assert facts["result", "error"] == (None, "ValueError: bad")
    assert ("environment", "cpu") not in facts
    # neither has an executed notebook, so these are the submitted ones
    assert found.notebooks is not None
    notebooks = json.loads(found.notebooks)
    assert [cell["source"] for cell in notebooks["right"]["cells"]] == ["lr = 0.1", "train(2)"]
    assert [one["key"] for one in notebooks["diff"][0]["diff"]] == [1]


def test_outputs_and_metadata_are_results(runs: Runs, services: Services, user: User, environment: str) -> None:
    made, digests = [], []
    for accuracy in (0.5, 0.7):
        (runs.folder / "nb.ipynb").write_bytes(notebook("lr = 0.1"))
        sha = snapshots.commit_folder(services.commits.repository(runs.project), runs.folder)
        services.commits.register(user, runs.project, sha, f"~{sha}")
        wanted = Submission(project_id=runs.project, commit=f"~{sha}", notebook_path="nb.ipynb")
        row = services.executions.create(user, wanted)
        order = place(services, environment)
        services.runs.start(order.token, {"pid": 1})
        services.runs.events(order.token, 1, [{"k": "metadata", "values": {"accuracy": accuracy, "epochs": 2}}])
        (runs.folder.parent / "m.pkl").write_text(str(accuracy))
        stored = LocalStore(services.state.store).put_file(runs.folder.parent / "m.pkl")
        item = {"name": "m.pkl", "size": stored.size, "sha256": stored.sha256, "uri": stored.uri}
        services.runs.outputs(order.token, [item])
        digests.append(f"sha256:{stored.sha256}")
        services.runs.end(order.token, {"status": "complete"})
        made.append(row.id)
    facts = {(fact.group, fact.name): (fact.left, fact.right) for fact in runs.compare(*made).facts}
    assert facts["metadata", "accuracy"] == (0.5, 0.7)
    assert ("metadata", "epochs") not in facts
    assert facts["result", "output m.pkl"] == tuple(digests)


def test_files_of_one_name(runs: Runs, services: Services, user: User, environment: str) -> None:
    """Of an output made again the last one counts; all inputs do."""

    def stored(content: str) -> dict[str, Any]:
        path = runs.folder.parent / "file"
        path.write_text(content)
        kept = LocalStore(services.state.store).put_file(path)
        return {"name": "f.csv", "size": kept.size, "sha256": kept.sha256, "uri": kept.uri}

    def digests(*contents: str) -> list[str]:
        return sorted(f"sha256:{hashlib.sha256(content.encode()).hexdigest()}" for content in contents)

    made = []
    for inputs, outputs in (("ab", "xy"), ("cb", "xz"), ("bc", "xyz")):
        folder = runs.folder
        (folder / "valohai.yaml").write_text("- step: {name: s, image: none, command: echo, inputs: [{name: data}]}\n")
        sha = snapshots.commit_folder(services.commits.repository(runs.project), folder)
        services.commits.register(user, runs.project, sha, f"~{sha}")
        addresses = {"data": ["https://h/1/f.csv", "https://h/2/f.csv"]}
        wanted = Submission(project_id=runs.project, commit=f"~{sha}", step="s", inputs=addresses)
        row = services.executions.create(user, wanted)
        order = place(services, environment)
        services.runs.start(order.token, {"pid": 1})
        items = [stored(content) for content in inputs]
        services.runs.inputs(order.token, [{**item, "input": "data"} for item in items])
        for content in outputs:
            services.runs.outputs(order.token, [stored(content)])
        services.runs.end(order.token, {"status": "complete"})
        made.append(row.id)

    def facts(left: str, right: str) -> dict[tuple[str, str], Any]:
        return {(fact.group, fact.name): (fact.left, fact.right) for fact in runs.compare(left, right).facts}

    found = facts(made[0], made[1])
    assert found["result", "output f.csv"] == (*digests("y"), *digests("z"))
    assert found["inputs", "data/f.csv"] == (digests("a", "b"), digests("b", "c"))
    found = facts(made[1], made[2])
    assert ("result", "output f.csv") not in found
    assert ("inputs", "data/f.csv") not in found


def test_what_cannot_be_compared_is_said(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    step = b"- step: {name: hi, image: none, command: echo}\n"
    first = runs.run({"nb.ipynb": notebook("lr = 1"), "valohai.yaml": step})
    commands = runs.run({}, notebook_path=None, step="hi")
    assert runs.compare(first, commands).notebooks is None

    broken = runs.run({}, executed=b"{}")
    executed = runs.run({}, executed=notebook("lr = 1", printed="x"))
    found = runs.compare(executed, broken)
    assert found.notebooks is None
    assert "format 4" in found.problems[0]

    other = runs.run({}, executed=notebook("lr = 1", printed="y" * 500))
    monkeypatch.setattr(comparing, "_SECONDS", 0.001)
    found = runs.compare(executed, other)
    assert found.notebooks is None
    assert found.problems == [
        "The notebooks are too much to be compared. Download both, and compare them with `nbdiff-web`."
    ]
    monkeypatch.setattr(comparing, "_PATIENCE", 0.01)
    with runs.services.comparing._turns, runs.services.comparing._turns, pytest.raises(Conflict):
        runs.compare(executed, other)
    monkeypatch.setattr(comparing, "MOST_BYTES", 500)
    found = runs.compare(executed, other)
    assert found.notebooks is None
    assert "0 MB" in found.problems[0]
    assert not found.same
    with pytest.raises(NotFound):
        runs.compare(first, f"{runs.project}:99")


def test_two_are_made_and_two_wait_and_all_others_are_refused_at_once(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"nb.ipynb": notebook("lr = 1")}
    one, other = (runs.run(files, executed=notebook("lr = 1", printed=text)) for text in "ab")
    gate, diff = threading.Event(), comparing._diff
    ends: queue.Queue[Any] = queue.Queue()

    def gated(both: bytes, problems: list[str]) -> bytes | None:
        assert gate.wait(60)
        return diff(both, problems)

    def compare() -> None:
        try:
            ends.put(runs.compare(one, other).same)
        except Conflict:
            ends.put("refused")

    monkeypatch.setattr(comparing, "_diff", gated)
    monkeypatch.setattr(comparing, "_PATIENCE", 60.0)
    threads = [threading.Thread(target=compare) for _ in range(7)]
    for thread in threads:
        thread.start()
    try:
        assert [ends.get(timeout=20) for _ in range(3)] == ["refused"] * 3
    finally:
        gate.set()
        for thread in threads:
            thread.join(60)
    assert [ends.get(timeout=1) for _ in range(4)] == [False] * 4
