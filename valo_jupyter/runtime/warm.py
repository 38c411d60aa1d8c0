"""When a kernel that waits may serve an execution, as if it had been started for it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from valo_jupyter.runtime.kernelspecs import is_ipykernel, with_spec
from valo_jupyter.runtime.running import RunningKernel

#: Read once, when a process starts: a kernel born with other values cannot be told later.
_AT_BIRTH_PREFIXES = (
    "LD_",
    "DYLD_",
    "LC_",
    "PYTHON",
    "MALLOC_",
    "GLIBC_",
    "OMP_",
    "MKL_",
    "IPYTHON",
    "PYDEVD_",
    "COVERAGE_",
)
_AT_BIRTH = frozenset({"LANG", "LANGUAGE", "TZ", "HOME"})
#: Of this process's own, not for user code; a run's environment is made by the caller, a waiting kernel's is made here.
_OURS = ("VALO_", "VALOHAI_", "VH_", "DASK_", "JPY_", "JUPYTERHUB_", "PAPERMILL_")


def can_wait(kernel: Mapping[str, Any], environment: Mapping[str, str]) -> bool:
    """Whether kernels of this kind may be started ahead of their execution.

    Only an ipykernel can be moved to another folder and environment; and not one that runs code of the user's as it
    starts (IPython's startup files and configuration), which would see the wrong ones.
    """
    return is_ipykernel(kernel) and not _runs_code_at_start(environment)


def birth(environment: Mapping[str, str]) -> dict[str, str]:
    """Those variables that only count when a process starts."""
    return {
        name: value for name, value in environment.items() if name in _AT_BIRTH or name.startswith(_AT_BIRTH_PREFIXES)
    }


def waiting_environment(last: Mapping[str, str] | None) -> dict[str, str]:
    """What a kernel waits with: nothing that belongs to one execution; `last` is the environment of the last one."""
    if last is None:
        return {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    # what was this process's own, as the caller left it, and what the next execution will want at birth as well
    return {name: value for name, value in last.items() if os.environ.get(name) == value} | birth(last)


def key(kernel: Mapping[str, Any]) -> str:
    """Equal for kernelspecs that start the same kernel."""
    return json.dumps([kernel["argv"], kernel.get("env") or {}, kernel.get("resource_dir")], sort_keys=True)


def state_of(folders: list[str]) -> dict[str, int]:
    """Changes when a package is installed in, or removed from, one of `folders`."""
    state = {}
    for folder in folders:
        try:
            state[folder] = os.stat(folder).st_mtime_ns
        except OSError:
            state[folder] = 0
    return state


def adopt(kernel: RunningKernel, *, cwd: Path, environment: Mapping[str, str]) -> bool:
    """Tell a kernel that waits where it is; whether it understood."""
    wanted = with_spec(kernel.kernel, environment) | {"JPY_PARENT_PID": str(os.getpid())}
    return kernel.ask("adopt", str(cwd), wanted, kernel.born, timeout=5.0) is not None


def _runs_code_at_start(environment: Mapping[str, str]) -> bool:
    home = Path(environment.get("HOME") or Path.home())
    profile = Path(environment.get("IPYTHONDIR") or home / ".ipython") / "profile_default"
    if any(
        (profile / name).exists() for name in ("ipython_config.py", "ipython_kernel_config.py", "ipython_config.json")
    ):
        return True
    try:
        return any(entry.suffix in (".py", ".ipy") for entry in (profile / "startup").iterdir())
    except OSError:
        return False
