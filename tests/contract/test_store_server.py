"""The built-in store over the run API keeps the promise of all stores, and shows an execution what is its own."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.store_contract import StoreContract
from tests.parts.attempt import Attempt, far_attempt, next_attempt
from valo_jupyter.domain.errors import InputUnavailable, StaleAttempt
from valo_jupyter.runtime.wire import Refused
from valo_jupyter.stores import server
from valo_jupyter.stores.base import Store
from valo_jupyter.stores.errors import Cancelled, Changed, Denied, NotFound
from valo_jupyter.stores.local import LocalStore
from valo_jupyter.stores.server import ServerStore


@pytest.fixture(scope="module")
def attempt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attempt]:
    with far_attempt(tmp_path_factory.mktemp("server")) as made:
        yield made


@pytest.fixture
def store(attempt: Attempt) -> ServerStore:
    return ServerStore(attempt.wire)


class TestServerStore(StoreContract):
    def test_missing_objects(self, store: Store, tmp_path: Path):
        missing = hashlib.sha256(b"nobody put this").hexdigest()
        for ask in (store.head, lambda key: store.get_file(key, tmp_path / "x")):
            with pytest.raises(NotFound):
                ask(missing)
        assert not (tmp_path / "x").exists()

    def test_a_deleted_object_is_missing(self, store: Store, tmp_path: Path):
        _, info = self.put(store, tmp_path, b"stays")
        with pytest.raises(Denied):
            store.delete(info.key)
        assert self.get(store, tmp_path, info.key) == b"stays"

    def test_the_list_is_complete_ordered_and_can_be_resumed(self, store: Store, tmp_path: Path):
        with pytest.raises(Denied):
            store.list()

    def test_progress_and_cancel(self, store: Store, tmp_path: Path):
        seen: list[int] = []
        _, info = self.put(store, tmp_path, bytes(20_000_000), progress=lambda done, total: seen.append(done))
        assert seen == sorted(seen)
        assert (seen[-1], len(seen)) == (20_000_000, 3)
        with pytest.raises(Cancelled):
            self.put(store, tmp_path, os.urandom(3_000_000), "other", cancel=lambda: True)
        with pytest.raises(Cancelled):
            store.get_file(info.key, tmp_path / "x", cancel=lambda: True)
        assert not (tmp_path / "x").exists()


def test_an_upload_goes_on_where_it_was(attempt: Attempt, store: ServerStore, tmp_path: Path) -> None:
    source = tmp_path / "large"
    source.write_bytes(os.urandom(server.PART * 2 + 5))
    with pytest.raises(Cancelled):
        _cancelled_after_a_part(store, source)
    parts = attempt.web.state.store / "parts"
    (part,) = [path for path in parts.rglob("*") if path.is_file() and path.stat().st_size == server.PART]
    seen: list[int] = []
    info = store.put_file(source, progress=lambda done, total: seen.append(done))
    # its first part was not taken twice
    assert seen == [server.PART, server.PART * 2, info.size]
    assert not part.exists()
    assert LocalStore(attempt.web.state.store).path(info.key).read_bytes() == source.read_bytes()


def _cancelled_after_a_part(store: ServerStore, source: Path) -> None:
    sent: list[int] = []
    store.put_file(source, progress=lambda done, total: sent.append(done), cancel=lambda: bool(sent))


def test_a_file_that_changes_meanwhile_is_refused(
    attempt: Attempt, store: ServerStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "changing"
    source.write_bytes(b"first")
    original = server.digest_file

    def digest_file(path: Path, **options):
        sums = original(path, **options)
        path.write_bytes(b"later")
        return sums

    monkeypatch.setattr(server, "digest_file", digest_file)
    with pytest.raises(Changed):
        store.put_file(source)


def test_nothing_of_others_can_be_read(attempt: Attempt, store: ServerStore, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"of somebody else")
    built_in = LocalStore(attempt.web.state.store)
    info = built_in.put_file(secret)
    with pytest.raises(NotFound):
        store.get_file(info.key, tmp_path / "x")
    # nor by naming it as an input: it is no file of the project
    with pytest.raises(InputUnavailable, match="the project has no file"):
        next_attempt(attempt.web, attempt.project, inputs={"data": [info.uri]})
    own = tmp_path / "own"
    own.write_bytes(b"of the project")
    info = store.put_file(own)
    sums = {"md5": info.md5, "sha1": info.sha1, "sha256": info.sha256}
    attempt.wire.post("/run/v1/outputs", [{"name": "own", "size": info.size, "uri": info.uri, **sums}])
    other = next_attempt(attempt.web, attempt.project, inputs={"data": [info.uri]})
    ServerStore(other.wire).get_file(info.key, tmp_path / "mine")
    assert (tmp_path / "mine").read_bytes() == b"of the project"


def test_an_output_is_what_its_attempt_has_brought(attempt: Attempt, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign"
    foreign.write_bytes(b"of yet another")
    info = LocalStore(attempt.web.state.store).put_file(foreign)
    other = next_attempt(attempt.web, attempt.project)
    item = {"name": "mine", "size": info.size, "md5": info.md5, "sha1": info.sha1, "sha256": info.sha256}
    with pytest.raises(Refused, match="has not arrived"):
        other.wire.post("/run/v1/outputs", [{**item, "uri": info.uri}])
    with pytest.raises(Refused, match="has not arrived"):
        other.wire.post("/run/v1/outputs", [{**item, "uri": "file:///etc/passwd", "sha256": "../x"}])
    foreign.write_bytes(b"of yet another")
    ServerStore(other.wire).put_file(foreign)
    assert other.wire.post("/run/v1/outputs", [{**item, "uri": info.uri}])


def test_what_was_purged_before_it_was_known_is_brought_again(attempt: Attempt, tmp_path: Path) -> None:
    mine = next_attempt(attempt.web, attempt.project)
    built_in, content = LocalStore(attempt.web.state.store), tmp_path / "content"
    content.write_bytes(b"of two, one of which is purged")
    info = ServerStore(mine.wire).put_file(content)
    # somebody purges a file of the same content
    built_in.delete(info.key)
    sums = {"md5": info.md5, "sha1": info.sha1, "sha256": info.sha256}
    item = {"name": "mine", "size": info.size, "uri": info.uri, **sums}
    assert mine.wire.post("/run/v1/outputs", [item]) == [{"datum": None, "again": True}]
    ServerStore(mine.wire).put_file(content)
    (told,) = mine.wire.post("/run/v1/outputs", [item])
    assert told["datum"]
    assert built_in.path(info.key).read_bytes() == content.read_bytes()


def test_who_is_no_longer_the_writer_brings_nothing(attempt: Attempt, tmp_path: Path) -> None:
    lost = next_attempt(attempt.web, attempt.project)
    attempt.project.services.pool.lost(lost.execution_id, 1, "gone")
    source = tmp_path / "late"
    source.write_bytes(b"late")
    with pytest.raises(StaleAttempt):
        ServerStore(lost.wire).put_file(source)
    with pytest.raises(StaleAttempt):
        lost.wire.send("GET", "/run/v1/code")


def test_a_transfer_waits_for_a_server_that_is_away(attempt: Attempt, tmp_path: Path) -> None:
    other = next_attempt(attempt.web, attempt.project)
    wire = other.wire
    source = tmp_path / "patient"
    source.write_bytes(b"patient")
    there, wire._url = wire._url, "http://127.0.0.1:1"
    done: list[str] = []
    thread = threading.Thread(target=lambda: done.append(ServerStore(wire).put_file(source).key))
    thread.start()
    time.sleep(0.5)
    assert not done
    wire._url = there
    thread.join(30)
    assert done == [hashlib.sha256(b"patient").hexdigest()]
