"""What environment user code gets."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import valo_jupyter
from valo_jupyter.runtime.contract import Folders
from valo_jupyter.runtime.environment import user_environment, without_proxy_to_us

FOLDERS = Folders(Path("/job"))


def environment(machine: dict[str, str], kernel: dict | None = None, **variables: str) -> dict[str, str]:
    assignment = {
        "execution": {"id": "e", "project": {"id": "p"}},
        "notebook": {"path": "n.ipynb", "kernel": kernel} if kernel else None,
        "environment_variables": variables,
    }
    return user_environment(assignment, FOLDERS, machine)


def test_the_path_to_this_package_is_not_the_users():
    ours = str(Path(valo_jupyter.__file__).parents[1])
    assert "PYTHONPATH" not in environment({"PYTHONPATH": ours})
    assert environment({"PYTHONPATH": f"/theirs:{ours}:/more"})["PYTHONPATH"] == "/theirs:/more"
    assert environment({"PYTHONPATH": ours}, PYTHONPATH=ours)["PYTHONPATH"] == ours


def test_python_and_pip_are_those_of_the_kernel(tmp_path: Path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "pyvenv.cfg").touch()
    kernel = {"argv": [str(tmp_path / "bin" / "python"), "-m", "ipykernel_launcher"], "language": "python"}
    machine = {"PATH": "/other/bin:/usr/bin", "VIRTUAL_ENV": "/other", "CONDA_PREFIX": "/conda"}
    seen = environment(machine, kernel)
    assert seen["PATH"] == f"{tmp_path}/bin:/usr/bin"
    assert seen["VIRTUAL_ENV"] == str(tmp_path)
    assert "CONDA_PREFIX" not in seen


def test_a_kernel_of_another_language_does_not_change_python():
    kernel = {"argv": ["/opt/R/bin/R", "--slave"], "language": "R"}
    assert environment({"PATH": "/usr/bin"}, kernel)["PATH"] == f"{os.path.dirname(sys.executable)}:/usr/bin"


def test_the_machine_s_own_environment_stays_untouched():
    machine = {"PATH": "/usr/bin", "VALO_HOME": "/x"}
    environment(machine)
    assert machine == {"PATH": "/usr/bin", "VALO_HOME": "/x"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "127.0.0.1"),
        ({"no_proxy": "a,b", "NO_PROXY": "c"}, "a,b,127.0.0.1"),
        ({"NO_PROXY": "*.example.org"}, "*.example.org,127.0.0.1"),
    ],
)
def test_this_computer_is_reached_without_a_proxy(given: dict[str, str], expected: str):
    assert without_proxy_to_us({"A": "1", **given}) == {"A": "1", "no_proxy": expected, "NO_PROXY": expected}
