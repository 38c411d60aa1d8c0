"""From a notebook on the Jupyter server to an execution on the real local server, and back through the proxy."""

import asyncio
import json
import os
import subprocess
import sys

import nbformat
import pytest
from jupyter_server.services.contents.manager import ContentsManager
from tornado.httpclient import HTTPClientError

from valo_jupyter.domain.errors import Invalid
from valo_jupyter.jupyter.paths import local_file
from valo_jupyter.jupyter.run import reporter
from valo_jupyter.snapshots import Progress

CELLS = [
    ("parameters", "lr = 0.1\nepochs = 2"),
    ("", "import json, os, pathlib\nprint(json.dumps({'accuracy': lr * epochs}))"),
    ("", "(pathlib.Path(os.environ['VH_OUTPUTS_DIR']) / 'ü b.html').write_text('<b>' + 'x' * 70_000)"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The state folder of a real server, which the first request starts."""
    folder = tmp_path_factory.mktemp("valo")
    yield folder
    command = [sys.executable, "-m", "valo_jupyter.server.cli", "stop", "--force"]
    subprocess.run(command, env={**os.environ, "VALO_HOME": str(folder)}, timeout=60, check=True, capture_output=True)


@pytest.fixture
def state(home, monkeypatch):
    monkeypatch.setenv("VALO_HOME", str(home))
    monkeypatch.setenv("PYTHONPATH", os.getcwd())
    for name in ("VALO_URL", "VALO_TOKEN", "VALO_EXECUTION", "VH_JOB_ID"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture
def write(jp_root_dir):
    def write(path, cells, kernel="python3"):
        nb = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": kernel, "display_name": kernel}})
        for tag, source in cells:
            nb.cells.append(nbformat.v4.new_code_cell(source, metadata={"tags": [tag]} if tag else {}))
        file = jp_root_dir / path
        file.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(nb, file)
        return file

    return write


async def post(fetch, body, **headers):
    answer = await fetch("valo/run", method="POST", body=json.dumps(body), headers=headers, request_timeout=90)
    return answer.body


async def error_of(fetch, body, code):
    with pytest.raises(HTTPClientError) as caught:
        await post(fetch, body)
    error = json.loads(caught.value.response.body)
    assert caught.value.code == code, error
    return error


async def test_a_notebook_runs_and_its_file_comes_back(jp_fetch, jp_base_url, jp_root_dir, write, state):
    write("work/one.ipynb", CELLS)
    asked = {
        "path": "work/one.ipynb",
        "parameters": {"epochs": "3"},
        "tags": ["t"],
        "title": "first",
        "environment": None,
    }
    execution = json.loads(await post(jp_fetch, asked))["execution"]
    assert execution["title"] == "first"
    assert execution["parameters"] == {"lr": 0.1, "epochs": 3}
    assert execution["tags"] == ["t"]
    assert execution["commit"]["identifier"].startswith("~")
    assert execution["url"].startswith(f"{jp_base_url}valo/api/v0/executions/")

    route = ("valo/api/v0/executions", execution["id"], "")
    while execution["status"] in ("created", "queued", "started"):
        await asyncio.sleep(0.1)
        execution = json.loads((await jp_fetch(*route)).body)
    assert execution["status"] == "complete", execution
    assert execution["cumulative_metadata"]["accuracy"] == pytest.approx(0.3)
    assert execution["notebook"]["path"] == "one.ipynb"

    (page,) = [file for file in execution["outputs"] if file["name"] == "ü b.html"]
    address = json.loads((await jp_fetch("valo/api/v0/data", page["id"], "download", "")).body)["url"]
    answer = await jp_fetch_raw(jp_fetch, jp_base_url, address)
    assert len(answer.body) == page["size"] == 70_003
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")


async def jp_fetch_raw(fetch, base, address):
    """`jp_fetch` quotes what it is given, and this is quoted already."""
    from urllib.parse import unquote

    assert address.startswith(f"{base}valo/download/")
    return await fetch(unquote(address[len(base) :]))


async def test_the_last_line_is_the_execution(jp_fetch, write, state):
    write("lines/one.ipynb", CELLS[:1])
    body = await post(jp_fetch, {"path": "lines/one.ipynb"}, Accept="application/x-ndjson")
    *progress, last = [json.loads(line) for line in body.splitlines()]
    # a small folder may be done before there is any progress to tell
    assert all(set(line) == {"progress"} for line in progress)
    assert set(last) == {"execution", "snapshot"}


async def test_progress_is_told_by_stage_and_not_too_often():
    lines: asyncio.Queue = asyncio.Queue()
    report = reporter(asyncio.get_running_loop(), lines)

    def take_snapshot():
        for stage in ("scan", "store"):
            for files in range(1000):
                report(Progress(stage, files, files * 10, 1000, 10_000))

    await asyncio.to_thread(take_snapshot)
    await asyncio.sleep(0)
    told = [lines.get_nowait()["progress"] for _ in range(lines.qsize())]
    assert told[0] == {"stage": "scan", "files": 0, "bytes": 0, "total_files": 1000, "total_bytes": 10_000}
    assert [line["stage"] for line in told if line["files"] == 0] == ["scan", "store"]
    assert len(told) < 100


async def test_a_refusal_is_the_last_line(jp_fetch, write, state):
    write("work/two.ipynb", CELLS)
    asked = {"path": "work/two.ipynb", "parameters": {"epoch": 1}}
    body = await post(jp_fetch, asked, Accept="application/x-ndjson")
    error = json.loads(body.splitlines()[-1])["error"]
    assert error["code"] == "unknown_parameter"
    assert error["details"]["nearest"] == "epochs"
    assert (await error_of(jp_fetch, asked, 400))["message"] == error["message"]


async def test_a_large_folder_is_asked_about(jp_fetch, write, jp_root_dir, state):
    write("large/one.ipynb", CELLS)
    (jp_root_dir / "large" / "data").mkdir()
    for number in range(2001):
        (jp_root_dir / "large" / "data" / str(number)).touch()
    error = await error_of(jp_fetch, {"path": "large/one.ipynb"}, 409)
    assert error["code"] == "confirm_snapshot"
    assert error["details"]["reason"] == "large"
    assert error["details"]["largest"][0]["path"].startswith("data")
    alone = json.loads(await post(jp_fetch, {"path": "large/one.ipynb", "include": "notebook"}))
    assert alone["execution"]["counter"]


async def test_a_kernel_that_is_not_installed(jp_fetch, write, state):
    write("work/three.ipynb", CELLS, kernel="fortran77")
    error = await error_of(jp_fetch, {"path": "work/three.ipynb"}, 400)
    assert error["code"] == "kernel_missing"
    assert "python3" in error["message"]


async def test_what_the_form_is_told(jp_fetch, write, jp_root_dir, state):
    write("work/four.ipynb", [*CELLS, ("inputs", "data = 'a.csv'"), ("", "valohai.prepare(step=f())")])
    found = json.loads((await jp_fetch("valo/notebook", params={"path": "work/four.ipynb"})).body)
    assert [(p["name"], p["type"], p["default"]) for p in found["parameters"]] == [
        ("lr", "float", 0.1),
        ("epochs", "integer", 2),
    ]
    assert found["inputs"] == [{"name": "data", "default": ["a.csv"], "optional": False}]
    assert found["path"] == "four.ipynb"
    assert found["folder"] == str(jp_root_dir / "work")
    assert found["kernel"] == "python3"
    assert found["project"]["id"]
    assert len(found["problems"]) == 1


async def test_the_form_is_told_where_a_notebook_was_and_what_it_copies(jp_fetch, write, jp_root_dir, state):
    write("work/was.ipynb", [("", "1")])
    await jp_fetch("api/contents/work/was.ipynb", method="PATCH", body=json.dumps({"path": "work/is.ipynb"}))
    await jp_fetch("api/contents/work", method="POST", body=json.dumps({"copy_from": "work/is.ipynb"}))
    moved, copied = await told_of(jp_fetch, "work/is.ipynb"), await told_of(jp_fetch, "work/is-Copy1.ipynb")
    assert [place["path"] for place in moved["places"]] == ["is.ipynb", "was.ipynb"]
    assert moved["places"][1]["project"] == moved["project"]
    assert (moved["copy_of"], copied["copy_of"]) == (None, "work/is.ipynb")


async def told_of(fetch, path):
    return json.loads((await fetch("valo/notebook", params={"path": path}, request_timeout=90)).body)


async def rename(fetch, path, to):
    await fetch("api/contents", path, method="PATCH", body=json.dumps({"path": to}))


async def folders(fetch):
    """Of the projects that there are; `host:` in front."""
    answer = json.loads((await fetch("valo/api/v0/projects", "")).body)
    return {project["folder"].partition(":")[2] for project in answer["results"] if project["folder"]}


@pytest.mark.parametrize("mark", [".git", "valohai.yaml", None])
async def test_a_notebook_is_followed_when_its_project_s_folder_is_renamed(jp_fetch, write, jp_root_dir, state, mark):
    write("foo/sub/nb.ipynb", [("", "1")])
    if mark == ".git":
        subprocess.run(["git", "init", "-q", jp_root_dir / "foo"], check=True, timeout=30)
    elif mark:
        (jp_root_dir / "foo" / mark).write_text("[]")
    before = await told_of(jp_fetch, "foo/sub/nb.ipynb")
    await rename(jp_fetch, "foo", "bar")
    await rename(jp_fetch, "bar/sub/nb.ipynb", "bar/sub/is.ipynb")
    await rename(jp_fetch, "bar", "last")
    told = await told_of(jp_fetch, "last/sub/is.ipynb")
    folder = "last" if mark else "last/sub"
    assert told["folder"] == str(jp_root_dir / folder)
    inside = "sub/" if mark else ""
    # nothing ran as long as it was `bar`
    assert [(place["project"], place["path"]) for place in told["places"]] == [
        (told["project"], f"{inside}is.ipynb"),
        (before["project"], f"{inside}nb.ipynb"),
    ]
    here = {one for one in await folders(jp_fetch) if one.startswith(f"{jp_root_dir}/")}
    assert here == {before["folder"], told["folder"]}


async def test_a_folder_that_leaves_its_project_was_of_it(jp_fetch, write, jp_root_dir, state):
    write("code/sub/nb.ipynb", [("", "1")])
    (jp_root_dir / "code" / "valohai.yaml").write_text("[]")
    before = await told_of(jp_fetch, "code/sub/nb.ipynb")
    await rename(jp_fetch, "code/sub", "out")
    now, was = (await told_of(jp_fetch, "out/nb.ipynb"))["places"]
    assert (now["path"], was["path"], was["project"]) == ("nb.ipynb", "sub/nb.ipynb", before["project"])
    assert now["since"] == was["until"]


async def test_the_original_of_a_copy_is_where_it_is_now(jp_fetch, write, jp_root_dir, state):
    write("work/first.ipynb", [("", "1")])
    await jp_fetch("api/contents/work", method="POST", body=json.dumps({"copy_from": "work/first.ipynb"}))
    await rename(jp_fetch, "work/first.ipynb", "second.ipynb")
    assert (await told_of(jp_fetch, "work/first-Copy1.ipynb"))["copy_of"] == "second.ipynb"
    (jp_root_dir / "second.ipynb").unlink()
    assert (await told_of(jp_fetch, "work/first-Copy1.ipynb"))["copy_of"] is None


async def test_below_a_link_a_copy_names_its_original_too(jp_fetch, write, jp_root_dir, tmp_path, state):
    (tmp_path / "elsewhere").mkdir()
    (jp_root_dir / "link").symlink_to(tmp_path / "elsewhere")
    write("link/first.ipynb", [("", "1")])
    await jp_fetch("api/contents/link", method="POST", body=json.dumps({"copy_from": "link/first.ipynb"}))
    told = await told_of(jp_fetch, "link/first-Copy1.ipynb")
    assert (told["path"], told["copy_of"]) == ("first-Copy1.ipynb", "link/first.ipynb")


async def test_a_new_notebook_has_not_the_past_of_one_that_was_deleted(
    jp_fetch, jp_serverapp, write, jp_root_dir, state
):
    jp_serverapp.contents_manager.delete_to_trash = False
    write("work/old.ipynb", [("", "1")])
    assert [place["since"] for place in (await told_of(jp_fetch, "work/old.ipynb"))["places"]] == [None]
    await jp_fetch("api/contents/work/old.ipynb", method="DELETE")
    write("work/old.ipynb", [("", "1")])
    (place,) = (await told_of(jp_fetch, "work/old.ipynb"))["places"]
    assert place["since"] is not None


@pytest.mark.parametrize(
    ("path", "code"),
    [("", 400), ("none.ipynb", 404), ("../valo/token", 404), ("a/../../secret.ipynb", 404), ("notes.txt", 400)],
)
async def test_paths_that_are_no_notebook(jp_fetch, jp_root_dir, path, code, state):
    (jp_root_dir / "notes.txt").touch()
    (jp_root_dir.parent / "secret.ipynb").touch()
    (jp_root_dir / "a").mkdir()
    await error_of(jp_fetch, {"path": path}, code)


@pytest.mark.parametrize(
    "body",
    ["[]", "{}", '{"path": "a.ipynb", "colour": 1}', '{"path": "a.ipynb", "tags": "t"}',
     '{"path": "a.ipynb", "parameters": []}', '{"path": "a.ipynb", "include": "all"}', "{"],
)  # fmt: skip
async def test_requests_that_are_not_understood(jp_fetch, body, state):
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch("valo/run", method="POST", body=body)
    assert caught.value.code == 400


@pytest.mark.parametrize(
    "wrong",
    [{"accept": [[]]}, {"accept": ["all"]}, {"accept_findings": [{}]}, {"name_secrets": [1]}, {"tags": [1]},
     {"title": {}}, {"environment": []}, {"image": 1}, {"inputs": "a"}, {"include": []}],
)  # fmt: skip
async def test_a_field_of_the_wrong_kind_is_named(jp_fetch, write, wrong, state):
    write("work/five.ipynb", [("", "1")])
    error = await error_of(jp_fetch, {"path": "work/five.ipynb", **wrong}, 400)
    assert error["code"] == "invalid"
    (field,) = wrong
    assert error["message"].startswith(field)


def test_notebooks_that_are_no_files_of_this_machine():
    with pytest.raises(Invalid, match="keeps its notebooks in ContentsManager, not in files"):
        local_file(ContentsManager(), "a.ipynb")
