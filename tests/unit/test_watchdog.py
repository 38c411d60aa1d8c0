"""The watchdog ends a machine that is silent for too long, and no other."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from valo_jupyter.domain.lease import lease_clock
from valo_jupyter.engines.fence import Watchdog

DRIVER = """
import sys, time, json
from pathlib import Path
from valo_jupyter.domain.lease import lease_clock
from valo_jupyter.engines.fence import Watchdog
dog = Watchdog(Path(sys.argv[1]), json.loads(sys.argv[2]), lost=lambda: None)
print(dog._process.pid, flush=True)
for line in sys.stdin:
    if line.strip() == "arm":
        dog.arm(2.0, lease_clock())
    elif line.strip() == "heard":
        dog.heard(lease_clock())
    elif line.strip() == "disarm":
        dog.disarm()
    elif line.strip() == "leave":
        dog.release()
        break
    print("done", flush=True)
"""


class Driver:
    def __init__(self, folder: Path, *command: str) -> None:
        self.mark = folder / "ended"
        self.sleeper = subprocess.Popen(["sleep", "100"], start_new_session=True)
        record = folder / "record.json"
        record.write_text(json.dumps({"groups": [[self.sleeper.pid, 1.0]]}))
        words = json.dumps(command or ["touch", str(self.mark)])
        self.process = subprocess.Popen(
            [sys.executable, "-c", DRIVER, str(record), words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.watchdog = int(self.process.stdout.readline())

    def say(self, word: str) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        if word != "leave":
            assert self.process.stdout.readline() == "done\n"

    def ends(self) -> int:
        return self.process.wait(15)

    def close(self) -> None:
        for process in (self.process, self.sleeper):
            process.kill()
            process.wait(10)


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Driver]:
    made = Driver(tmp_path)
    yield made
    made.close()


def gone(pid: int) -> bool:
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        threading.Event().wait(0.1)
    return False


def test_silence_ends_the_driver_and_what_it_runs(driver: Driver) -> None:
    driver.say("arm")
    assert driver.ends() == -signal.SIGKILL
    assert gone(driver.watchdog)
    assert driver.mark.exists()


def test_a_stopped_driver_is_a_silent_one(driver: Driver) -> None:
    driver.say("arm")
    driver.process.send_signal(signal.SIGSTOP)
    assert driver.ends() == -signal.SIGKILL
    assert gone(driver.watchdog)
    assert driver.mark.exists()


def test_who_is_heard_or_runs_nothing_is_left_alone(driver: Driver) -> None:
    driver.say("arm")
    for _ in range(5):
        threading.Event().wait(0.5)
        driver.say("heard")
    driver.say("disarm")
    threading.Event().wait(2.5)
    driver.say("heard")
    assert driver.process.poll() is None
    # signals that go to everybody are not for it
    os.kill(driver.watchdog, signal.SIGTERM)
    driver.say("leave")
    assert driver.ends() == 0
    assert gone(driver.watchdog)
    assert not driver.mark.exists()


def test_the_death_of_the_driver_is_seen_at_once(driver: Driver) -> None:
    driver.process.kill()
    assert gone(driver.watchdog)
    assert driver.mark.exists()


def test_process_groups_end_also_when_nothing_else_can_be_started(tmp_path: Path) -> None:
    driver = Driver(tmp_path, str(tmp_path / "removed"))
    try:
        driver.process.kill()
        assert driver.sleeper.wait(15) == -signal.SIGKILL
    finally:
        driver.close()


def test_the_machine_hears_that_its_watchdog_is_gone(tmp_path: Path) -> None:
    lost = threading.Event()
    dog = Watchdog(tmp_path / "record.json", ["true"], lost=lost.set)
    dog.arm(60.0, lease_clock())
    dog._process.kill()
    assert lost.wait(10)
    dog.release()
