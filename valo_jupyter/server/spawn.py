"""Starts a process of the server so that it outlives whoever started it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

from valo_jupyter.domain.state import StateFolder

#: what a running execution's processes know of it; a server started from one must not keep it
_PRIVATE = ("VALO_EXECUTION", "VALO_URL", "VALO_TOKEN", "VALO_JUPYTER_URL", "VALO_KERNEL_SECRET", "VH_")


def detached(state: StateFolder, module: str, log_name: str) -> int:
    """Start `python -m module` in a session of its own for this state folder; its process number.

    Its output goes to `log_name` from the first byte, so that an early failure is on record.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_PRIVATE)}
    environment["VALO_HOME"] = str(state.root)
    state.log.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(state.log / log_name, "ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=state.root,
            env=environment,
        )
    # whoever lives longer than the process must not leave it a zombie
    threading.Thread(target=process.wait, name=f"reap-{process.pid}", daemon=True).start()
    return process.pid
