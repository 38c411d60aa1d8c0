"""Web addresses as a store that can only be read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts.files import Files
from valo_jupyter.stores import open_store, redirects
from valo_jupyter.stores.base import Store
from valo_jupyter.stores.errors import Cancelled, Corrupt, Denied, Misconfigured, NotFound, Unavailable
from valo_jupyter.stores.http import download
from valo_jupyter.stores.web import without_credentials


@pytest.fixture
def files() -> Iterator[Files]:
    files = Files()
    yield files
    files.close()


@pytest.fixture
def store() -> Store:
    return open_store({"type": "http"})


def test_reading(store: Store, files: Files, tmp_path: Path):
    content = files.content["a/b"] = os.urandom(2_000_000)
    url = f"{files.url}/a/b"
    info = store.get_file(url, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == content
    sums = [hashlib.new(name, content).hexdigest() for name in ("md5", "sha1", "sha256")]
    assert [info.md5, info.sha1, info.sha256] == sums
    assert (store.head(url).size, store.head(url).etag) == (len(content), info.etag)
    assert store.signed_url(url, ttl=1) == url


def test_content_other_than_expected(store: Store, files: Files, tmp_path: Path):
    files.content["a"] = b"x"
    with pytest.raises(Corrupt):
        store.get_file(f"{files.url}/a", tmp_path / "x", expect="0" * 64)
    assert not (tmp_path / "x").exists()


def test_nothing_can_be_written(store: Store, tmp_path: Path):
    (tmp_path / "x").write_bytes(b"x")
    for attempt in (
        lambda: store.put_file(tmp_path / "x", "http://h/x"),
        lambda: store.delete("http://h/x"),
        store.list,
    ):
        with pytest.raises(Denied):
            attempt()


@pytest.mark.parametrize(
    ("status", "error"), [(404, NotFound), (410, NotFound), (401, Denied), (403, Denied), (503, Unavailable)]
)
def test_answers(store: Store, files: Files, tmp_path: Path, status: int, error: type[Exception]):
    files.statuses = [status] * 5
    with pytest.raises(error, match=str(status)):
        store.get_file(f"{files.url}/a", tmp_path / "x")
    assert os.listdir(tmp_path) == []
    assert len(files.requests) == (5 if status == 503 else 1)


@pytest.mark.parametrize("url", ["ftp://host/x", "http://", "nothing"])
def test_what_is_no_web_address(store: Store, tmp_path: Path, url: str):
    with pytest.raises(Misconfigured, match="no web address"):
        store.get_file(url, tmp_path / "x")


def test_a_transfer_can_be_cancelled(store: Store, files: Files, tmp_path: Path):
    files.content["a"] = bytes(5_000_000)
    seen: list[int] = []
    with pytest.raises(Cancelled):
        store.get_file(
            f"{files.url}/a", tmp_path / "x", progress=lambda done, total: seen.append(done), cancel=lambda: bool(seen)
        )
    assert os.listdir(tmp_path) == []
    assert 0 < seen[-1] < 5_000_000


def test_a_proxy_of_the_environment_is_used(
    store: Store, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # a proxy is asked for the whole address: our server finds a file of that name
    files.content["http://far.example/data"] = b"by proxy"
    monkeypatch.setenv("http_proxy", files.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    store.get_file("http://far.example/data", tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == b"by proxy"


def test_credentials_are_not_shown():
    assert without_credentials("https://ana:word@host:8443/a?b=c#d") == "https://host:8443/a?b=c#d"
    assert without_credentials("https://host/a@b") == "https://host/a@b"


def test_redirects_are_followed_and_end(store: Store, files: Files, tmp_path: Path):
    files.content["end"] = b"found"
    files.redirects.update({"first": "/second", "second": "end", "round": "/round"})
    store.get_file(f"{files.url}/first", tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == b"found"
    assert len([path for path, _ in files.requests if path == "second"]) == 1
    with pytest.raises(Unavailable, match="redirects"):
        store.head(f"{files.url}/round")


def test_credentials_go_to_no_other_server(files: Files, tmp_path: Path):
    files.content["private/a"] = b"secret"
    files.redirects.update({"here": "/private/a", "there": files.url.replace("127.0.0.1", "localhost") + "/private/a"})
    own = files.url.replace("://", "://ana:p%20w@")
    download(f"{own}/here", tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == b"secret"
    with pytest.raises(Denied, match="credentials"):
        download(f"{own}/there", tmp_path / "y")


@pytest.mark.parametrize(
    "inside", ["http://127.0.0.1/", "http://169.254.169.254/latest/", "http://[::1]/", "//10.0.0.1/"]
)
def test_no_redirect_leads_from_a_public_network_into_a_private_one(inside: str):
    with pytest.raises(Denied, match=r"private network.*settings\.json"):
        redirects.follow("http://93.184.216.34/a", inside, {}, inside=False)
    assert redirects.follow("http://93.184.216.34/a", inside, {}, inside=True)[0].endswith(inside)
    # who names a private address is allowed to go there, and where that leads
    assert redirects.follow("http://10.1.2.3/a", inside, {}, inside=False)
    assert redirects.follow("http://10.1.2.3/a", "http://93.184.216.34/", {}, inside=False)


def test_a_download_heeds_it(files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    files.content["end"] = b"found"
    files.redirects["start"] = f"{files.url}/end"
    outside = files.url.replace("127.0.0.1", "localhost")
    private = redirects.is_private
    # there is no public server here: this one's other name stands for it
    monkeypatch.setattr(redirects, "is_private", lambda host: host != "localhost" and private(host))
    with pytest.raises(Denied, match="private network"):
        download(f"{outside}/start", tmp_path / "x")
    assert not (tmp_path / "x").exists()
    download(f"{outside}/start", tmp_path / "x", private_redirects=True)
    assert (tmp_path / "x").read_bytes() == b"found"
