"""Everything in the outputs folder is stored, once, with what its sidecars say, however the run ended."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from valo_jupyter.runtime.outputs import storing
from valo_jupyter.stores.local import LocalStore


def names(bench) -> list[str]:
    return [output["name"] for output in bench.server.outputs]


def run_python(bench, code: str, **changes) -> str:
    """Run code in the outputs folder."""
    (bench.project / "code.py").write_text("import os\nos.chdir(os.environ['VH_OUTPUTS_DIR'])\n" + code)
    return bench.commands(f"{sys.executable} code.py", **changes)


def status_lines(bench) -> str:
    return "\n".join(bench.server.lines("status"))


def test_names_of_every_kind(bench):
    wanted = ["a/b/c/deep.txt", "empty", "naïve ünïcode 日本.txt", "with space & 'quote\".csv", ".hidden", "-dash"]
    run_python(
        bench,
        f"for name in {wanted!r}:\n"
        "    os.makedirs(os.path.dirname(name) or '.', exist_ok=True)\n"
        "    open(name, 'w').write('' if name == 'empty' else name)\n"
        "os.makedirs('no/file/here')\n",
    )
    assert sorted(names(bench)) == sorted(wanted)
    for name in wanted:
        assert bench.stored(name).decode() == ("" if name == "empty" else name)
    empty = next(output for output in bench.server.outputs if output["name"] == "empty")
    assert (empty["size"], empty["md5"]) == (0, hashlib.md5(b"").hexdigest())
    sent = {event["name"]: event["datum"] for event in bench.server.of("output")}
    assert sorted(sent) == sorted(wanted)
    assert all(sent.values())


def test_checksums_and_sizes(bench):
    run_python(bench, "open('big', 'wb').write(bytes(range(256)) * 20_000)")
    (output,) = bench.server.outputs
    content = bytes(range(256)) * 20_000
    assert output["size"] == len(content)
    for name in ("md5", "sha1", "sha256"):
        assert output[name] == hashlib.new(name, content).hexdigest()
    assert output["uri"] == f"valo://{output['sha256']}"


@pytest.mark.parametrize(
    ("ending", "status"), [("raise SystemExit(3)", "error"), ("os.kill(os.getppid(), 9); os.abort()", "crashed")]
)
def test_outputs_of_a_failure_are_kept(bench, ending: str, status: str):
    assert run_python(bench, f"open('partial', 'w').write('so far')\n{ending}") == status
    assert bench.stored("partial") == b"so far"


def test_a_name_that_is_no_utf8(bench):
    run_python(bench, "open(b'caf\\xe9.txt', 'w').write('latin')")
    assert names(bench) == ["caf\ufffd.txt"]
    assert bench.stored("caf\ufffd.txt") == b"latin"


def test_links_are_followed_within_the_attempt_only(bench):
    (bench.project / "in-repository").write_text("of the project")
    run_python(
        bench,
        "os.makedirs('folder'); open('folder/real', 'w').write('real')\n"
        "os.symlink('folder/real', 'link'); os.symlink('folder', 'other'); os.symlink('..', 'folder/loop')\n"
        "os.symlink('/etc/passwd', 'outside'); os.symlink('nowhere', 'dangling')\n"
        "os.symlink('../repository/in-repository', 'project'); os.symlink('/etc', 'etc'); os.mkfifo('pipe')\n",
    )
    assert sorted(names(bench)) == ["folder/real", "link", "other/real", "project"]
    assert bench.stored("link") == bench.stored("other/real") == bench.stored("folder/real") == b"real"
    assert bench.stored("project") == b"of the project"
    said = status_lines(bench)
    assert "Output outside was not stored: it is a link to /etc/passwd, outside of the execution's own folders" in said
    assert "Output dangling was not stored: it is a link to nowhere, which does not exist" in said
    assert "Output etc was not stored" in said
    assert "Output pipe was not stored: it is no regular file" in said
    assert "Output folder/loop was not stored: it is a link to a folder that holds it" in said
    assert bench.end["status"] == "complete"


def test_a_hard_link_to_an_input_does_not_tie_it_to_the_store(bench):
    (bench.project / "shared").write_text("before")
    run_python(bench, "os.link('../repository/shared', 'linked')")
    assert bench.stored("linked") == b"before"
    store = LocalStore(bench.state / "store")
    assert store.path(bench.server.outputs[0]["sha256"]).stat().st_nlink == 1


def test_folders_and_files_that_cannot_be_read_as_they_are(bench):
    assert (
        run_python(bench, "os.makedirs('d'); open('d/f', 'w').write('x'); os.chmod('d/f', 0); os.chmod('d', 0)")
        == "complete"
    )
    assert bench.stored("d/f") == b"x"
    assert list((bench.state / "jobs").iterdir()) == []


def test_sidecars_describe_and_are_no_outputs(bench):
    run_python(
        bench,
        "import json\n"
        "open('model.h5', 'w').write('m'); open('data.csv', 'w').write('d')\n"
        "properties = {'valohai.tags': ['good', 'new', 'good'], 'valohai.alias': 'model-prod', 'accuracy': 0.9}\n"
        "json.dump(properties, open('model.h5.metadata.json', 'w'))\n"
        "json.dump({'lonely': 1}, open('nothing.metadata.json', 'w'))\n"
        "open('data.csv.metadata.json', 'w').write('not json')\n"
        "with open('valohai.metadata.jsonl', 'w') as listing:\n"
        "    for line in ({'file': 'data.csv', 'metadata': {'valohai.tags': ['raw'], 'rows': 3}},\n"
        "                 {'file': 'model.h5', 'metadata': {'accuracy': 0.1, 'loss': 0.2}},\n"
        "                 {'file': 'missing', 'metadata': {}}):\n"
        "        print(json.dumps(line), file=listing)\n"
        "    print('broken', file=listing)\n",
    )
    told = {output["name"]: output for output in bench.server.outputs}
    assert set(told) == {"model.h5", "data.csv", "nothing.metadata.json", "data.csv.metadata.json"}
    model = told["model.h5"]
    assert (model["tags"], model["aliases"]) == (["good", "new"], ["model-prod"])
    # what a file's own sidecar says counts more
    assert model["metadata"] == {"accuracy": 0.9, "loss": 0.2}
    assert (told["data.csv"]["tags"], told["data.csv"]["metadata"]) == (["raw"], {"rows": 3})
    said = status_lines(bench)
    assert "valohai.metadata.jsonl, line 4, was skipped" in said
    assert "names missing, but there is no such output" in said
    assert "data.csv.metadata.json holds no JSON object" in said


def test_tags_that_the_server_refuses_do_not_cost_the_file(bench):
    original = bench.server.take_outputs

    def refuse(body: bytes):
        if any("bad" in item["tags"] for item in json.loads(body)):
            raise bench.server.refuse("a tag may not be called bad")
        return original(body)

    bench.server.take_outputs = refuse
    run_python(
        bench,
        "import json\nfor name in 'abc': open(name, 'w').write(name)\n"
        "json.dump({'valohai.tags': ['bad']}, open('b.metadata.json', 'w'))",
    )
    assert names(bench) == ["a", "b", "c"]
    assert bench.server.outputs[1]["tags"] == []
    assert "The tags, aliases and metadata of output b were left out" in status_lines(bench)
    assert "a tag may not be called bad" in status_lines(bench)


def test_a_read_only_file_is_stored_while_the_code_runs(bench):
    stored_while_running = []

    def look(path: str) -> None:
        if path == "outputs" and not bench.server.lines("stdout"):
            stored_while_running.append(True)
            (bench.state / "go").touch()

    bench.server.on_request = look
    go = bench.state / "go"
    run_python(
        bench,
        "import json, time\n"
        "open('live', 'w').write('one'); open('other', 'w').write('later')\n"
        "json.dump({'valohai.tags': ['live']}, open('live.metadata.json', 'w'))\n"
        "os.chmod('live', 0o444)\n"
        f"deadline = time.monotonic() + 20\nwhile not os.path.exists({str(go)!r}) and time.monotonic() < deadline:\n"
        "    time.sleep(0.05)\n"
        "print('done', open('live').read())",
    )
    assert stored_while_running
    assert bench.server.lines("stdout") == ["done one"]
    assert names(bench) == ["live", "other"]
    assert bench.server.outputs[0]["tags"] == ["live"]


def test_a_live_file_that_is_changed_later_is_stored_again(bench):
    go = bench.state / "go"
    bench.server.on_request = lambda path: go.touch() if path == "outputs" else None
    run_python(
        bench,
        "import time\nopen('live', 'w').write('one'); os.chmod('live', 0o444)\n"
        f"while not os.path.exists({str(go)!r}): time.sleep(0.05)\n"
        "os.unlink('live'); open('live', 'w').write('two')",
    )
    assert names(bench) == ["live", "live"]
    store = LocalStore(bench.state / "store")
    assert [store.path(output["sha256"]).read_bytes() for output in bench.server.outputs] == [b"one", b"two"]


def test_a_full_store_fails_the_execution_but_not_its_other_outputs(bench):
    blocked = hashlib.sha256(b"unlucky").hexdigest()
    folder = Path(bench.state / "store" / "objects")
    folder.mkdir(parents=True)
    # a file where the folder of this one object should be
    (folder / blocked[:2]).write_text("")
    assert (
        run_python(bench, "open('a', 'w').write('x'); open('b', 'w').write('unlucky'); open('c', 'w').write('z')")
        == "error"
    )
    assert names(bench) == ["a", "c"]
    assert "output b could not be stored: The built-in store" in bench.end["reason"]


def test_a_large_file_is_not_read_into_memory(bench):
    before = peak_memory()
    run_python(bench, "with open('big', 'wb') as file: file.truncate(150_000_000)")
    assert bench.server.outputs[0]["size"] == 150_000_000
    assert peak_memory() - before < 60_000_000


def peak_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def test_many_outputs_are_told_together(bench):
    run_python(bench, "for n in range(300): open(f'{n:03}', 'w').write(str(n))")
    assert names(bench) == [f"{n:03}" for n in range(300)]
    assert bench.server.requests["outputs"] <= 20


def test_what_was_purged_before_it_was_known_is_stored_again(bench):
    take, gone = bench.server.take_outputs, set()

    def purged(body: bytes) -> Any:
        answers = take(body)
        for number, item in enumerate(json.loads(body)):
            if item["sha256"] not in gone and item["name"] != "c":
                gone.add(item["sha256"])
                path = LocalStore(bench.state / "store").path(item["sha256"])
                path.unlink()
                answers[number] = {"datum": None, "again": True}
        return answers

    bench.server.take_outputs = purged
    live = "echo live > live; chmod a-w live; echo a > a; ln -s a b; echo c > c; sleep 1.5"
    assert bench.commands(f'cd "$VH_OUTPUTS_DIR"; {live}') == "complete"
    assert {name: bench.stored(name) for name in "abc"} == {"a": b"a\n", "b": b"a\n", "c": b"c\n"}
    assert bench.stored("live") == b"live\n"
    assert sorted(event["name"] for event in bench.server.of("output")) == ["a", "b", "c", "live"]


def test_a_stop_while_storing_keeps_what_is_stored(bench, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(storing, "AFTER_STOP", 0.3)

    def stop(path: str) -> None:
        if path == "outputs":
            bench.server.stop = {"by": "ana", "reason": "stopped by ana", "kill_after": 10.0}

    bench.server.on_request = stop
    original = LocalStore.put_file

    def slow(self, path, key="", **options):
        time.sleep(0.15)
        return original(self, path, key, **options)

    monkeypatch.setattr(LocalStore, "put_file", slow)
    begun = time.monotonic()
    assert run_python(bench, "for n in range(400): open(f'{n:03}', 'w').write(str(n))") == "stopped"
    assert time.monotonic() - begun < 120
    assert 1 <= len(names(bench)) < 400
    assert bench.end["reason"] == "stopped by ana"
    assert f"{400 - len(names(bench))} of 400 outputs were not stored any more" in status_lines(bench)


def test_the_process_leaves_nothing_behind(bench):
    run_python(bench, "open('x', 'w').write('x')")
    of_jobs = {"valo-reporter", "valo-outputs", "valo-limits", "valo-memory"}
    assert not of_jobs & {thread.name for thread in threading.enumerate()}
    assert os.listdir(bench.state / "store" / "incoming") == []


def test_an_output_that_the_server_refuses_is_a_failure_that_says_so(bench):
    original = bench.server.take_outputs

    def refuse(body: bytes):
        if any(item["name"] == "b" for item in json.loads(body)):
            raise bench.server.refuse("no b here")
        return original(body)

    bench.server.take_outputs = refuse
    assert run_python(bench, "for name in 'abc': open(name, 'w').write(name)") == "error"
    assert names(bench) == ["a", "c"]
    assert "output b was not accepted" in bench.end["reason"]
    assert "no b here" in bench.end["reason"]


def test_names_and_properties_of_outputs_show_no_secrets(bench):
    secrets = {"TOKEN": "hunter22", "OTHER": "sesame33", "PIN": "12345678"}
    run_python(
        bench,
        "import json, time\n"
        "one, other = os.environ['TOKEN'], os.environ['OTHER']\n"
        "for name in (f'{one}.txt', f'{other}.txt', '***.txt', f'{one}/o.txt'):\n"
        "    os.makedirs(os.path.dirname(name) or '.', exist_ok=True)\n"
        "    open(name, 'w').write(name)\n"
        "properties = {'valohai.tags': [one, 'x', other], 'valohai.alias': 'a-' + one,\n"
        "              one: 1, 'deep': [{'k': other}], 'pin': int(os.environ['PIN']), 'size': 3}\n"
        "json.dump(properties, open(f'{one}.txt.metadata.json', 'w'))\n"
        "with open('valohai.metadata.jsonl', 'w') as listing:\n"
        "    print(json.dumps({'file': f'{one}/o.txt', 'metadata': {'note': one}}), file=listing)\n"
        "    print(json.dumps({'file': f'{one}/none.txt', 'metadata': {}}), file=listing)\n"
        "os.symlink('/nowhere', one + '.link')\n"
        "os.chmod(f'{other}.txt', 0o444); time.sleep(1.6)\n",
        environment_variables=secrets,
        secret_names=list(secrets),
    )
    told = {output["name"]: output for output in bench.server.outputs}
    assert set(told) == {"***.txt", "***-2.txt", "***-3.txt", "***/o.txt"}
    assert {event["name"] for event in bench.server.of("output")} == set(told)
    described = next(output for output in told.values() if output["aliases"])
    assert (described["tags"], described["aliases"]) == (["***", "x"], ["a-***"])
    assert described["metadata"] == {"***": 1, "deep": [{"k": "***"}], "pin": "***", "size": 3}
    assert told["***/o.txt"]["metadata"] == {"note": "***"}
    # the files themselves are the user's
    contents = {bench.stored(name).decode() for name in told}
    assert contents == {"hunter22.txt", "sesame33.txt", "***.txt", "hunter22/o.txt"}
    everything = json.dumps([bench.server.outputs, bench.server.events, bench.server.ends])
    assert not [value for value in secrets.values() if value in everything]


def test_files_beside_the_outputs_folder_are_not_kept_without_a_word(bench):
    (bench.project / "module.py").write_text("x = 1")
    (bench.project / "data.txt").write_text("from the project")
    write = "import module, os\nos.makedirs('outputs')\nopen('result.txt', 'w').write('x'); open('outputs/x.txt', 'w')"
    assert bench.notebook(write) == "complete"
    assert names(bench) == ["notebook.ipynb"]
    said = [line for line in bench.server.lines("status") if "not kept" in line]
    assert said == [
        "result.txt and outputs/x.txt were written in the project folder and are not kept; "
        "write to VH_OUTPUTS_DIR to keep files"
    ]


def test_nothing_is_said_of_a_project_that_stayed_as_it_was(bench):
    (bench.project / "data.txt").write_text("from the project")
    assert (
        run_python(bench, "open('kept', 'w').write('x'); import json; print(open('../repository/data.txt').read())")
        == "complete"
    )
    assert "not kept" not in status_lines(bench)
