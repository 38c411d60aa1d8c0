"""Inputs and outputs of executions in containers: a real data store, of which the container knows nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.job.test_job_inputs import inputs
from tests.integration.job.test_job_on_demand import READ
from tests.integration.job.test_job_stores import PREFIX, STORE, Team, faults, team
from tests.parts import images

__all__ = ["faults", "team"]

Box = Callable[..., dict[str, Any]]


def test_inputs_by_pattern_and_datum_and_outputs(team: Team, box: Box):
    team.put(**{"images/a.txt": b"a\n", "images/deep/b.txt": b"b\n", "models/m.txt": b"m\n"})
    known = {"datum": "d1", "name": "m.txt", "uri": team.uri("models/m.txt"), "store": STORE, "size": 2}
    sums = dict.fromkeys(("md5", "sha1", "sha256", "version"))
    given = [
        *inputs("images", team.uri("images/**"), keep_directories="suffix"),
        *inputs("model", "datum://d1", files={"datum://d1": [known | sums]}),
    ]
    show = "cd /valohai/inputs; for f in $(find * -type f | sort); do echo $f $(cat $f); done"
    write = "echo live > $VH_OUTPUTS_DIR/live; chmod 444 $VH_OUTPUTS_DIR/live; mkdir $VH_OUTPUTS_DIR/sub"
    last = "echo late > $VH_OUTPUTS_DIR/sub/late; env; cat /valohai/config/* /proc/1/cmdline"
    assert team.bench.commands(show, write, last, inputs=given, container=box(images.TINY)) == "complete"
    server = team.bench.server
    said = server.lines("stdout")
    assert said[:3] == ["images/a.txt a", "images/deep/b.txt b", "model/m.txt m"]
    assert {told["name"]: told["store"] for told in server.outputs} == {"live": STORE, "sub/late": STORE}
    assert team.content(f"{PREFIX}sub/late") == b"late\n"
    assert team.content(f"{PREFIX}live") == b"live\n"
    for secret in team.config["credentials"].values():
        assert secret not in "\n".join(said)


@pytest.mark.parametrize("profile", ["default", "strict"])
def test_code_asks_for_inputs_without_a_network(team: Team, box: Box, profile: str):
    team.put(**{"images/a.txt": b"a", "images/deep/b.txt": b"b"})
    given = inputs("images", team.uri("images/**"), download="on-demand", keep_directories="suffix")
    (team.bench.project / "read.py").write_text(READ.format(names=("images",)))
    container = box(images.NOTEBOOK, profile=profile)
    assert team.bench.commands("python read.py", inputs=given, container=container) == "complete"
    server = team.bench.server
    assert sorted(line for line in server.lines("stdout") if line.startswith("images ")) == [
        "images a.txt a",
        "images deep/b.txt b",
    ]
    assert [told["store"] for told in server.inputs] == [STORE, STORE]


def test_a_notebook_asks_for_inputs(team: Team, box: Box):
    team.put(a=b"content")
    code = "import urllib.request, valohai\nprint(open(valohai.inputs('x').path()).read())"
    changes = {"inputs": inputs("x", team.uri("a"), download="on-demand"), "container": box(network="bridge")}
    assert team.bench.notebook(code, **changes) == "complete"
    assert "content" in team.bench.server.lines("stdout")


def test_an_image_in_which_nothing_could_ask(team: Team, box: Box):
    team.put(a=b"content\n")
    given = inputs("x", team.uri("a"), download="on-demand")
    command = "cat $VH_INPUTS_DIR/x/a; test ! -e $VH_CONFIG_DIR/api.json"
    assert team.bench.commands(command, inputs=given, container=box(images.TINY)) == "complete"
    assert team.bench.server.lines("stdout") == ["content"]
    assert any("The image has no Python by which" in line for line in team.bench.server.lines("status"))
