"""What is known of a file is not computed again, and is still verified; what is not known is, on the way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.contract.cloud_contract import LARGE, patient
from tests.parts.seaweedfs import SeaweedFS
from valo_jupyter.stores.base import ObjectInfo
from valo_jupyter.stores.digests import Checksums, digest_file
from valo_jupyter.stores.errors import Corrupt
from valo_jupyter.stores.s3 import S3Store


@pytest.fixture(scope="module")
def store(weed: SeaweedFS) -> S3Store:
    store = patient(weed.config(weed.bucket()))
    assert isinstance(store, S3Store)
    return store


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "large"
    path.write_bytes(os.urandom(LARGE))
    return path


def test_a_large_object_has_what_was_known_before_its_first_part(store: S3Store, large: Path, tmp_path: Path):
    sums = digest_file(large)
    put = store.put_file(large, "taken")
    there = store.head("taken")
    assert (put.md5, put.sha1, put.sha256) == (sums.md5, sums.sha1, sums.sha256)
    assert (there.md5, there.sha1, there.sha256) == (None, sums.sha1, sums.sha256)
    assert store.get_file("taken", tmp_path / "copy").md5 == sums.md5
    store.put_file(large, "given", known=sums)
    assert store.head("given").md5 == sums.md5


def test_what_a_record_knows_is_not_computed(store: S3Store, large: Path, tmp_path: Path):
    sha256 = store.put_file(large, "noted").sha256
    # not what md5 would give: nobody has computed it
    noted = ObjectInfo("noted", "", LARGE, md5="0" * 32, sha256=sha256)
    assert store.get_file("noted", tmp_path / "copy", noted=noted).md5 == noted.md5
    wrong = ObjectInfo("noted", "", LARGE, md5="0" * 32, sha256="0" * 64)
    with pytest.raises(Corrupt):
        store.get_file("noted", tmp_path / "other", noted=wrong)
    assert sorted(os.listdir(tmp_path)) == ["copy"]


@pytest.mark.parametrize("size", [7, LARGE], ids=["small", "large"])
def test_a_file_that_is_not_what_is_known_of_it_is_refused(store: S3Store, weed: SeaweedFS, tmp_path: Path, size: int):
    path = tmp_path / "source"
    path.write_bytes(bytes(size))
    known = digest_file(path)
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"x")
    # whoever is told that it is stored removes the source
    with pytest.raises(Corrupt, match="source is not what is known of it"):
        store.put_file(path, "refused", known=known, move=True)
    assert path.exists()
    assert [info.key for info in store.list("refused")] == []
    assert weed.client().list_multipart_uploads(Bucket=store.bucket).get("Uploads", []) == []


def test_an_empty_file_is_digested_as_any_other(tmp_path: Path):
    (tmp_path / "empty").touch()
    assert digest_file(tmp_path / "empty") == Checksums(
        0,
        "d41d8cd98f00b204e9800998ecf8427e",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    )


def test_a_connection_serves_many_requests(store: S3Store, tmp_path: Path):
    (tmp_path / "source").write_bytes(b"content")
    _, requests = store._ready()
    store.put_file(tmp_path / "source", "many/first")
    before = requests._pool.num_connections
    for number in range(20):
        store.put_file(tmp_path / "source", f"many/{number}")
        store.head(f"many/{number}")
        store.get_file(f"many/{number}", tmp_path / f"copy-{number}")
    assert requests._pool.num_connections == before
