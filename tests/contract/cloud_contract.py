"""What every store of a cloud promises beyond `StoreContract`: faults on the way, odd keys, rights, signed addresses.

A suite brings a module-scoped fixture `service`; requests of the store go through `faults`, the suite's own do not.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Protocol

import pytest
import urllib3

from tests.contract.store_contract import StoreContract
from tests.parts.faults import Faults, faults_before
from valo_jupyter.stores import open_store
from valo_jupyter.stores.base import ObjectInfo, Store
from valo_jupyter.stores.cloud import CloudStore
from valo_jupyter.stores.errors import Changed, Corrupt, Denied, Exists, NotFound, StoreError, Unavailable
from valo_jupyter.stores.retrying import Patience

#: faults are met soon
QUICK = Patience(tries=4, total=30, first=0.05, longest=0.2, connect=10, silence=10)
MB = 1_000_000
LARGE = 20 * MB


class Service(Protocol):
    """A server with one bucket (container) of the suite's own.

    Attributes
    ----------
    url
        `http://host:port…`, which a store can be pointed at, and `faults_before`.
    secrets
        What nobody may find in a message or a log.
    """

    url: str
    secrets: list[str]

    def config(self, *, url: str | None = None, reader: bool = False, **options: Any) -> dict[str, Any]:
        """Settings of a store; `reader`: with an account that may read and list; its `public_endpoint_url` if named."""
        ...

    def put(self, key: str, content: bytes) -> None:
        """Behind the store's back, over what is there, without metadata of ours."""
        ...

    def clear(self) -> None:
        """Remove all objects and what is unfinished."""
        ...

    def unfinished(self) -> list[str]:
        """Parts, segments, uploads that nobody finished, and that do not go by themselves."""
        ...


def patient(config: dict[str, Any], patience: Patience = QUICK) -> CloudStore:
    made = type(open_store(config))
    assert issubclass(made, CloudStore)
    return made(config["options"], config["credentials"], patience=patience)


class CloudContract(StoreContract):
    """Subclasses say what their server cannot do, and why."""

    #: keys that the server itself refuses
    refused: ClassVar[frozenset[str]] = frozenset()
    #: keys that the server takes for others in its lists
    listed_otherwise: ClassVar[frozenset[str]] = frozenset()
    #: of writers at the same time exactly one wins
    one_winner: ClassVar[bool] = True

    @pytest.fixture(scope="class")
    def faults(self, service: Service) -> Iterator[Faults]:
        with faults_before(service.url) as made:
            yield made

    @pytest.fixture
    def store(self, service: Service, faults: Faults) -> Iterator[CloudStore]:
        faults.clear()
        yield patient(service.config(url=faults.url))
        faults.clear()
        service.clear()

    def empty(self, folder: Path) -> bool:
        """Whether nothing is left of a download."""
        return not [each for each in os.listdir(folder) if each.startswith("target")]

    def revoke(self, service: Service, faults: Faults) -> Callable[[], object]:
        """The store's credentials are not taken any more, until what this gives is called."""
        raise NotImplementedError

    # downloads

    @pytest.mark.parametrize("after", [2_500_000, 11 * MB], ids=["small", "in a later part"])
    def test_a_download_goes_on_where_it_was_cut(self, store: Store, faults: Faults, tmp_path: Path, after: int):
        content = os.urandom(5 * MB if after < 8 * MB else LARGE)
        self.put(store, tmp_path, content)
        faults.clear()
        # a later part is cut somewhere in its middle
        faults.cut(after % (8 * MB), method="GET", least=after % (8 * MB) + 1)
        assert self.get(store, tmp_path, "key") == content
        assert faults.left == 0
        # what was in the air is fetched again, no more
        assert len(content) <= faults.received < len(content) + 2 * MB

    def test_a_connection_cut_again_and_again_brings_the_file(self, store: Store, faults: Faults, tmp_path: Path):
        content = os.urandom(7 * MB)
        self.put(store, tmp_path, content)
        faults.clear()
        faults.cut(1_200_000, times=5, method="GET")
        # more cuts than tries: each connection brought something
        assert self.get(store, tmp_path, "key") == content
        assert faults.left == 0

    @pytest.mark.parametrize("size", [3 * MB, LARGE])
    def test_a_flipped_byte_in_a_download_is_corrupt(self, store: Store, faults: Faults, tmp_path: Path, size: int):
        self.put(store, tmp_path, os.urandom(size))
        faults.flip(MB, method="GET")
        with pytest.raises(Corrupt):
            self.get(store, tmp_path, "key")
        assert self.empty(tmp_path)

    def test_a_flipped_byte_is_noticed_in_what_others_stored(
        self, store: Store, service: Service, faults: Faults, tmp_path: Path
    ):
        service.put("foreign", content := os.urandom(2 * MB))
        assert self.get(store, tmp_path, "foreign") == content
        os.unlink(tmp_path / "target-0")
        faults.flip(MB, method="GET")
        with pytest.raises(Corrupt):
            self.get(store, tmp_path, "foreign")
        assert self.empty(tmp_path)

    def test_a_peer_that_goes_silent_is_left(self, store: Store, service: Service, faults: Faults, tmp_path: Path):
        content = os.urandom(3 * MB)
        self.put(store, tmp_path, content)
        store = patient(service.config(url=faults.url), replace(QUICK, silence=1.5))
        faults.silence(MB, method="GET")
        assert self.get(store, tmp_path, "key") == content
        assert faults.left == 0

    def test_a_peer_that_stays_silent_is_unavailable(self, service: Service, faults: Faults, tmp_path: Path):
        faults.clear()
        self.put(patient(service.config()), tmp_path, b"content")
        store = patient(service.config(url=faults.url), Patience(2, 10, 0.05, 0.1, 5, 0.5))
        faults.silence(times=20)
        with pytest.raises(Unavailable, match="tries"):
            self.get(store, tmp_path, "key")
        with pytest.raises(Unavailable, match="tries"):
            self.put(store, tmp_path, b"other", "other")
        assert self.empty(tmp_path)
        faults.clear()
        service.clear()

    @pytest.mark.parametrize("size", [5 * MB, LARGE])
    def test_an_object_replaced_meanwhile_is_not_mixed(
        self, store: Store, service: Service, faults: Faults, tmp_path: Path, size: int
    ):
        self.put(store, tmp_path, os.urandom(size))
        other = os.urandom(size)
        faults.clear()
        faults.cut(2 * MB, method="GET")

        def replace() -> None:
            if len([each for each in faults.of("GET") if "key" in each.target]) > 1:
                service.put("key", other)

        faults.call(replace, times=2, method="GET", words="key")
        with pytest.raises(Changed):
            self.get(store, tmp_path, "key")
        assert self.empty(tmp_path)

    # uploads

    @pytest.mark.parametrize("size", [3 * MB, LARGE])
    def test_a_flipped_byte_in_an_upload_is_corrupt(
        self, store: Store, service: Service, faults: Faults, tmp_path: Path, size: int
    ):
        faults.flip(MB, of="request", least=2 * MB)
        with pytest.raises(Corrupt):
            self.put(store, tmp_path, os.urandom(size))
        with pytest.raises(NotFound):
            store.head("key")
        assert service.unfinished() == []

    @pytest.mark.parametrize("size", [3 * MB, LARGE])
    def test_an_upload_that_was_cut_is_sent_again(self, store: Store, faults: Faults, tmp_path: Path, size: int):
        content = os.urandom(size)
        faults.cut(MB, of="request", least=2 * MB)
        self.put(store, tmp_path, content)
        assert faults.left == 0
        assert self.get(store, tmp_path, "key") == content

    @pytest.mark.parametrize("size", [10_000, LARGE])
    def test_nothing_is_overwritten_and_the_same_is_welcome(
        self, store: Store, service: Service, tmp_path: Path, size: int
    ):
        content = os.urandom(size)
        _, first = self.put(store, tmp_path, content)
        before = store.head("key")
        _, again = self.put(store, tmp_path, content)
        assert (again.sha256, again.uri) == (first.sha256, first.uri)
        assert store.head("key") == before
        with pytest.raises(Exists, match="take another name"):
            self.put(store, tmp_path, os.urandom(size))
        assert self.get(store, tmp_path, "key") == content
        assert service.unfinished() == []

    def test_of_many_writers_one_wins(self, store: Store, tmp_path: Path):
        contents = [os.urandom(2000) for _ in range(8)]

        def write(number: int) -> bytes | None:
            source = tmp_path / f"writer-{number}"
            source.write_bytes(contents[number])
            try:
                store.put_file(source, "key")
            except Exists:
                return None
            return contents[number]

        with ThreadPoolExecutor(8) as pool:
            winners = [each for each in pool.map(write, range(8)) if each is not None]
        assert self.get(store, tmp_path, "key") in winners
        assert len(winners) == 1 or not self.one_winner

    def test_an_object_appears_whole(self, store: Store, service: Service, faults: Faults, tmp_path: Path):
        seen: list[ObjectInfo | None] = []
        other = patient(service.config())

        def look() -> None:
            try:
                seen.append(other.head("key"))
            except NotFound:
                seen.append(None)

        faults.call(look, times=3, least=MB)
        self.put(store, tmp_path, os.urandom(LARGE))
        assert seen == [None] * 3
        assert store.head("key").size == LARGE

    def test_a_failed_upload_leaves_nothing(self, store: Store, service: Service, faults: Faults, tmp_path: Path):
        faults.answer(503, times=50, least=4 * MB)
        with pytest.raises(Unavailable):
            self.put(store, tmp_path, os.urandom(LARGE))
        faults.clear()
        with pytest.raises(NotFound):
            store.head("key")
        assert service.unfinished() == []

    def test_a_killed_upload_leaves_nothing(self, service: Service, faults: Faults, tmp_path: Path):
        (tmp_path / "source").write_bytes(os.urandom(LARGE))
        faults.clear()
        # the first parts arrive, the rest is in the air when the process is gone
        faults.silence(3 * MB, of="request", least=4 * MB, times=min(2, patient(service.config()).streams))
        code = (
            "import json, sys; from pathlib import Path; from valo_jupyter.stores import open_store\n"
            "open_store(json.load(sys.stdin)).put_file(Path(sys.argv[1]), 'key')"
        )
        uploading = subprocess.Popen([sys.executable, "-c", code, tmp_path / "source"], stdin=subprocess.PIPE)
        try:
            assert uploading.stdin is not None
            uploading.stdin.write(json.dumps(service.config(url=faults.url)).encode())
            uploading.stdin.close()
            _until(lambda: faults.left == 0 or uploading.poll() is not None)
            assert uploading.poll() is None
        finally:
            uploading.kill()
            uploading.wait(10)
            faults.clear()
        _until(lambda: not service.unfinished())
        with pytest.raises(NotFound):
            patient(service.config()).head("key")
        service.clear()

    def test_a_service_that_refuses_twice_is_asked_again(self, store: Store, faults: Faults, tmp_path: Path):
        for what in (
            lambda: self.put(store, tmp_path, b"content"),
            lambda: store.head("key"),
            lambda: self.get(store, tmp_path, "key"),
            lambda: list(store.list()),
            lambda: store.delete("key"),
        ):
            faults.answer(503, times=2)
            what()
            assert faults.left == 0

    # names

    def test_lists_of_many(self, store: Store, service: Service, tmp_path: Path):
        keys = [f"many/{number:04}" for number in range(1005)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda key: service.put(key, b"x"), keys))
        assert [info.key for info in store.list("many/")] == keys
        assert [info.key for info in store.list("many/", after=keys[998])] == keys[999:]
        first = next(store.list("many/"))
        assert (first.size, first.uri) == (1, store.uri_of(keys[0]))
        assert first.modified is not None
        assert first.modified.tzinfo is not None

    @pytest.mark.parametrize(
        "key", ["a//b", "%41", "k?x#y", "ü~!*()", "trailing ", " leading", "a+b&c=d", "q\"'<>", "😀/😀", "k.part"]
    )
    def test_odd_keys(self, store: Store, tmp_path: Path, key: str):
        if key in self.refused:
            with pytest.raises(StoreError):
                self.put(store, tmp_path, b"odd", key)
            return
        _, info = self.put(store, tmp_path, key.encode(), key)
        assert (info.key, store.key_of(info.uri)) == (key, key)
        assert self.get(store, tmp_path, key) == key.encode()
        assert store.head(key).size == len(key.encode())
        if key not in self.listed_otherwise:
            assert [each.key for each in store.list()] == [key]
            assert [each.key for each in store.list(key[:1])] == [key]
        url = store.signed_url(key, ttl=60)
        assert url is not None
        assert _fetch(url).data == key.encode()
        store.delete(key)
        with pytest.raises(NotFound):
            store.head(key)

    def test_a_key_beside_keys_below_it(self, store: Store, tmp_path: Path):
        for key in ("k/x", "k", "k/y/z"):
            self.put(store, tmp_path, key.encode(), key)
        for key in ("k/x", "k", "k/y/z"):
            assert self.get(store, tmp_path, key) == key.encode()
        assert {info.key for info in store.list("k")} == {"k/x", "k", "k/y/z"}
        store.delete("k")
        assert {info.key for info in store.list()} == {"k/x", "k/y/z"}

    @pytest.mark.parametrize("key", ["a/../b", "../b", "./b", "a/./b"])
    def test_a_key_is_no_path(self, store: Store, tmp_path: Path, key: str):
        self.put(store, tmp_path, b"b", "b")
        try:
            self.put(store, tmp_path, b"odd", key)
        except StoreError:
            pass
        else:
            assert self.get(store, tmp_path, key) == b"odd"
            store.delete(key)
        assert self.get(store, tmp_path, "b") == b"b"
        assert [each.key for each in store.list()] == ["b"]

    def test_addresses(self, store: CloudStore):
        assert store.key_of(store.uri_of("a/b c%20#")) == "a/b c%20#"
        for uri in (store.uri_of(""), "s3://other-bucket/key", "https://host/key", store.uri_of("x")[1:]):
            with pytest.raises(NotFound):
                store.key_of(uri)

    # rights

    def test_the_check_tries_everything_and_leaves_nothing(self, store: Store):
        report = store.check()
        assert report.ok, report.problems
        assert [step.name for step in report.steps] == ["auth", "clock", "list", "write", "read", "delete", "cors"]
        assert list(store.list()) == []

    def test_an_account_that_may_only_read(self, store: CloudStore, service: Service, tmp_path: Path):
        self.put(store, tmp_path, b"content")
        reader = patient(service.config(reader=True))
        assert self.get(reader, tmp_path, "key") == b"content"
        with pytest.raises(Denied):
            self.put(reader, tmp_path, b"mine", "mine")
        with pytest.raises(Denied):
            self.put(reader, tmp_path, bytes(LARGE), "large")
        with pytest.raises(Denied):
            reader.delete("key")
        assert [info.key for info in store.list()] == ["key"]
        assert service.unfinished() == []
        report = reader.check()
        [failed] = [step for step in report.steps if not step.ok]
        assert failed.name == "write"
        assert store.permissions["write"] in failed.message

    def test_credentials_revoked_in_the_middle(self, store: Store, service: Service, faults: Faults, tmp_path: Path):
        self.put(store, tmp_path, os.urandom(LARGE))
        back: list[Callable[[], object]] = []
        faults.call(lambda: back or back.append(self.revoke(service, faults)), least=4 * MB)
        try:
            with pytest.raises((Denied, Unavailable)):
                self.put(store, tmp_path, os.urandom(LARGE), "other")
            assert back
            with pytest.raises((Denied, Unavailable)):
                self.get(store, tmp_path, "key")
        finally:
            [each() for each in back]
        assert self.empty(tmp_path)
        fresh = patient(service.config())
        assert [info.key for info in fresh.list()] == ["key"]

    def test_secrets_are_not_told(
        self, service: Service, faults: Faults, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ):
        caplog.set_level(logging.DEBUG)
        faults.clear()
        store = patient(service.config(url=faults.url))
        said: list[str] = []
        self.put(store, tmp_path, os.urandom(LARGE))
        self.get(store, tmp_path, "key")
        url = store.signed_url("key", ttl=60)
        faults.answer(503, times=4, method="GET")
        faults.answer(403, times=1, least=1)
        for what in (
            lambda: self.get(store, tmp_path, "key"),
            lambda: self.put(store, tmp_path, b"x", "x"),
            lambda: store.head("missing"),
        ):
            with pytest.raises(StoreError) as caught:
                what()
            said.append(f"{caught.value} {caught.value.to_json()}")
        said.append(repr(store.check()))
        said.append(repr(store))
        text = caplog.text + "\n".join(said)
        for secret in [*service.secrets, *(_signatures(url) if url else [])]:
            assert secret not in text
        service.clear()

    # signed addresses

    def test_signed_addresses(self, store: Store, tmp_path: Path):
        content = os.urandom(100_000)
        self.put(store, tmp_path, content, "folder/plän.csv")
        self.put(store, tmp_path, b"other", "folder/other")
        url = store.signed_url("folder/plän.csv", ttl=300, filename="plän 1.csv")
        assert url is not None
        whole = _fetch(url)
        assert (whole.status, whole.data) == (200, content)
        disposition = whole.headers["Content-Disposition"]
        assert disposition.startswith("attachment")
        assert "pl%C3%A4n%201.csv" in disposition
        part = _fetch(url, Range="bytes=10-19")
        assert (part.status, part.data) == (206, content[10:20])
        shown = store.signed_url("folder/plän.csv", ttl=300, filename="x.csv", inline=True)
        assert _fetch(shown or "").headers["Content-Disposition"].startswith("inline")
        # neither another key, nor another signature
        for wrong in (url.replace("pl%C3%A4n.csv", "other", 1), _tampered(url)):
            assert wrong != url
            assert _fetch(wrong).status in (400, 401, 403)

    def test_signed_addresses_end(self, store: Store, tmp_path: Path):
        self.put(store, tmp_path, b"content")
        url = store.signed_url("key", ttl=1)
        assert url is not None
        _until(lambda: _fetch(url).status in (400, 401, 403))

    def test_signed_addresses_are_those_of_the_public(self, service: Service, faults: Faults, tmp_path: Path):
        faults.clear()
        store = patient(service.config(public_endpoint_url=faults.url))
        self.put(store, tmp_path, b"content")
        assert faults.exchanges == []
        url = store.signed_url("key", ttl=60)
        assert url is not None
        assert url.startswith(faults.url)
        assert _fetch(url).data == b"content"
        service.clear()

    # the rest

    def test_many_threads_share_a_store(self, store: Store, tmp_path: Path):
        contents = {f"key-{number}": os.urandom(20_000) for number in range(40)}
        failed: list[str] = []

        def both(key: str) -> None:
            source, copy = tmp_path / f"from-{key}", tmp_path / f"to-{key}"
            source.write_bytes(contents[key])
            store.put_file(source, key)
            info = store.get_file(key, copy)
            if copy.read_bytes() != contents[key] or info.sha256 != hashlib.sha256(contents[key]).hexdigest():
                failed.append(key)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(both, contents))
        assert failed == []
        assert len(list(store.list())) == 40

    def test_a_large_download_can_be_cancelled(self, store: Store, tmp_path: Path):
        self.put(store, tmp_path, os.urandom(LARGE))
        before = set(threading.enumerate())
        seen: list[int] = []
        with pytest.raises(Exception, match="stopped"):
            store.get_file(
                "key", tmp_path / "target", progress=lambda done, _: seen.append(done), cancel=lambda: len(seen) > 9
            )
        assert seen[-1] < LARGE
        assert self.empty(tmp_path)
        _until(lambda: not [each for each in {*threading.enumerate()} - before if each.name.startswith("valo-")])


def _fetch(url: str, **headers: str) -> urllib3.BaseHTTPResponse:
    # not over a connection that the server may be about to close
    headers["Connection"] = "close"
    return urllib3.request("GET", url, headers=headers, retries=False, timeout=20)


def _signatures(url: str) -> list[str]:
    return re.findall(r"(?:[Ss]ignature|sig)=([^&]+)", url)


def _tampered(url: str) -> str:
    """With another last letter of its signature that matters."""
    [signature] = _signatures(url)[:1]
    letter = "1" if signature[5] != "1" else "2"
    return url.replace(signature, signature[:5] + letter + signature[6:])


def _until(met: Callable[[], object], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end, "it did not come to pass in time"
        time.sleep(0.1)
