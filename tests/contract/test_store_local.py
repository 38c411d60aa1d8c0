"""The built-in store keeps the contract, and what is particular to it."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from tests.contract.store_contract import StoreContract
from valo_jupyter.stores import open_store
from valo_jupyter.stores.errors import Changed, Corrupt, NotFound, Unavailable
from valo_jupyter.stores.local import LocalStore


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> LocalStore:
    opened = open_store({"type": "local", "root": str(tmp_path_factory.mktemp("store"))})
    assert isinstance(opened, LocalStore)
    return opened


class TestLocalStore(StoreContract):
    def test_each_content_is_kept_once(self, store: LocalStore, tmp_path: Path):
        _, one = self.put(store, tmp_path, b"same")
        inode = store.path(one.key).stat().st_ino
        source, two = self.put(store, tmp_path, b"same", "elsewhere", move=True)
        assert (one.key, one.uri) == (two.key, two.uri)
        assert not source.exists()
        assert store.path(one.key).stat().st_ino == inode
        assert len(list(store.list())) == 1

    def test_a_file_of_the_same_file_system_is_moved_without_a_copy(self, store: LocalStore, tmp_path: Path):
        source = tmp_path / "big"
        source.write_bytes(b"x" * 100)
        inode = source.stat().st_ino
        info = store.put_file(source, move=True)
        stored = store.path(info.key).stat()
        assert stored.st_ino == inode
        assert (stored.st_mode & 0o777, stored.st_nlink) == (0o444, 1)

    def test_many_writers_of_one_content(self, store: LocalStore, tmp_path: Path):
        content = os.urandom(200_000)
        keys, errors = [], []

        def write(number: int) -> None:
            source = tmp_path / f"writer-{number}"
            source.write_bytes(content)
            try:
                keys.append(store.put_file(source, move=bool(number % 2)).key)
            except Exception as error:
                errors.append(error)

        threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
        [thread.start() for thread in threads]
        [thread.join(20) for thread in threads]
        assert errors == []
        assert len(set(keys)) == 1
        assert self.get(store, tmp_path, keys[0]) == content
        assert os.listdir(store.root / "incoming") == []

    def test_a_file_written_to_while_it_is_moved_is_refused(self, store: LocalStore, tmp_path: Path):
        source = tmp_path / "growing"
        source.write_bytes(bytes(3_000_000))

        def grow(done: int, total: int | None) -> None:
            if done < 3_000_000:
                with open(source, "ab") as file:
                    file.write(b"more")

        with pytest.raises(Changed, match="growing"):
            store.put_file(source, move=True, progress=grow)
        assert source.exists()
        assert list(store.list()) == []

    def test_damage_on_the_disk_is_noticed(self, store: LocalStore, tmp_path: Path):
        _, info = self.put(store, tmp_path, b"content")
        store.path(info.key).chmod(0o644)
        store.path(info.key).write_bytes(b"damaged")
        with pytest.raises(Corrupt):
            store.get_file(info.key, tmp_path / "x")

    @pytest.mark.parametrize("uri", ["valo://../../etc/passwd", "valo://abc", "s3://bucket/key", "valo://" + "A" * 64])
    def test_addresses_that_are_none(self, uri: str):
        with pytest.raises(NotFound):
            LocalStore.key_of(uri)

    def test_a_folder_that_cannot_be_one(self, tmp_path: Path):
        (tmp_path / "file").write_bytes(b"x")
        store = LocalStore(tmp_path / "file" / "store")
        assert not store.check().ok
        with pytest.raises(Unavailable, match="cannot be used"):
            store.put_file(tmp_path / "file")
