"""Processes that die with this one, however it dies."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

_PR_SET_PDEATHSIG = 1


def spawn(argv: list[str], **options: Any) -> subprocess.Popen[bytes]:
    """Start `argv` (see `subprocess.Popen`) as the leader of a session of its own, killed should this process die.

    Linux sends that kill when the *thread* that started the process ends, so all are started by one thread that lives
    as long as this process. Elsewhere nothing is sent: kernels watch their parent by themselves, and a `ProcessWatch`
    is told of every group. Safe to call from any thread.
    """
    parent = os.getpid()
    if _libc is not None:
        # only system calls happen between fork and exec
        options["preexec_fn"] = lambda: _die_with(parent)
    # bytes by default; a checker cannot know which of Popen's options are among these
    started: Any = _spawner(parent).submit(subprocess.Popen, argv, start_new_session=True, **options).result()
    return started


def kill_group(pid: int, signum: int = signal.SIGKILL) -> None:
    """Signal the group that `pid` leads; one that is gone already is as good."""
    if pid <= 1:
        # to the system, 1 means every process and 0 our own group
        raise ValueError(f"{pid} is no group of ours")
    try:
        os.killpg(pid, signum)
    except (ProcessLookupError, PermissionError):
        # PermissionError: macOS, when only zombies are left
        pass


@lru_cache(maxsize=1)
def _spawner(_pid: int) -> ThreadPoolExecutor:
    # per process: after a fork the thread exists in the parent only
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="valo-spawner")


def _die_with(parent: int) -> None:
    assert _libc is not None
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # a server that was started in the background of a shell ignores these, and its programs would for ever
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    if os.getppid() != parent:
        # it died before the line above
        os._exit(1)


_libc = ctypes.CDLL(None) if sys.platform == "linux" else None
