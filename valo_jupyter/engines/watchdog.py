"""Beside the driver of a machine elsewhere: ends all that it runs when the driver is silent, stopped or dead.

Started as a file, without this package: it is to be small and to need nothing that could be missing. It looks at one
number that the driver writes: until when the driver is trusted, 0 while nothing runs.

    watchdog.py <pipe> <memory> <driver> <record> <clock> <command that ends the machine> …
"""

import json
import mmap
import os
import select
import signal
import struct
import subprocess
import sys
import time

_LOOK_SECONDS = 1.0
_COMMAND_SECONDS = 30


def main(pipe: int, memory: int, driver: int, record: str, clock: int, command: "list[str]") -> None:
    # a batch system sends these to everybody; the driver then ends in good order, and with it this process
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    trusted = mmap.mmap(memory, 8)
    while True:
        (until,) = struct.unpack_from("d", trusted)
        left = until - time.clock_gettime(clock) if until else _LOOK_SECONDS
        if left <= 0:
            break
        if select.select([pipe], [], [], min(left, _LOOK_SECONDS))[0]:
            if os.read(pipe, 1):
                return  # the driver has left in good order
            break  # it has died
    if os.getppid() == driver:
        os.kill(driver, signal.SIGKILL)
    try:
        subprocess.run(command, stdin=subprocess.DEVNULL, timeout=_COMMAND_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        _end_groups(record)


def _end_groups(record: str) -> None:
    """The least that can be done, when the program that does it properly cannot be started."""
    try:
        with open(record) as file:
            # to the system, 1 means every process and 0 our own group
            groups = [pid for pid, _ in json.load(file)["groups"] if pid > 1]
    except (OSError, ValueError, KeyError):
        return
    for pid in groups:
        try:
            os.killpg(pid, signal.SIGKILL)
        except OSError:
            pass


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], int(sys.argv[5]), sys.argv[6:])
