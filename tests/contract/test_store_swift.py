"""Swift, with the login of old and with Keystone, and what is its own: segments, and addresses that it signs."""

from __future__ import annotations

import contextlib
import logging
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.cloud_contract import patient
from tests.contract.store_contract import StoreContract
from tests.parts.faults import faults_before
from tests.parts.swift import TEMP_URL_KEY, Swift, swift
from valo_jupyter.stores import open_store
from valo_jupyter.stores.digests import digest_file
from valo_jupyter.stores.errors import Denied, Exists, Unavailable
from valo_jupyter.stores.retrying import Patience
from valo_jupyter.stores.swift import SwiftStore


@pytest.fixture(scope="module")
def server() -> Iterator[Swift]:
    with swift() as server:
        yield server


@pytest.fixture
def container(server: Swift) -> str:
    return server.container()


@pytest.fixture
def store(server: Swift, container: str) -> SwiftStore:
    made = open_store(server.config(container))
    assert isinstance(made, SwiftStore)
    return made


class TestSwift(StoreContract):
    def segments(self, server: Swift, container: str) -> list[dict]:
        with contextlib.closing(server.connection()) as connection:
            return connection.get_container(f"{container}_segments", full_listing=True)[1]

    def test_a_large_object_is_gone_with_its_segments(
        self, store: SwiftStore, server: Swift, container: str, tmp_path: Path
    ):
        self.put(store, tmp_path, os.urandom(20_000_000), "big")
        assert len(self.segments(server, container)) == 3
        with contextlib.closing(server.connection()) as connection:
            kept = [
                connection.head_object(f"{container}_segments", each["name"])
                for each in self.segments(server, container)
            ]
        assert all("x-delete-at" not in each for each in kept)
        store.delete("big")
        assert self.segments(server, container) == []

    def test_segments_of_an_upload_that_is_never_finished_forget_themselves(
        self, store: SwiftStore, server: Swift, container: str
    ):
        parts = store._sink("never").begin(100, 50, {})
        parts.put(1, bytes(50))
        with contextlib.closing(server.connection()) as connection:
            [segment] = self.segments(server, container)
            found = connection.head_object(f"{container}_segments", segment["name"])
        assert 0 < int(found["x-delete-at"]) - time.time() <= 2 * 24 * 3600
        parts.abort()
        assert self.segments(server, container) == []

    @pytest.mark.parametrize("lost", [1, 2], ids=["once", "at every try"])
    def test_an_object_keeps_its_segments_when_nobody_hears_that_it_was_made(
        self, server: Swift, container: str, tmp_path: Path, lost: int
    ):
        content = os.urandom(9_000_000)
        with faults_before(f"http://127.0.0.1:{server.port}") as faults:
            store = patient(
                server.config(container, url=faults.url), Patience(tries=2, total=60, first=0.05, silence=3)
            )
            faults.silence(times=lost, method="PUT", words="multipart-manifest=put")
            if lost == 1:
                self.put(store, tmp_path, content, "big")
            else:
                with pytest.raises(Unavailable):
                    self.put(store, tmp_path, content, "big")
            assert faults.left == 0
            assert self.get(store, tmp_path, "big") == content
            # and another of the same name goes, with all its own
            with pytest.raises(Exists):
                self.put(store, tmp_path, bytes(9_000_000), "big")
        assert len(self.segments(server, container)) == 2

    def test_the_segments_go_of_an_upload_that_another_was_faster_than(
        self, store: SwiftStore, server: Swift, container: str, tmp_path: Path
    ):
        content = os.urandom(9_000_000)
        parts = store._sink("big").begin(len(content), 5_000_000, {})
        parts.put(1, content[:5_000_000])
        parts.put(2, content[5_000_000:])
        source, _ = self.put(store, tmp_path, content, "big")
        with pytest.raises(Exists):
            parts.finish(digest_file(source))
        parts.abort()
        assert len(self.segments(server, container)) == 2
        assert self.get(store, tmp_path, "big") == content

    def test_without_a_key_for_addresses_downloads_pass_through_the_server(
        self, server: Swift, container: str, tmp_path: Path
    ):
        credentials = {name: value for name, value in server.credentials.items() if name != "temp_url_key"}
        store = open_store(server.config(container, credentials=credentials))
        self.put(store, tmp_path, b"content", "key")
        assert store.signed_url("key", ttl=60) is None

    def test_a_signed_address_has_the_name_and_the_public_host(self, server: Swift, container: str, tmp_path: Path):
        store = open_store(server.config(container, public_endpoint_url=f"http://localhost:{server.port}"))
        self.put(store, tmp_path, b"content", "a//b ü?#%41")
        address = store.signed_url("a//b ü?#%41", ttl=60, filename="report ü.txt", inline=True)
        assert address is not None
        assert address.startswith(f"http://localhost:{server.port}/v1/")
        with urllib.request.urlopen(address, timeout=20) as answer:
            assert answer.read() == b"content"
            assert answer.headers["Content-Disposition"].startswith("inline")
            assert "report%20%C3%BC.txt" in answer.headers["Content-Disposition"]
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(address.replace("%2541", "%2542"), timeout=20)

    def test_a_token_that_ends_in_the_middle_is_replaced(self, store: SwiftStore, server: Swift, tmp_path: Path):
        self.put(store, tmp_path, b"one", "one")
        before = store._access.login()
        revoked = type(before)(before.url, "AUTH_tk0123456789abcdef")
        store._access._login = revoked
        self.put(store, tmp_path, b"two", "two")
        assert self.get(store, tmp_path, "one") == b"one"
        assert store._access.login() is not revoked

    def test_a_wrong_password_is_told_as_such_and_shown_nowhere(
        self, server: Swift, container: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ):
        caplog.set_level(logging.DEBUG)
        wrong = {**server.credentials, "password": "a wrong password"}
        store = open_store(server.config(container, credentials=wrong))
        report = store.check()
        assert [step.name for step in report.steps if not step.ok] == ["auth"]
        assert "user and password" in report.problems[0]
        with pytest.raises(Denied):
            self.put(store, tmp_path, b"content", "key")
        assert "a wrong password" not in caplog.text + str(report)

    def test_nothing_secret_is_logged(self, store: SwiftStore, tmp_path: Path, caplog: pytest.LogCaptureFixture):
        caplog.set_level(logging.DEBUG)
        self.put(store, tmp_path, b"content", "key")
        address = store.signed_url("key", ttl=60)
        assert address is not None
        urllib.request.urlopen(address, timeout=20).close()
        self.get(store, tmp_path, "key")
        token = store._access.login().token
        assert token not in caplog.text
        assert TEMP_URL_KEY not in caplog.text

    def test_a_container_that_is_not_there_is_named(self, server: Swift):
        report = open_store(server.config("no-such-container")).check()
        assert not report.ok
        assert "no-such-container" in report.problems[0]


@pytest.mark.slow
def test_with_keystone(tmp_path: Path):
    with swift(keystone=True) as server:
        store = open_store(server.config(server.container()))
        assert store.check().problems == ()
        source = tmp_path / "source"
        source.write_bytes(b"content")
        assert store.get_file(store.put_file(source, "key").key, tmp_path / "copy").size == 7
        wrong = open_store(server.config("any", credentials={**server.credentials, "password": "no"}))
        assert "does not accept the user" in wrong.check().problems[0]
        elsewhere = open_store(server.config("any", region="nowhere"))
        assert "region" in elsewhere.check().problems[0]
