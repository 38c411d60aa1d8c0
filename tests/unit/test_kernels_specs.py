"""Kernelspecs and what of an environment counts at birth, without a kernel."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from valo_jupyter.domain.errors import KernelMissing
from valo_jupyter.runtime import warm
from valo_jupyter.runtime.kernelspecs import find_kernel, with_spec


@pytest.fixture
def own_kernel(private_home: Path) -> str:
    folder = private_home / "jupyter-data" / "kernels" / "mine"
    folder.mkdir(parents=True)
    spec = {"argv": ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"], "display_name": "Mine"}
    (folder / "kernel.json").write_text(json.dumps(spec | {"language": "python", "env": {"A": "${HOME}/a"}}))
    return "mine"


def test_the_name_given_then_the_notebooks_then_python3(own_kernel: str) -> None:
    notebook = {"metadata": {"kernelspec": {"name": own_kernel}}}
    assert find_kernel(None, notebook)["display_name"] == "Mine"
    assert find_kernel("python3", notebook)["name"] == "python3"
    assert find_kernel(None, {"metadata": {}})["name"] == "python3"
    assert find_kernel(None)["name"] == "python3"


def test_a_missing_kernel_names_those_present(own_kernel: str) -> None:
    with pytest.raises(KernelMissing, match=r"“nope” is not installed on this machine, which has mine, .*python3"):
        find_kernel("nope")


def test_the_specs_variables_may_refer_to_the_environment(own_kernel: str) -> None:
    assert with_spec(find_kernel(own_kernel), {"HOME": "/h", "B": "b"}) == {"HOME": "/h", "B": "b", "A": "/h/a"}


def test_what_waits_has_nothing_of_the_last_execution(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHARED", "same")
    monkeypatch.setenv("VALO_HOME", "/ours")
    assert "VALO_HOME" not in warm.waiting_environment(None)
    last = {"SHARED": "same", "TOKEN": "secret", "VH_JOB_ID": "1", "PYTHONPATH": "/x", "LC_ALL": "C"}
    assert warm.waiting_environment(last) == {"SHARED": "same", "PYTHONPATH": "/x", "LC_ALL": "C"}


def test_only_ipykernels_wait_and_only_without_startup_code(own_kernel: str, tmp_path: Path) -> None:
    kernel = find_kernel(own_kernel)
    assert warm.can_wait(kernel, {"HOME": str(tmp_path)})
    assert not warm.can_wait(kernel | {"argv": ["R"]}, {"HOME": str(tmp_path)})
    startup = tmp_path / ".ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "README").touch()
    assert warm.can_wait(kernel, {"HOME": str(tmp_path)})
    (startup / "1.py").touch()
    assert not warm.can_wait(kernel, {"HOME": str(tmp_path)})
