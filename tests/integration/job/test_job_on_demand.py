"""Inputs that code asks for while it runs, by the unmodified `valohai` package: it has no credentials of stores."""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request

import pytest

from tests.integration.job.conftest import Bench
from tests.integration.job.test_job_inputs import inputs
from tests.integration.job.test_job_stores import Team, faults, team
from tests.parts.files import Files

__all__ = ["faults", "team"]

READ = """
import os, valohai
for name in {names}:
    for path in valohai.inputs(name).paths():
        print(name, os.path.relpath(path, valohai.inputs(name).dir_path()), open(path).read())
"""


def read(bench: Bench, *names: str, **changes: object) -> list[str]:
    """Run code that reads these inputs; what it found of each."""
    bench.server.ends.clear()
    (bench.project / "read.py").write_text(READ.format(names=names))
    bench.commands(f"{sys.executable} read.py", **changes)
    said = bench.server.lines("stdout", "stderr")
    return [line for line in said if line.startswith(tuple(f"{name} " for name in names))]


def test_files_of_stores_and_datums(team: Team):
    team.put(**{"images/a.txt": b"a", "images/deep/b.txt": b"b", "models/m.txt": b"m", "here.txt": b"here"})
    known = {"datum": "d1", "name": "m.txt", "uri": team.uri("models/m.txt"), "size": 1, "version": None}
    sums = dict.fromkeys(("md5", "sha1", "sha256", "store"))
    both = [{**known, **sums, "datum": f"d{n}", "name": f"deep/{n}.txt"} for n in range(2)]
    given = [
        *inputs("images", team.uri("images/**"), download="on-demand", keep_directories="suffix"),
        *inputs("model", "datum://d1", download="on-demand", files={"datum://d1": [{**known, **sums}]}),
        *inputs("set", "dataset://s/v", download="on-demand", keep_directories="full", files={"dataset://s/v": both}),
        *inputs("here", team.uri("here.txt")),
        *inputs("unused", team.uri("models/m.txt"), download="on-demand"),
    ]
    found = read(team.bench, "images", "model", "set", "here", inputs=given)
    server = team.bench.server
    assert team.bench.end["status"] == "complete", server.lines()
    assert sorted(found) == [
        "here here.txt here",
        "images a.txt a",
        "images deep/b.txt b",
        "model m.txt m",
        "set deep/0.txt m",
        "set deep/1.txt m",
    ]
    told = {(each["input"], each["name"]): each.get("datum") for each in server.inputs}
    assert told == {
        ("here", "here.txt"): None,
        ("images", "a.txt"): None,
        ("images", "deep/b.txt"): None,
        ("model", "m.txt"): "d1",
        ("set", "deep/0.txt"): "d0",
        ("set", "deep/1.txt"): "d1",
    }
    assert len(server.of("input")) == 6
    assert "Input images: 2 files to be downloaded when code asks for them" in server.lines("status")


def test_in_a_notebook_with_a_proxy_and_the_token_shows_nowhere(team: Team):
    team.put(a=b"content")
    seen = []
    code = f"token = open('../config/api.json').read(); {READ.format(names=('x',))}"
    team.bench.server.on_request = lambda path: seen.extend(team.bench.state.glob("jobs/*/config/api.json"))
    proxies = {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9", "NO_PROXY": "example.org"}
    given = inputs("x", team.uri("a"), download="on-demand")
    show = "import os, json; print(token.split('/')[3])"
    assert team.bench.notebook(code, show, inputs=given, environment_variables=proxies) == "complete"
    server = team.bench.server
    assert "x a content" in server.lines("stdout")
    downloading = next(line for line in server.lines("stdout") if line.startswith("Downloading http://127.0.0.1:"))
    assert "/***/0/a -> " in downloading
    # printed by itself, too
    assert server.lines("stdout")[-1] == "***"
    assert seen


def test_addresses_without_a_name_and_what_the_address_gives(bench: Bench):
    files = Files()
    files.content["a b/"] = b"nameless"
    url = f"{files.url}/a%20b/"
    try:
        assert read(bench, "x", inputs=inputs("x", url, download="on-demand")) == ["x x nameless"]
        assert [(told["uri"], told["size"]) for told in bench.server.inputs] == [(url, 8)]
        # kept for the next one
        sent = files.sent
        bench.server.ends.clear()
        assert bench.commands("cat $VH_INPUTS_DIR/x/x", inputs=inputs("x", url)) == "complete"
        assert (bench.server.lines("stdout")[-1], files.sent) == ("nameless", sent)
    finally:
        files.close()


def test_what_is_missing_is_said_to_the_code_and_in_the_log(bench: Bench):
    files = Files()
    try:
        assert read(bench, "x", inputs=inputs("x", f"{files.url}/no", download="on-demand")) == []
    finally:
        files.close()
    assert bench.end["status"] == "error"
    reason = f"input x: {files.url}/no answered 404"
    assert any(reason in line and "HTTPError" in line for line in bench.server.lines("stderr"))
    assert any(line.startswith(reason) for line in bench.server.lines("status"))


def test_nobody_else_and_nothing_else_and_not_for_longer(team: Team):
    team.put(a=b"content")
    tried: dict[str, object] = {}

    def look(path: str) -> None:
        for config in team.bench.state.glob("jobs/*/config/api.json"):
            if "url" not in tried and team.bench.server.lines("stdout"):
                tried["url"] = url = json.loads(config.read_text())["input_request"]["url"]
                root, token = url.split("/")[2], url.split("/")[3]
                for case, address in {
                    "list": url,
                    "token": f"http://{root}/{token[:-1]}-/0/a",
                    "none": f"http://{root}/",
                    "number": f"http://{root}/{token}/1/a",
                    "negative": f"http://{root}/{token}/-1/a",
                }.items():
                    try:
                        with urllib.request.urlopen(address, timeout=10) as answer:
                            tried[case] = json.load(answer)
                    except urllib.error.HTTPError as error:
                        tried[case] = error.code

    team.bench.server.on_request = look
    given = inputs("x", team.uri("a"), download="on-demand")
    wait = "for i in 1 2 3 4 5 6 7 8 9 10; do echo $i; sleep 0.1; done"
    assert team.bench.commands(wait, inputs=given) == "complete"
    url = str(tried.pop("url"))
    (listed,) = tried.pop("list")  # type: ignore[misc]
    (file,) = listed["files"]
    assert (file["filename"], file["input_id"]) == ("a", "x")
    assert tried == {"token": 403, "none": 403, "number": 404, "negative": 404}
    # it was never asked for
    assert team.bench.server.inputs == []
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url, timeout=5)
