"""What `%load_ext valo_jupyter` costs a kernel, against `import ipywidgets`; prints a table."""

from __future__ import annotations

import statistics
import subprocess
import sys

ROUNDS = 9
#: each in an interpreter that has IPython already, as a kernel has
SETUP = "import time; from IPython.core.interactiveshell import InteractiveShell; shell = InteractiveShell.instance()"
WORK = {
    "import ipywidgets": "import ipywidgets",
    "%load_ext valo_jupyter": "shell.run_line_magic('load_ext', 'valo_jupyter')",
    "%load_ext valo_jupyter, and the first %valo help": (
        "shell.run_line_magic('load_ext', 'valo_jupyter'); shell.run_line_magic('valo', 'help')"
    ),
    "from valo_jupyter import Client": "from valo_jupyter import Client",
}


def measured(work: str) -> float:
    """Seconds of `work` in a fresh interpreter."""
    code = f"{SETUP}; begun = time.perf_counter(); {work}; print('took', time.perf_counter() - begun)"
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    return float(printed.rsplit("took ", 1)[1])


def main() -> None:
    times: dict[str, list[float]] = {name: [] for name in WORK}
    # in turns, so that what else the machine does meets all of them alike
    for _ in range(ROUNDS):
        for name, work in WORK.items():
            times[name].append(measured(work))
    peer = statistics.median(times["import ipywidgets"])
    print(f"{'work':<52}{'median':>10}{'ratio':>8}")
    for name, seconds in times.items():
        median = statistics.median(seconds)
        print(f"{name:<52}{1000 * median:>7.1f} ms{median / peer:>8.2f}")


if __name__ == "__main__":
    main()
