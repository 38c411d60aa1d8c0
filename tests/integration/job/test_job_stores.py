"""Inputs and outputs in a real data store, as a machine alone sees it: by its assignment."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.integration.job.conftest import Bench
from tests.parts.faults import Faults, faults_before
from tests.parts.seaweedfs import SeaweedFS
from valo_jupyter.runtime.cache import InputCache
from valo_jupyter.stores.retrying import PATIENCE
from valo_jupyter.stores.s3 import S3Store

STORE = "0b5c0000-0000-4000-8000-1234567890ab"
PREFIX = "executions/p/12-6f2d1a34/1/"


@pytest.fixture
def faults(weed: SeaweedFS) -> Iterator[Faults]:
    with faults_before(weed.url) as faults:
        yield faults


class Team:
    """A bucket, and a bench whose executions have it."""

    def __init__(self, bench: Bench, weed: SeaweedFS, url: str) -> None:
        self.bench, self.client, self.bucket = bench, weed.client(), weed.bucket()
        self.config = {"name": "team", **weed.config(self.bucket, url=url)}
        bench.assignment |= {"stores": {STORE: self.config}, "upload": {"store": STORE, "prefix": PREFIX}}

    def put(self, **objects: bytes) -> None:
        for key, content in objects.items():
            self.client.put_object(Bucket=self.bucket, Key=key, Body=content)

    def content(self, key: str) -> bytes:
        return self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def show(self, *uris: str, **options: Any) -> str:
        given = {"name": "x", "uris": list(uris), "keep_directories": "none", "filename": None, "download": "always"}
        self.bench.server.ends.clear()
        return self.bench.commands('cd "$VH_INPUTS_DIR"; find * -type f | sort', inputs=[given | options])

    def uri(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"

    @property
    def names(self) -> list[str]:
        return self.bench.server.lines("stdout")


@pytest.fixture
def team(bench: Bench, weed: SeaweedFS, faults: Faults) -> Team:
    return Team(bench, weed, faults.url)


def test_outputs_land_in_the_store(team: Team):
    versions = '["dataset://d/v1", {"uri": "dataset://d/v2", "targeting_aliases": ["best"]}]'
    sidecar = f'{{"valohai.tags": ["t"], "valohai.dataset-versions": {versions}}}'
    write = f"mkdir sub; echo a > a; echo b > sub/b.csv; echo '{sidecar}' > a.metadata.json"
    assert team.bench.commands(f'cd "$VH_OUTPUTS_DIR"; {write}') == "complete"
    a, b = team.bench.server.outputs
    assert (a["uri"], b["uri"]) == (team.uri(f"{PREFIX}a"), team.uri(f"{PREFIX}sub/b.csv"))
    assert (a["store"], a["wanted_store"]) == (STORE, None)
    assert a["dataset_versions"] == [
        {"uri": "dataset://d/v1"},
        {"uri": "dataset://d/v2", "targeting_aliases": ["best"]},
    ]
    assert a["sha256"] == hashlib.sha256(b"a\n").hexdigest()
    assert team.content(f"{PREFIX}sub/b.csv") == b"b\n"


def test_a_key_that_holds_other_content_is_not_overwritten(team: Team):
    team.put(**{f"{PREFIX}model.h5": b"other"})
    team.bench.commands('echo mine > "$VH_OUTPUTS_DIR/model.h5"')
    (told,) = team.bench.server.outputs
    assert (told["name"], told["uri"]) == ("model.h5", team.uri(f"{PREFIX}model~2.h5"))
    assert team.content(f"{PREFIX}model.h5") == b"other"


def test_what_the_store_does_not_take_is_kept_near(team: Team, weed: SeaweedFS):
    team.config["credentials"] = weed.reader.credentials
    team.bench.commands('cd "$VH_OUTPUTS_DIR"; echo a > a; echo b > b')
    assert team.bench.end["status"] == "complete"
    assert [(told["store"], told["wanted_store"]) for told in team.bench.server.outputs] == [(None, STORE)] * 2
    assert team.bench.stored("a") == b"a\n"
    said = team.bench.end["reason"]
    assert said.startswith("2 outputs wait in the built-in store for team: ")
    assert "`jupyter valo upload-again 12`" in said


def test_a_read_only_output_is_in_the_store_while_its_code_runs(team: Team):
    server, seen = team.bench.server, []
    take = server.take_outputs

    def told(body: bytes) -> Any:
        for item in json.loads(body):
            seen.append((item["name"], item["uri"], bool(server.ends), team.content(f"{PREFIX}{item['name']}")))
        for repository in team.bench.state.glob("jobs/*/repository"):
            (repository / "go").touch()
        return take(body)

    server.take_outputs = told
    live = 'cd "$VH_OUTPUTS_DIR"; echo live > live.txt; chmod a-w live.txt; cd -'
    wait = "i=0; while [ ! -e go ] && [ $i -lt 300 ]; do sleep 0.1; i=$((i+1)); done; [ -e go ]"
    assert team.bench.commands(live, wait, 'echo late > "$VH_OUTPUTS_DIR/late.txt"') == "complete"
    assert [(name, ended) for name, _, ended, _ in seen] == [("live.txt", False), ("late.txt", False)]
    assert seen[0][1:] == (team.uri(f"{PREFIX}live.txt"), False, b"live\n")
    # once each
    assert len(server.outputs) == 2


def test_a_store_that_dies_in_the_middle_of_an_upload(team: Team, faults: Faults, monkeypatch: pytest.MonkeyPatch):
    impatient = replace(PATIENCE, tries=3, first=0.01)
    monkeypatch.setitem(S3Store.__init__.__kwdefaults__, "patience", impatient)
    faults.cut(3_000_000, of="request", method="PUT", times=50)
    write = "head -c 12000000 /dev/urandom > a.bin; head -c 5000000 /dev/zero > b.bin; sha256sum *.bin"
    assert team.bench.commands(f'cd "$VH_OUTPUTS_DIR"; {write}') == "complete"
    server = team.bench.server
    sums = {name: sha256 for sha256, name in map(str.split, server.lines("stdout"))}
    assert {told["name"]: told["sha256"] for told in server.outputs} == sums
    assert {(told["store"], told["wanted_store"]) for told in server.outputs} == {(None, STORE)}
    assert all(hashlib.sha256(team.bench.stored(name)).hexdigest() == sums[name] for name in sums)
    said = team.bench.end["reason"]
    assert said.startswith("2 outputs wait in the built-in store for team: ")
    assert said in server.lines("status")
    faults.clear()
    assert "Contents" not in team.client.list_objects_v2(Bucket=team.bucket)
    assert "Uploads" not in team.client.list_multipart_uploads(Bucket=team.bucket)


def test_what_no_store_takes_stays_on_the_machine(team: Team, weed: SeaweedFS):
    team.config["credentials"] = weed.reader.credentials
    store = team.bench.state / "store"
    store.mkdir(parents=True)
    (store / "objects").write_text("no folder")
    team.bench.commands('echo a > "$VH_OUTPUTS_DIR/a"')
    assert team.bench.end["status"] == "error"
    (kept,) = (team.bench.state / "kept").iterdir()
    assert (kept / "a").read_text() == "a\n"
    assert str(kept) in team.bench.end["reason"]


def test_an_sdk_that_is_missing(team: Team, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(team.config, "type", "gcs")
    monkeypatch.setitem(__import__("sys").modules, "valo_jupyter.stores.gcs", None)
    team.bench.commands('echo a > "$VH_OUTPUTS_DIR/a"')
    assert team.bench.server.outputs[0]["wanted_store"] == STORE
    assert "pip install 'valo-jupyter[gcs]'" in team.bench.end["reason"]


@pytest.mark.parametrize(
    ("pattern", "keep", "expected"),
    [
        ("images/a.png", "none", ["x/a.png"]),
        ("images/*.png", "none", ["x/a.png", "x/b.png"]),
        ("images/**/*.png", "suffix", ["x/a.png", "x/b.png", "x/deep/c.png"]),
        ("images/**.png", "full", ["x/images/a.png", "x/images/b.png", "x/images/deep/c.png"]),
        ("images/[!a].png", "none", ["x/b.png"]),
        ("images/deep/", "suffix", ["x/c.png"]),
        ("odd?[1].txt", "none", ["x/odd?[1].txt"]),
    ],
)
def test_addresses_and_patterns(team: Team, pattern: str, keep: str, expected: list[str]):
    keys = ("images/a.png", "images/b.png", "images/deep/c.png", "images/note.txt", "odd?[1].txt", "oddx1.txt")
    team.put(**{key: key.encode() for key in keys})
    assert team.show(team.uri(pattern), keep_directories=keep) == "complete"
    assert team.names == expected
    assert {told["store"] for told in team.bench.server.inputs} == {STORE}


def test_datums_are_fetched_as_what_they_are_and_once(team: Team, faults: Faults):
    content = os.urandom(200_000)
    team.put(**{"models/m.h5": content})
    sums = {name: hashlib.new(name, content).hexdigest() for name in ("md5", "sha1", "sha256")}
    known = {"datum": "d1", "name": "m.h5", "uri": team.uri("models/m.h5"), "store": STORE, "size": len(content)}
    files = {"datum://d1": [{**known, **sums, "version": None}]}
    assert team.show("datum://d1", files=files) == "complete"
    received = faults.received
    assert team.show("datum://d1", files=files) == "complete"
    assert faults.received == received
    assert [told["datum"] for told in team.bench.server.inputs] == ["d1", "d1"]


def test_another_content_than_the_datum_had(team: Team):
    team.put(a=b"changed")
    sums = {name: hashlib.new(name, b"before!").hexdigest() for name in ("md5", "sha1", "sha256")}
    file = {"datum": "d1", "name": "a", "uri": team.uri("a"), "store": STORE, "size": 7, **sums, "version": None}
    assert team.show("datum://d1", files={"datum://d1": [file]}) == "error"
    assert team.bench.end["reason"].startswith("input x: ")
    assert team.names == []


@pytest.mark.parametrize("key", ["missing", "none/*.png"])
def test_what_is_not_there_is_named(team: Team, key: str):
    assert team.show(team.uri(key)) == "error"
    assert team.bench.end["reason"].startswith("input x: ")
    assert key in team.bench.end["reason"]


def test_more_than_the_disk_has_room_for(team: Team):
    file = {"datum": "d1", "name": "a", "uri": team.uri("a"), "store": STORE, "size": 10**16, "version": None}
    given = {**file, "md5": None, "sha1": None, "sha256": None}
    assert team.show("datum://d1", files={"datum://d1": [given]}) == "error"
    assert "input x: the inputs take" in team.bench.end["reason"]


def test_what_may_not_be_read_is_named(team: Team):
    team.put(a=b"x")
    team.config["credentials"] = {"access_key_id": "nobody", "secret_access_key": "nothing"}
    for address in ("a", "*"):
        assert team.show(team.uri(address)) == "error"
        assert team.bench.end["reason"].startswith("input x: ")
        assert team.bucket in team.bench.end["reason"]
    assert "nothing" not in json.dumps([team.bench.server.events, team.bench.server.ends])
    assert team.names == []


def test_an_object_that_is_larger_than_the_disk(team: Team, monkeypatch: pytest.MonkeyPatch):
    team.put(**{"many/a": bytes(3000), "many/b": bytes(2000)})
    monkeypatch.setattr(InputCache, "room", lambda cache, needed=0: 100_004_000)
    assert team.show(team.uri("many/*")) == "error"
    said = team.bench.end["reason"]
    assert said.startswith("input x: the inputs take ")
    assert f"(the largest file is {team.uri('many/a')})" in said
    assert team.names == []


def test_an_object_that_has_changed_is_fetched_anew_and_told_as_it_is(team: Team):
    for content in (b"one", b"other"):
        team.put(a=content)
        assert team.show(team.uri("a")) == "complete"
    one, other = team.bench.server.inputs
    assert [each["sha256"] for each in (one, other)] == [hashlib.sha256(c).hexdigest() for c in (b"one", b"other")]
    assert one["uri"] == other["uri"]


def test_credentials_are_in_memory_only(team: Team):
    team.put(a=b"x")
    search = 'env; cat /proc/$PPID/cmdline | tr "\\0" " "; cat $(find "$VH_CONFIG_DIR/.." -type f)'
    given = {"name": "x", "uris": [team.uri("a")], "keep_directories": "none", "filename": None, "download": "always"}
    assert team.bench.commands(search, inputs=[given]) == "complete"
    server = team.bench.server
    told = json.dumps([server.events, server.ends, server.inputs, server.outputs])
    assert "VH_CONFIG_DIR" in told
    kept = b"".join(path.read_bytes() for path in team.bench.state.rglob("*") if path.is_file())
    for secret in team.config["credentials"].values():
        assert secret not in told
        assert secret.encode() not in kept
