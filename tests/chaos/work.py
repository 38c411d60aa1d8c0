"""What the executions of the chaos run: each writes down what it did and when, and prints numbered lines.

This file is the user's code: it goes into the snapshot as it is, and knows nothing of Valo.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

_config = os.environ["VH_CONFIG_DIR"]
_traces = os.environ["CHAOS_TRACES"]
if _traces.startswith("udp:"):
    # in a container, where only its mounts tell which attempt this is
    _mounts = (line.split() for line in open("/proc/self/mountinfo"))  # noqa: SIM115
    _config = next(mount[3] for mount in _mounts if mount[4] == _config)
EXECUTION, _, ATTEMPT = Path(_config).parent.name.rpartition("-")
# one write a line: whole lines in the order of their writing
if _traces.startswith("udp:"):
    _, _host, _port = _traces.split(":")
    _socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    _socket.connect((_host, int(_port)))
    _write, _begin = _socket.send, f"{EXECUTION} {ATTEMPT}"
else:
    # unbuffered and appended
    _write, _begin = open(Path(_traces) / EXECUTION, "ab", buffering=0).write, ATTEMPT  # noqa: SIM115


def note(what):
    _write(f"{_begin} {os.getpid()} {time.time():.6f} {what}\n".encode())


def count(lines, pause=0.05, first=0):
    """Print numbered lines, with a metadata point after every fifth."""
    note(f"counts {lines}")
    for number in range(first, first + lines):
        note(f"line {number}")
        print("line", number, flush=True)
        if number % 5 == 4:
            print(json.dumps({"step": number}), flush=True)
        time.sleep(pause)


def keep():
    """Write an output, the same in every attempt."""
    Path(os.environ["VH_OUTPUTS_DIR"], "result.txt").write_text(f"the result of {EXECUTION}")
    note("end")


def leave_daemon():
    """Start a process that nobody knows of: another session, no parent, writing until somebody ends it."""
    code = "import work\nwhile True:\n    work.note('daemon')\n    work.time.sleep(0.05)"
    subprocess.Popen([sys.executable, "-c", code], start_new_session=True, stdin=subprocess.DEVNULL)


def stubborn():
    """Heed no request to end."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    what = sys.argv[1]
    if what == "note":
        note(sys.argv[2])
        sys.exit()
    if what == "daemon":
        leave_daemon()
    if what == "stubborn":
        stubborn()
    if what == "flood":
        sys.stdout.write("".join(f"line {number}\n" for number in range(30_000)))
        sys.stdout.flush()
        count(20, first=30_000)
    elif what in ("stubborn", "long"):
        count(10_000, 0.1)
    else:
        count(5 if what == "fails" else 30)
    if what == "fails":
        sys.exit("as it should")
    keep()
