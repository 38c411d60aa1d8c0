"""What every store promises; each kind of store inherits these tests and gives itself as `store`."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from valo_jupyter.stores.base import Store
from valo_jupyter.stores.errors import Cancelled, Corrupt, Exists, NotFound


class StoreContract:
    """Subclasses have a fixture `store`."""

    def put(self, store: Store, folder: Path, content: bytes, key: str = "key", **options):
        source = folder / f"source-{len(os.listdir(folder))}"
        source.write_bytes(content)
        return source, store.put_file(source, key, **options)

    def get(self, store: Store, folder: Path, key: str, **options) -> bytes:
        target = folder / f"target-{len(os.listdir(folder))}"
        store.get_file(key, target, **options)
        return target.read_bytes()

    def test_is_a_store(self, store: Store):
        assert isinstance(store, Store)
        assert store.check().ok

    @pytest.mark.parametrize("size", [0, 1, 1024 * 1024, 3_000_001])
    def test_what_is_read_is_what_was_written(self, store: Store, tmp_path: Path, size: int):
        content = os.urandom(size)
        source, info = self.put(store, tmp_path, content)
        assert source.read_bytes() == content
        assert self.get(store, tmp_path, info.key) == content
        assert (info.size, store.head(info.key).size) == (size, size)

    @pytest.mark.parametrize("size", [0, 2_500_000, 20_000_000])
    def test_checksums_are_taken_on_the_way(self, store: Store, tmp_path: Path, size: int):
        content = os.urandom(size)
        expected = [hashlib.new(name, content).hexdigest() for name in ("md5", "sha1", "sha256")]
        _, put = self.put(store, tmp_path, content)
        got = store.get_file(put.key, tmp_path / "copy")
        assert [put.md5, put.sha1, put.sha256] == [got.md5, got.sha1, got.sha256] == expected

    def test_never_overwrites(self, store: Store, tmp_path: Path):
        _, first = self.put(store, tmp_path, b"1", "same")
        try:
            _, second = self.put(store, tmp_path, b"2", "same")
        except Exists:
            pass
        else:
            assert self.get(store, tmp_path, second.key) == b"2"
        assert self.get(store, tmp_path, first.key) == b"1"

    def test_an_object_does_not_change_with_its_source_or_its_copies(self, store: Store, tmp_path: Path):
        source, info = self.put(store, tmp_path, b"original")
        source.write_bytes(b"changed!")
        copy = tmp_path / "copy"
        store.get_file(info.key, copy)
        copy.write_bytes(b"changed!")
        assert self.get(store, tmp_path, info.key) == b"original"

    def test_a_moved_file_is_gone_from_its_place(self, store: Store, tmp_path: Path):
        source, info = self.put(store, tmp_path, b"moved", move=True)
        assert not source.exists()
        assert self.get(store, tmp_path, info.key) == b"moved"

    def test_moving_a_file_with_a_second_name_leaves_that_one_apart(self, store: Store, tmp_path: Path):
        source = tmp_path / "one-name"
        source.write_bytes(b"shared")
        os.link(source, other := tmp_path / "other-name")
        info = store.put_file(source, "key", move=True)
        other.write_bytes(b"edited")
        assert not source.exists()
        assert self.get(store, tmp_path, info.key) == b"shared"

    def test_missing_objects(self, store: Store, tmp_path: Path):
        missing = hashlib.sha256(b"nobody put this").hexdigest()
        for ask in (
            store.head,
            lambda key: store.get_file(key, tmp_path / "x"),
            lambda key: store.signed_url(key, ttl=9),
        ):
            with pytest.raises(NotFound):
                ask(missing)
        store.delete(missing)
        assert not (tmp_path / "x").exists()

    def test_a_deleted_object_is_missing(self, store: Store, tmp_path: Path):
        _, info = self.put(store, tmp_path, b"soon gone")
        store.delete(info.key)
        store.delete(info.key)
        with pytest.raises(NotFound):
            store.head(info.key)

    def test_content_other_than_expected_is_refused(self, store: Store, tmp_path: Path):
        _, info = self.put(store, tmp_path, b"content")
        with pytest.raises(Corrupt):
            store.get_file(info.key, tmp_path / "x", expect=hashlib.sha256(b"other").hexdigest())
        assert not (tmp_path / "x").exists()

    def test_the_list_is_complete_ordered_and_can_be_resumed(self, store: Store, tmp_path: Path):
        keys = sorted(self.put(store, tmp_path, b"%d" % n, f"key-{n}")[1].key for n in range(12))
        assert [info.key for info in store.list()] == keys
        assert [info.key for info in store.list(after=keys[4])] == keys[5:]
        assert [info.key for info in store.list(prefix=keys[3][:10])] == [keys[3]]

    def test_progress_and_cancel(self, store: Store, tmp_path: Path):
        seen: list[int] = []
        _, info = self.put(store, tmp_path, bytes(3_000_000), progress=lambda done, total: seen.append(done))
        assert seen == sorted(seen)
        assert seen[-1] == 3_000_000
        with pytest.raises(Cancelled):
            self.put(store, tmp_path, os.urandom(3_000_000), "other", cancel=lambda: True)
        assert [each.key for each in store.list()] == [info.key]
        with pytest.raises(Cancelled):
            store.get_file(info.key, tmp_path / "x", cancel=lambda: True)
        assert not (tmp_path / "x").exists()
