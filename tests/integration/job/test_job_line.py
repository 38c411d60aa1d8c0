"""The straight line of a job, for a notebook and for commands."""

from __future__ import annotations

import json


def test_a_notebook_from_start_to_end(bench):
    status = bench.notebook(
        "import os, json\nprint('hello')",
        "print(json.dumps({'loss': 0.5}))",
        "open(os.path.join(os.environ['VH_OUTPUTS_DIR'], 'model.txt'), 'w').write('weights');",
        path="deep/notebook.ipynb",
        log=["first words"],
    )
    server = bench.server
    assert (status, bench.end["status"], bench.end["reason"]) == ("complete", "complete", "")
    assert server.lines("stdout") == ["hello", '{"loss": 0.5}']
    assert server.lines("status")[0] == "first words"
    assert [event["values"]["loss"] for event in server.of("metadata")] == [0.5]
    assert [event["state"] for event in server.of("cell")] == ["started", "done"] * 3
    assert sorted(output["name"] for output in server.outputs) == ["model.txt", "notebook.ipynb"]
    assert bench.stored("model.txt") == b"weights"
    assert json.loads(bench.stored("notebook.ipynb"))["cells"][0]["outputs"]
    assert json.loads(server.notebooks[-1]) == json.loads(bench.stored("notebook.ipynb"))
    assert {"total", "checkout", "inputs", "kernel", "run", "outputs"} <= set(bench.end["seconds"])
    assert server.machine["cpu_count"] > 0
    assert list((bench.state / "jobs").iterdir()) == []


def test_commands_from_start_to_end(bench):
    (bench.project / "train.sh").write_text("echo training with $LR; echo model > $VH_OUTPUTS_DIR/model.txt")
    status = bench.commands("export LR=0.1", "sh train.sh", environment_variables={"A": "1"})
    assert (status, bench.end["exit_code"]) == ("complete", 0)
    assert bench.server.lines() == [
        "Command 1 of 2: export LR=0.1",
        "Command 2 of 2: sh train.sh",
        "training with 0.1",
    ]
    assert bench.stored("model.txt") == b"model\n"
    assert bench.end["peak_memory_bytes"] > 0


def test_a_stale_attempt_runs_nothing(bench):
    bench.server.stale = True
    assert bench.commands("touch $VH_OUTPUTS_DIR/../../ran") == "stale"
    assert bench.server.ends == []
    assert not (bench.state / "jobs").exists()
