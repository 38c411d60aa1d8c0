"""The other half of the server is started again when it is gone, or holds its lock and says nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.parts.local import until
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.server import companion
from valo_jupyter.server.companion import Companion, Part
from valo_jupyter.server.locks import Lock, holder

HOLD = """
import sys, time
from pathlib import Path
from valo_jupyter.server.locks import Lock
lock = Lock.take(Path(sys.argv[1]), respawn=True)
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path)


@pytest.fixture
def held(state: StateFolder, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock `part`."""
    monkeypatch.setattr(companion, "_ASK_SECONDS", 0.02)
    monkeypatch.setattr(companion, "_LOOK_SECONDS", 0.02)
    command = [sys.executable, "-c", HOLD, str(state.lock("part"))]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def watch(state: StateFolder, part: Part, seen: Callable[[], object]) -> None:
    async def main() -> None:
        watching = Companion(state, part)
        task = asyncio.create_task(watching.run())
        await asyncio.to_thread(until, seen)
        watching.stop()
        await task

    asyncio.run(main())


def test_one_that_answers_nobody_is_ended_though_it_holds_the_lock_to_start(
    state: StateFolder, held: subprocess.Popen[str]
) -> None:
    os.kill(held.pid, signal.SIGSTOP)
    guard = Lock.take(state.lock("start"))
    assert guard is not None
    watch(state, Part("part", "nothing", lambda _: None, on_request=True), lambda: held.poll() == -signal.SIGKILL)
    guard.release()
    assert holder(state.lock("part")) is None


@pytest.mark.parametrize("answers", [[True], [False, False, True]])
def test_one_that_answers_now_and_then_is_left_alone(
    state: StateFolder, held: subprocess.Popen[str], answers: list[bool]
) -> None:
    asked = []

    def answer(_: StateFolder) -> object:
        asked.append(len(asked))
        return answers[asked[-1] % len(answers)] or None

    watch(state, Part("part", "nothing", answer), lambda: len(asked) > 9)
    assert held.poll() is None


def test_one_in_somebodys_terminal_may_be_frozen(
    state: StateFolder, held: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    state.lock("part").write_text(state.lock("part").read_text().replace('"respawn": true', '"respawn": false'))
    asked, decided = [], Part.wanted

    def wanted(part: Part, state: StateFolder) -> bool:
        asked.append(part)
        return decided(part, state)

    monkeypatch.setattr(Part, "wanted", wanted)
    watch(state, Part("part", "nothing", lambda _: None, on_request=True), lambda: len(asked) > 9)
    assert held.poll() is None
