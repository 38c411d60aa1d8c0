"""Code written for Valohai runs as it is: the unmodified `valohai` package in a command and in a notebook."""

from __future__ import annotations

import json
import sys

import nbformat
import pytest
import yaml
from valohai.internals.notebooks import get_notebook_command

CODE = """
import json, os
import valohai

valohai.prepare(
    step="train",
    default_parameters={"lr": 0.5, "epochs": 1, "name": "x", "shuffle": True, "layers": [1, 2]},
    default_inputs={"data": "default.csv"},
)
print("parameters", json.dumps({n: valohai.parameters(n).value for n in ("lr", "epochs", "name", "shuffle", "layers")}))
print("input", open(valohai.inputs("data").path()).read())
print("all", sorted(os.path.basename(path) for path in valohai.inputs("data").paths()))
with valohai.logger() as logger:
    logger.log("accuracy", 0.9)
    logger.log(epoch=1)
path = valohai.outputs().path("deep/model.txt")
open(path, "w").write("weights")
valohai.outputs("live").live_upload(valohai.outputs("live").path("nothing"))
with valohai.output_properties() as properties:
    properties.add(file="deep/model.txt", properties={"valohai.tags": ["prod"], "rows": 3})
config = valohai.execution().config
print("execution", config.counter, config.id, config.title)
print("paths", os.getcwd() == os.environ["VH_REPOSITORY_DIR"], os.path.isdir(valohai.outputs().dir_path))
"""
PARAMETERS = {"lr": 0.1, "epochs": 5, "name": "näme", "shuffle": False, "layers": [3, 4]}
INPUTS = [{"name": "data", "uris": ["data/*.csv"], "keep_directories": "none", "filename": None, "download": "always"}]


@pytest.mark.parametrize("how", ["command", "notebook"])
def test_the_package(bench, how: str):
    (bench.project / "data").mkdir()
    for name in ("a.csv", "b.csv"):
        (bench.project / "data" / name).write_text(f"rows of {name}")
    changes = {"parameters": PARAMETERS, "inputs": INPUTS}
    if how == "command":
        (bench.project / "train.py").write_text(CODE)
        status = bench.commands(f"{sys.executable} train.py", **changes)
    else:
        status = bench.notebook(CODE, **changes)
    assert (status, bench.end["reason"]) == ("complete", "")
    said = dict(line.partition(" ")[::2] for line in bench.server.lines("stdout") if " " in line and line[0] != "{")
    assert json.loads(said["parameters"]) == PARAMETERS
    assert said["input"] == "rows of a.csv"
    assert said["all"] == "['a.csv', 'b.csv']"
    assert said["execution"] == f"12 {bench.assignment['execution']['id']} A title"
    assert said["paths"] == "True True"
    points = [event["values"] for event in bench.server.of("metadata")]
    assert [{k: v for k, v in point.items() if k != "_time"} for point in points] == [{"accuracy": 0.9, "epoch": 1}]
    told = {output["name"]: output for output in bench.server.outputs}
    assert (told["deep/model.txt"]["tags"], told["deep/model.txt"]["metadata"]) == (["prod"], {"rows": 3})
    assert bench.stored("deep/model.txt") == b"weights"


def test_a_download_left_to_the_package(bench):
    (bench.project / "x.py").write_text(
        "import valohai\nprint(valohai.inputs('data').path(default='none'), valohai.parameters('a').value)"
    )
    bench.commands(f"{sys.executable} x.py", parameters={"a": None})
    assert bench.server.lines("stdout") == ["none None"]


def test_config_files_and_their_yaml_twins(bench):
    bench.commands(
        'cd "$VH_CONFIG_DIR"; for f in *.json; do echo "== $f"; cat $f; echo; done; mkdir "$VH_OUTPUTS_DIR/c"; '
        'cp * "$VH_OUTPUTS_DIR/c"',
        parameters={"n": "näme: x", "f": 0.1, "none": None},
    )
    for name in ("parameters", "inputs", "execution"):
        assert yaml.safe_load(bench.stored(f"c/{name}.yaml")) == json.loads(bench.stored(f"c/{name}.json"))
    assert json.loads(bench.stored("c/parameters.json")) == {"n": "näme: x", "f": 0.1, "none": None}
    assert json.loads(bench.stored("c/inputs.json")) == {}
    facts = json.loads(bench.stored("c/execution.json"))
    assert facts["valohai.execution-counter"] == 12
    assert facts["valohai.commit-identifier"] == "~ab12"
    assert facts["valohai.project-name"] == "ana/project"
    assert facts["valohai.execution-tags"] == ["one"]


def test_the_environment_of_code(bench, monkeypatch: pytest.MonkeyPatch):
    for name, value in {
        "VALO_HOME": "/x",
        "DASK_SCHEDULER": "tls://x",
        "VH_TASK_ID": "someone's",
        "VALOHAI_TOKEN": "secret",
        "JUPYTERHUB_API_TOKEN": "secret",
        "MINE": "kept",
        "OVERRIDDEN": "machine",
    }.items():
        monkeypatch.setenv(name, value)
    bench.commands("env", environment_variables={"OVERRIDDEN": "execution", "NUMBER": 3, "VH_TASK_ID": "task"})
    seen = dict(line.partition("=")[::2] for line in bench.server.lines("stdout"))
    assert not [name for name in seen if name.startswith(("DASK_", "VALOHAI_", "JUPYTERHUB_", "VALO_HOME"))]
    assert (seen["MINE"], seen["OVERRIDDEN"], seen["NUMBER"], seen["VH_TASK_ID"]) == ("kept", "execution", "3", "task")
    execution = bench.assignment["execution"]["id"]
    assert seen["VH_JOB_ID"] == f"exec-{execution}"
    assert seen["VH_EXECUTION_ID"] == seen["VALO_EXECUTION"] == execution
    assert seen["VH_PROJECT_ID"] == bench.assignment["execution"]["project"]["id"]


def test_python_is_the_machines(bench):
    bench.commands("python -c 'import sys; print(sys.prefix)'")
    assert bench.server.lines("stdout") == [sys.prefix]


def test_the_commands_that_vh_writes_for_a_notebook(bench):
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("lr = 1", metadata={"tags": ["parameters"]})])
    nb.cells.append(nbformat.v4.new_code_cell("print('lr', lr)"))
    nb.metadata.kernelspec = {"name": "python3", "language": "python", "display_name": "Python 3"}
    nbformat.write(nb, bench.project / "nb.ipynb")
    command = get_notebook_command("./nb.ipynb")[-1]
    assert "/valohai/repository/./nb.ipynb" in command
    assert bench.commands(command, parameters={"lr": 0.25}) == "complete"
    assert "lr 0.25" in bench.stored("nb.ipynb").decode()


def test_a_file_missing_below_valohais_folder(bench):
    assert bench.notebook("open('/valohai/inputs/data/x.csv')") == "error"
    assert "there is no /valohai folder here" in bench.end["reason"]
