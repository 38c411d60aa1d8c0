"""Processes that are started for user code."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from valo_jupyter.runtime.spawn import spawn


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_server_in_a_shells_background_starts_programs_that_can_be_interrupted() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = spawn(["grep", "SigIgn", "/proc/self/status"], stdout=subprocess.PIPE)
        output, _ = process.communicate(timeout=20)
    finally:
        signal.signal(signal.SIGINT, before)
    ignored = int(output.split()[1], 16)
    assert not ignored & 1 << (signal.SIGINT - 1)
