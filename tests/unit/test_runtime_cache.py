"""Downloads that a machine keeps stay below their limit."""

from __future__ import annotations

import fcntl
import http.server
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from valo_jupyter.runtime import cache as cache_module
from valo_jupyter.runtime.cache import InputCache
from valo_jupyter.stores.base import ObjectInfo
from valo_jupyter.stores.digests import digest_file


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        content = self.path.encode() * 1000
        unchanged = self.headers.get("If-None-Match") == f'"{self.path}"'
        self.send_response(304 if unchanged else 200)
        self.send_header("ETag", f'"{self.path}"')
        self.send_header("Content-Length", "0" if unchanged else str(len(content)))
        self.end_headers()
        if not unchanged:
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def age(folder: Path, seconds: float) -> None:
    for file in (folder / "content").iterdir():
        status = file.stat()
        os.utime(file, ns=(status.st_atime_ns - int(seconds * 1e9), status.st_mtime_ns))


def test_what_another_execution_downloads_is_not_trimmed_away(url: str, tmp_path: Path):
    cache = InputCache(tmp_path, largest=3_000)
    part = tmp_path / "content" / "other.part"
    part.write_bytes(bytes(4_000))
    os.utime(part, (time.time() - 60, time.time() - 60))
    kept = cache.fetch(f"{url}/a")
    cache.trim()
    # it counts, and what is whole makes room for it
    assert part.exists()
    assert not (tmp_path / "content" / kept.sums.sha256).exists()


def test_the_longest_unused_goes_first(url: str, tmp_path: Path):
    cache = InputCache(tmp_path, largest=7_000)
    first = cache.fetch(f"{url}/a")
    age(tmp_path, 100)
    second = cache.fetch(f"{url}/b")
    age(tmp_path, 100)
    # used again: not fetched, but newer than the second now
    assert cache.fetch(f"{url}/a").sums == first.sums
    third = cache.fetch(f"{url}/c")
    fourth = cache.fetch(f"{url}/d")
    cache.trim()
    kept = set(os.listdir(tmp_path / "content"))
    assert kept == {each.sums.sha256 for each in (first, third, fourth)}
    with pytest.raises(FileNotFoundError):
        cache.place(second.sums, tmp_path / "copy")
    # and is fetched again when it is asked for
    cache.place(cache.fetch(f"{url}/b").sums, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"/b" * 1000


def test_a_kept_file_that_somebody_changed_is_fetched_again(url: str, tmp_path: Path):
    cache = InputCache(tmp_path)
    kept = tmp_path / "content" / cache.fetch(f"{url}/a").sums.sha256
    kept.chmod(0o644)
    kept.write_bytes(b"/x" * 1000)
    os.utime(kept, (1, 1))
    cache.place(cache.fetch(f"{url}/a").sums, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"/a" * 1000


def test_what_broken_downloads_left_is_removed_in_time(tmp_path: Path):
    cache = InputCache(tmp_path)
    for name, mtime in (("old.part", 1), ("new.part", time.time())):
        (tmp_path / "content" / name).write_bytes(b"x")
        os.utime(tmp_path / "content" / name, (mtime, mtime))
    cache.trim()
    assert os.listdir(tmp_path / "content") == ["new.part"]


def test_what_is_known_of_addresses_is_bounded(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cache_module, "_ENTRIES", 3)
    cache, addresses = InputCache(tmp_path), tmp_path / "addresses"
    cache.fetch(f"{url}/a")
    (used,) = addresses.iterdir()
    for number, days in enumerate((1, 2, 3, 40)):
        entry = addresses / str(number)
        entry.write_text("{}")
        os.utime(entry, (time.time() - days * 86400,) * 2)
    os.utime(used, (time.time() - 29 * 86400,) * 2)
    # asked for again, which counts
    cache.fetch(f"{url}/a")
    cache.trim()
    assert {entry.name for entry in addresses.iterdir()} == {used.name, "0", "1"}
    monkeypatch.setattr(cache_module, "_UNUSED", 86400 * 1.5)
    cache.trim()
    assert {entry.name for entry in addresses.iterdir()} == {used.name, "0"}


def test_content_that_never_changes_is_fetched_once(tmp_path: Path) -> None:
    cache = InputCache(tmp_path / "cache")
    asked = []

    info = ObjectInfo("k", "s3://b/k", 15, etag="abc")

    def get(path: Path) -> ObjectInfo:
        asked.append(path)
        path.write_bytes(b"always the same")
        return replace(info, **asdict(digest_file(path)))

    for number in range(2):
        kept = cache.fetch_object(info, get)
        cache.place(kept.sums, tmp_path / f"copy-{number}")
    assert len(asked) == 1
    assert (tmp_path / "copy-1").read_bytes() == b"always the same"
    # somebody has written to it
    (tmp_path / "cache" / "content" / kept.sums.sha256).chmod(0o644)
    (tmp_path / "cache" / "content" / kept.sums.sha256).write_bytes(b"something else")
    cache.fetch_object(info, get)
    assert len(asked) == 2


def test_one_machine_at_a_time_trims(tmp_path: Path) -> None:
    cache = InputCache(tmp_path, largest=0)
    file = tmp_path / "content" / ("0" * 64)
    file.write_bytes(b"x")
    with open(tmp_path / ".trim", "w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        cache.trim()
        assert file.exists()
    cache.trim()
    assert not file.exists()
