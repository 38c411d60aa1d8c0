"""The environment variables of user code: the machine's, without what is ours, then Valohai's, then the user's."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from valo_jupyter.runtime.contract import Folders

#: Ours, our tools', or of the Jupyter server that started us: none of user code's business, some of them secret.
_OURS = ("VALO_", "VALOHAI_", "VH_", "DASK_", "JPY_", "JUPYTERHUB_", "PAPERMILL_")
LOOPBACK = "127.0.0.1"
_PACKAGE_PARENT = str(Path(__file__).resolve().parents[2])


def user_environment(
    assignment: Mapping[str, Any], folders: Folders, machine: Mapping[str, str] | None = None
) -> dict[str, str]:
    """All environment variables of the execution's code.

    Parameters
    ----------
    machine
        The environment that the machine process has (default: this process's).
    """
    inherited = os.environ if machine is None else machine
    environment = {name: value for name, value in inherited.items() if not name.startswith(_OURS)}
    _without_our_python_path(environment)
    _with_python(environment, _python(assignment))
    environment |= valohai_variables(assignment, folders)
    environment |= {name: str(value) for name, value in assignment["environment_variables"].items()}
    return environment


def valohai_variables(assignment: Mapping[str, Any], folders: Folders) -> dict[str, str]:
    """`VH_*` as Valohai sets them; the unmodified `valohai` package finds everything through these."""
    execution = assignment["execution"]
    return {
        "VH_JOB_ID": f"exec-{execution['id']}",
        "VH_EXECUTION_ID": execution["id"],
        "VH_PROJECT_ID": execution["project"]["id"],
        "VH_CONFIG_DIR": str(folders.config),
        "VH_INPUTS_DIR": str(folders.inputs),
        "VH_OUTPUTS_DIR": str(folders.outputs),
        "VH_REPOSITORY_DIR": str(folders.repository),
        "VALO_EXECUTION": execution["id"],
    }


def without_proxy_to_us(environment: Mapping[str, str]) -> dict[str, str]:
    """With this computer's loopback among what is reached without a proxy."""
    given = environment.get("no_proxy") or environment.get("NO_PROXY")
    value = f"{given},{LOOPBACK}" if given else LOOPBACK
    return {**environment, "no_proxy": value, "NO_PROXY": value}


def _python(assignment: Mapping[str, Any]) -> str:
    """The interpreter that `python` shall be: the kernel's, or for commands the machine's."""
    kernel = (assignment["notebook"] or {}).get("kernel") or {}
    program = (kernel.get("argv") or [sys.executable])[0]
    is_python = kernel.get("language", "python") == "python" and os.path.isabs(program)
    return program if is_python else sys.executable


def _with_python(environment: dict[str, str], python: str) -> None:
    """Make `python` and `pip` those of the kernel, as if its environment had been activated.

    The machine was started from some environment, which need not be the notebook's: `!pip install` would otherwise
    install where the kernel does not look.
    """
    own = os.path.dirname(python)
    path = environment.get("PATH", os.defpath).split(os.pathsep)
    active = environment.pop("VIRTUAL_ENV", None)
    stale = os.path.join(active, os.path.basename(own)) if active else None
    environment["PATH"] = os.pathsep.join([own, *(entry for entry in path if entry not in (own, stale))])
    prefix = os.path.dirname(own)
    if os.path.exists(os.path.join(prefix, "pyvenv.cfg")):
        environment["VIRTUAL_ENV"] = prefix
    if environment.get("CONDA_PREFIX") not in (None, prefix):
        for name in ("CONDA_PREFIX", "CONDA_DEFAULT_ENV", "CONDA_PROMPT_MODIFIER"):
            environment.pop(name, None)


def _without_our_python_path(environment: dict[str, str]) -> None:
    """Drop the entry that leads to this package; whatever else the user has put there stays."""
    given = environment.pop("PYTHONPATH", "")
    kept = [entry for entry in given.split(os.pathsep) if entry and os.path.realpath(entry) != _PACKAGE_PARENT]
    if kept:
        environment["PYTHONPATH"] = os.pathsep.join(kept)
