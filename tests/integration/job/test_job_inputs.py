"""Inputs are on the machine, checked and told of, before the code starts."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from tests.parts.files import Files
from valo_jupyter.stores import http


@pytest.fixture
def files() -> Iterator[Files]:
    files = Files()
    yield files
    files.close()


def inputs(name: str, *uris: str, **options: Any) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "uris": list(uris),
            "keep_directories": "none",
            "filename": None,
            "download": "always",
            **options,
        }
    ]


def show(bench, given: list[dict[str, Any]], **changes: Any) -> str:
    """Run a job that lists its inputs; `bench.server.lines("stdout")` has the names."""
    return bench.commands('cd "$VH_INPUTS_DIR"; find * -type f | sort', inputs=given, **changes)


def names(bench) -> list[str]:
    return bench.server.lines("stdout")


def fill(bench, *paths: str) -> None:
    for path in paths:
        (bench.project / path).parent.mkdir(parents=True, exist_ok=True)
        (bench.project / path).write_text(path)


@pytest.mark.parametrize(
    ("uri", "keep", "expected"),
    [
        ("data/a.csv", "none", ["x/a.csv"]),
        ("data/a.csv", "full", ["x/data/a.csv"]),
        ("data/*.csv", "none", ["x/a.csv", "x/b.csv"]),
        ("data/**/*.csv", "none", ["x/a.csv", "x/b.csv", "x/c.csv"]),
        ("data/**/*.csv", "suffix", ["x/a.csv", "x/b.csv", "x/deep/er/c.csv"]),
        ("data/deep", "suffix", ["x/er/c.csv", "x/er/d.txt"]),
        ("data/deep/", "full", ["x/data/deep/er/c.csv", "x/data/deep/er/d.txt"]),
        ("./data/[ab].csv", "none", ["x/a.csv", "x/b.csv"]),
    ],
)
def test_paths_in_the_project(bench, uri: str, keep: str, expected: list[str]):
    fill(bench, "data/a.csv", "data/b.csv", "data/deep/er/c.csv", "data/deep/er/d.txt", "other.csv")
    assert show(bench, inputs("x", uri, keep_directories=keep)) == "complete"
    assert names(bench) == expected


def test_what_is_told_of_an_input(bench):
    fill(bench, "data/a.csv")
    bench.commands('cat "$VH_CONFIG_DIR/inputs.json"', inputs=inputs("x", "data/a.csv"))
    content = b"data/a.csv"
    (told,) = bench.server.inputs
    sums = {name: hashlib.new(name, content).hexdigest() for name in ("md5", "sha1", "sha256")}
    assert told == {"input": "x", "name": "a.csv", "uri": "data/a.csv", "size": len(content), **sums}
    (event,) = bench.server.of("input")
    assert (event["input"], event["name"], event["sha256"]) == ("x", "a.csv", sums["sha256"])
    (file,) = json.loads("\n".join(names(bench)))["x"]["files"]
    assert (file["checksums"], file["datum_id"], file["size"]) == (sums, event["datum"], len(content))
    assert os.path.basename(file["path"]) == "a.csv"
    said = "\n".join(bench.server.lines("status"))
    assert all(each in said for each in sums.values())


def test_code_may_change_its_copy(bench):
    fill(bench, "a.csv")
    bench.commands('echo changed > "$VH_INPUTS_DIR/x/a.csv"; cat a.csv', inputs=inputs("x", "a.csv"))
    assert names(bench) == ["a.csv"]


@pytest.mark.parametrize("uri", ["../secret", "/etc/passwd", "data/../../secret", "link", "sub/../../x*"])
def test_nothing_outside_of_the_project(bench, uri: str):
    (bench.project.parent / "secret").write_text("secret")
    (bench.project / "link").symlink_to("../secret")
    assert show(bench, inputs("x", uri)) == "error"
    assert bench.end["reason"].startswith("input x: ")
    assert names(bench) == []


@pytest.mark.parametrize("name", ["../x", "a/../../x", ""])
def test_an_input_stays_in_its_folder(bench, name: str):
    fill(bench, "a")
    assert show(bench, inputs(name, "a")) == "error"
    assert "is no name for a file below" in bench.end["reason"]


def test_a_path_that_was_left_out_names_the_rule(bench):
    left_out = [{"path": "data/", "rule": ".gitignore:3 data/"}]
    assert show(bench, inputs("x", "data/a.csv"), left_out=left_out) == "error"
    assert bench.end["reason"] == (
        "input x: no file data/a.csv in the snapshot; "
        "data/ exists on your side but was left out of the snapshot by .gitignore:3 data/"
    )


def test_two_files_of_one_name(bench):
    fill(bench, "a/same", "b/same")
    assert show(bench, inputs("x", "a/same", "b/same")) == "error"
    assert "two files would both be same" in bench.end["reason"]


def test_a_download_with_its_own_name(bench, files: Files):
    files.content["data/train%20set.csv"] = files.content["data/train set.csv"] = b"1,2"
    url = f"{files.url}/data/train%20set.csv?x=1"
    assert show(bench, inputs("x", url) + inputs("y", url, filename="mine.csv")) == "complete"
    assert names(bench) == ["x/train set.csv", "y/mine.csv"]
    assert [told["uri"] for told in bench.server.inputs] == [url, url]


def test_a_name_from_the_answer(bench, files: Files):
    files.content["get/"] = b"x"
    files.headers["get/"] = {"Content-Disposition": 'attachment; filename="../given.csv"'}
    show(bench, inputs("x", f"{files.url}/get/"))
    assert names(bench) == ["x/given.csv"]


def test_the_second_download_is_none(bench, files: Files):
    content = files.content["big"] = os.urandom(1_000_000)
    for turn in range(2):
        bench.server.ends.clear()
        show(bench, inputs("x", f"{files.url}/big"))
        assert bench.end["status"] == "complete", turn
    assert files.sent == len(content)
    assert bench.server.inputs[0] == bench.server.inputs[1]
    # asked for, it is fetched anew
    bench.server.ends.clear()
    show(bench, inputs("x", f"{files.url}/big"), environment_variables={"VH_NO_DATA_CACHE": "1"})
    assert files.sent == 2 * len(content)


def test_changed_content_is_fetched(bench, files: Files):
    for content in (b"one", b"two"):
        files.content["a"] = content
        bench.commands('cat "$VH_INPUTS_DIR/x/a"; echo', inputs=inputs("x", f"{files.url}/a"))
    assert names(bench) == ["one", "two"]


def test_without_validators_it_is_fetched_each_time(bench, files: Files):
    files.validators = False
    for content in (b"one", b"two"):
        files.content["a"] = content
        bench.commands('cat "$VH_INPUTS_DIR/x/a"; echo', inputs=inputs("x", f"{files.url}/a"))
    assert names(bench) == ["one", "two"]


def test_a_cut_download_is_resumed_where_it_ended(bench, files: Files):
    content = files.content["big"] = os.urandom(3_000_000)
    files.cuts = [1_000_000, 500_000]
    assert show(bench, inputs("x", f"{files.url}/big")) == "complete"
    assert bench.server.inputs[0]["sha256"] == hashlib.sha256(content).hexdigest()
    assert files.sent == len(content)
    assert files.requests[0] == ("big", None)
    assert all(asked is not None for _, asked in files.requests[1:])


def test_a_cut_download_of_a_server_that_cannot_resume(bench, files: Files):
    content = files.content["big"] = os.urandom(2_000_000)
    files.validators, files.cuts = False, [1_000_000]
    assert show(bench, inputs("x", f"{files.url}/big")) == "complete"
    assert bench.server.inputs[0]["sha256"] == hashlib.sha256(content).hexdigest()


def test_a_server_that_stumbles(bench, files: Files):
    files.content["a"] = b"x"
    files.statuses = [503, 429, 500]
    assert show(bench, inputs("x", f"{files.url}/a")) == "complete"


@pytest.mark.parametrize(("path", "said"), [("missing", "answered 404"), ("private/a", "answered 401")])
def test_a_file_that_cannot_be_had_ends_it_before_its_code(bench, files: Files, path: str, said: str):
    files.content["private/a"] = b"x"
    assert show(bench, inputs("x", f"{files.url}/{path}")) == "error"
    assert bench.end["reason"].startswith(f"input x: {files.url}/{path} {said}")
    assert len(files.requests) == 1
    assert names(bench) == []


def test_a_file_that_is_larger_than_the_disk(bench, files: Files, monkeypatch: pytest.MonkeyPatch):
    files.content["big"] = bytes(200_000)
    usage = SimpleNamespace(disk_usage=lambda path: SimpleNamespace(free=199_999))
    monkeypatch.setattr(http, "shutil", usage)
    assert show(bench, inputs("x", f"{files.url}/big")) == "error"
    assert bench.end["reason"].startswith(f"input x: {files.url}/big has 200,000 bytes, and the disk has room for")
    assert names(bench) == []
    assert os.listdir(bench.state / "cache" / "inputs" / "content") == []


def test_credentials_are_sent_and_not_shown(bench, files: Files):
    files.content["private/a"] = b"x"
    url = files.url.replace("//", "//ana:p%20w@")
    assert show(bench, inputs("x", f"{url}/private/a")) == "complete"
    assert "p%20w" not in json.dumps([bench.server.inputs, bench.server.events])


def test_no_server_there(bench):
    assert show(bench, inputs("x", "http://127.0.0.1:9/a")) == "error"
    assert "http://127.0.0.1:9/a" in bench.end["reason"]
    assert "refused" in bench.end["reason"].lower()
    assert "0x" not in bench.end["reason"]


@pytest.mark.parametrize("uri", ["s3://bucket/key", "gs://b/k", "azure://a/c/b", "ftp://host/file"])
def test_stores_that_are_not_configured(bench, uri: str):
    assert show(bench, inputs("x", uri)) == "error"
    assert (
        f"input x: {uri} is an address in a data store, and this project has none that holds it" in bench.end["reason"]
    )


def test_an_output_as_an_input(bench):
    bench.commands("echo weights > $VH_OUTPUTS_DIR/model")
    uri = bench.server.outputs[0]["uri"]
    bench.server.ends.clear()
    bench.commands('cat "$VH_INPUTS_DIR/x/model"', inputs=inputs("x", uri, filename="model"))
    assert names(bench) == ["weights"]
    assert bench.server.inputs[0]["sha256"] == bench.server.outputs[0]["sha256"]


def test_a_stop_while_downloading(bench, files: Files):
    files.content["big"] = bytes(50_000_000)
    files.cuts = [100_000] * 5

    def stop(path: str) -> None:
        if files.requests:
            bench.server.stop = {"by": "ana", "reason": "stopped by ana", "kill_after": 10.0}

    bench.server.on_request = stop
    files.statuses = [503] * 3
    assert show(bench, inputs("x", f"{files.url}/big")) == "stopped"
    assert bench.end["reason"] == "stopped by ana"
    assert names(bench) == []
    assert os.listdir(bench.state / "cache" / "inputs" / "content") == []


def test_a_warning_of_the_server_is_said(bench):
    fill(bench, "a")
    original = bench.server.take_inputs
    bench.server.take_inputs = lambda body: [{**item, "warning": "it changed"} for item in original(body)]
    show(bench, inputs("x", "a"))
    assert bench.server.of("input")[0]["warning"] == "it changed"
    assert "Input x: it changed" in bench.server.lines("status")


def test_a_download_left_to_the_code(bench, files: Files):
    files.content["a.csv"] = b"x"
    url = f"{files.url}/a.csv"
    bench.commands('cat "$VH_CONFIG_DIR/inputs.json"', inputs=inputs("x", url, download="on-demand"))
    found = json.loads("\n".join(names(bench)))["x"]
    (file,) = found["files"]
    assert (file["name"], file["uri"], file["path"], found["input_id"]) == ("a.csv", url, None, "x")
    assert files.requests == []
