"""A notebook and commands in a container, from the start gate to the last word."""

from __future__ import annotations

import os

from tests.parts import images


def test_a_notebook(bench, box):
    cells = ["import os, sys; print('hello', os.getcwd(), os.environ['VH_INPUTS_DIR'], os.getuid())",
             "open(os.environ['VH_OUTPUTS_DIR'] + '/out.txt', 'w').write('42'); print('{\"accuracy\": 0.5}')"]
    status = bench.notebook(*cells, container=box())
    print(bench.server.lines(), bench.end)
    assert status == "complete"
    assert bench.stored("out.txt") == b"42"
    assert bench.server.lines("stdout")[0] == f"hello /valohai/repository /valohai/inputs {os.getuid()}"
    print(bench.server.images)


def test_commands(bench, box):
    status = bench.commands("echo one; pwd", "echo two >&2; ls /valohai; id -u; env", container=box(images.TINY), environment_variables={"A": "it's\n2"})
    print(bench.server.lines(), bench.end)
    assert status == "complete"
