"""A process's log is bounded, whoever in it writes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from valo_jupyter.engines.logs import tail

WRITE = """
import os, sys
from pathlib import Path
from valo_jupyter.engines.logs import BoundedLog
log = BoundedLog(Path(sys.argv[1]))
for number in range(9):
    os.write(1, b"x" * 999_999 + b"\\n")
    log.check()
print("the last line", flush=True)
"""


def test_a_large_log_is_turned_over(tmp_path: Path) -> None:
    path = tmp_path / "log" / "web.log"
    subprocess.run([sys.executable, "-c", WRITE, str(path)], check=True, cwd=Path(__file__).parents[2])
    assert sorted(found.name for found in path.parent.iterdir()) == ["web.log", "web.log.1"]
    assert sum(found.stat().st_size for found in path.parent.iterdir()) < 6_000_000
    assert tail(path, 1) == "the last line"
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_tail_of_nothing_is_empty(tmp_path: Path) -> None:
    assert tail(tmp_path / "none") == ""
