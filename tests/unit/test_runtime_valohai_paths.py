"""Commands written for Valohai's containers find this execution's folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from valo_jupyter.runtime.contract import Folders
from valo_jupyter.runtime.valohai_paths import advice, with_own_folders

FOLDERS = Folders(Path("/jobs/e-1"))


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (
            "papermill -f /valohai/config/parameters.json /valohai/repository/./a.ipynb '/valohai/outputs/a.ipynb'",
            "papermill -f /jobs/e-1/config/parameters.json /jobs/e-1/repository/./a.ipynb '/jobs/e-1/outputs/a.ipynb'",
        ),
        ("ls -la /valohai/inputs/", "ls -la /jobs/e-1/inputs/"),
        ("cp x /valohai/outputs", "cp x /jobs/e-1/outputs"),
        ("run --out=/valohai/outputs/x", "run --out=/jobs/e-1/outputs/x"),
        ("curl https://host/valohai/inputs/x", None),
        ("ls ./valohai/inputs /data/valohai/inputs ~/valohai/inputs", None),
        ("ls /valohai/inputs-old /valohai/outputs.tar /valohai/other", None),
    ],
)
def test_commands(command: str, expected: str | None):
    assert with_own_folders([command], FOLDERS) == [expected or command]


def test_a_folder_with_a_space_is_quoted():
    (command,) = with_own_folders(["ls /valohai/inputs/x"], Folders(Path("/my jobs")))
    assert command == "ls '/my jobs/inputs'/x"


def test_advice():
    assert "valohai.outputs()" in (advice("[Errno 2] No such file or directory: '/valohai/outputs/x'") or "")
    assert advice("[Errno 2] No such file or directory: 'outputs/x'") is None
