"""Code that a machine elsewhere keeps: fetched once, bounded, and never taken from under an execution."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.parts.attempt import Attempt, far_attempt
from valo_jupyter import snapshots
from valo_jupyter.domain.errors import ServerUnreachable
from valo_jupyter.runtime.repositories import Repositories
from valo_jupyter.runtime.wire import Wire


@pytest.fixture(scope="module")
def attempt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attempt]:
    with far_attempt(tmp_path_factory.mktemp("server")) as made:
        yield made


class Counting(Wire):
    """Counts what is fetched."""

    fetched = 0

    def send(self, method: str, path: str, **options: Any) -> Any:
        self.fetched += 1
        return super().send(method, path, **options)


@pytest.fixture
def wire(attempt: Attempt) -> Counting:
    return Counting(attempt.web.url, attempt.token)


def commit_of(attempt: Attempt) -> str:
    return attempt.assignment["code"]["commit"]


def test_code_is_fetched_once_by_however_many(attempt: Attempt, wire: Counting, tmp_path: Path) -> None:
    repositories = Repositories(tmp_path / "r", 10**9)
    commit, never = commit_of(attempt), threading.Event()

    def use(number: int) -> None:
        with repositories.holding("p", commit, wire, never) as git_dir:
            snapshots.checkout(git_dir, commit, tmp_path / f"out-{number}")

    threads = [threading.Thread(target=use, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wire.fetched == 1
    assert all((tmp_path / f"out-{number}" / "valohai.yaml").exists() for number in range(4))


def test_the_oldest_goes_unless_it_is_in_use(attempt: Attempt, wire: Counting, tmp_path: Path) -> None:
    repositories = Repositories(tmp_path, 1)
    commit, never = commit_of(attempt), threading.Event()
    with repositories.holding("old", commit, wire, never) as old:
        with repositories.holding("new", commit, wire, never) as new:
            repositories.trim()
            assert snapshots.has_commit(old, commit)
            assert snapshots.has_commit(new, commit)
        # one byte is too little for either; the one in use stays
        assert not new.exists()
        assert snapshots.has_commit(old, commit)
    assert not old.exists()
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]
    with repositories.holding("old", commit, wire, never) as again:
        assert snapshots.has_commit(again, commit)


def test_what_a_machine_left_that_was_ended_goes_in_time(tmp_path: Path) -> None:
    repositories = Repositories(tmp_path, 10**9)
    old, fresh = [tmp_path / f"{name}-1" for name in (".code", ".gone")], tmp_path / ".code-2"
    for folder in (*old, fresh):
        folder.mkdir()
        (folder / "pack").write_bytes(b"half")
    for folder in old:
        os.utime(folder, (time.time() - 48 * 3600,) * 2)
    repositories.trim()
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == [fresh]


def test_a_server_that_is_away_is_waited_for_until_nobody_wants_the_code(tmp_path: Path) -> None:
    away = Wire("http://127.0.0.1:1", "token")
    give_up = threading.Event()
    threading.Timer(0.6, give_up.set).start()
    with (
        pytest.raises(ServerUnreachable),
        Repositories(tmp_path, 10**9).holding("p", "1" * 40, away, give_up),
    ):
        raise AssertionError("there is no such code")
