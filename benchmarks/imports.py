"""What `%load_ext valo_jupyter` costs a kernel, against `import ipywidgets`."""

from __future__ import annotations

import statistics
import subprocess
import sys

from benchmarks.table import Row, show

ROUNDS = 9
#: each in an interpreter that has IPython already, as a kernel has
SETUP = "import time; from IPython.core.interactiveshell import InteractiveShell; shell = InteractiveShell.instance()"
PEER = "import ipywidgets"
WORK = {PEER: PEER, "%load_ext valo_jupyter": "shell.run_line_magic('load_ext', 'valo_jupyter')"}


def measured(work: str) -> float:
    """Seconds of `work` in a fresh interpreter."""
    code = f"{SETUP}; begun = time.perf_counter(); {work}; print('took', time.perf_counter() - begun)"
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    return float(printed.rsplit("took ", 1)[1])


def rows() -> list[Row]:
    """Each against `import ipywidgets`, in turns, so that what else the machine does meets all of them alike."""
    times: dict[str, list[float]] = {name: [] for name in WORK}
    for _ in range(ROUNDS):
        for name, work in WORK.items():
            times[name].append(1000 * measured(work))
    peer = statistics.median(times[PEER])
    return [Row(name, PEER, statistics.median(times[name]), peer, 1, 0.3, "ms") for name in WORK if name != PEER]


if __name__ == "__main__":
    show(rows())
