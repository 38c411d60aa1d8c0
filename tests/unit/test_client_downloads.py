"""Downloads of outputs from a real HTTP server: what is written, and above all what is not written over."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from valo_jupyter.client.http import Http
from valo_jupyter.client.outputs import Outputs
from valo_jupyter.client.targets import NotWritable, WouldOverwrite

FILES = {"train.ipynb": b"executed", "sub/model.txt": b"weights"}


class Store(ThreadingHTTPServer):
    """Gives each of `FILES` by its number, and keeps which were fetched."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.fetched: list[str] = []


class Handler(BaseHTTPRequestHandler):
    server: Store

    def do_GET(self) -> None:
        number = self.path.strip("/").split("/")[-2 if self.path.endswith("/download/") else -1]
        if self.path.endswith("/download/"):
            kind, body = "application/json", json.dumps({"url": f"/files/{number}"}).encode()
        else:
            name = list(FILES)[int(number)]
            self.server.fetched.append(name)
            kind, body = "application/octet-stream", FILES[name]
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def store() -> Iterator[Store]:
    with Store() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join(5)


@pytest.fixture
def outputs(store: Store) -> Outputs:
    records = [
        {"id": str(number), "name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "uri": "u"}
        for number, (name, data) in enumerate(FILES.items())
    ]
    return Outputs(Http(f"http://127.0.0.1:{store.server_address[1]}", "token"), records)


def test_all_files_or_some(outputs: Outputs, tmp_path: Path) -> None:
    assert outputs.download(tmp_path / "some", ["train.ipynb"]) == [tmp_path / "some/train.ipynb"]
    assert set(outputs.download(tmp_path / "all")) == {tmp_path / "all" / name for name in FILES}
    assert {name: (tmp_path / "all" / name).read_bytes() for name in FILES} == FILES


def test_the_user_s_own_file_stays(outputs: Outputs, tmp_path: Path) -> None:
    own = tmp_path / "train.ipynb"
    own.write_bytes(b"my work!")  # as long as the output
    with pytest.raises(WouldOverwrite, match=r"train\.ipynb.*another folder.*--force.*overwrite=True"):
        outputs["train.ipynb"].download(tmp_path)
    assert own.read_bytes() == b"my work!"
    outputs["train.ipynb"].download(tmp_path, overwrite=True)
    assert own.read_bytes() == b"executed"


def test_of_many_none_is_written_when_one_is_in_the_way(outputs: Outputs, store: Store, tmp_path: Path) -> None:
    (tmp_path / "train.ipynb").write_bytes(b"mine")
    with pytest.raises(WouldOverwrite) as caught:
        outputs.download(tmp_path)
    assert caught.value.details["paths"] == [str(tmp_path / "train.ipynb")]
    assert [path.name for path in tmp_path.iterdir()] == ["train.ipynb"]
    assert store.fetched == []


def test_a_link_in_the_way_is_not_replaced_either(outputs: Outputs, tmp_path: Path) -> None:
    (tmp_path / "train.ipynb").symlink_to(tmp_path / "nowhere")
    with pytest.raises(WouldOverwrite):
        outputs["train.ipynb"].download(tmp_path)


def test_what_is_there_already_is_not_fetched_again(outputs: Outputs, store: Store, tmp_path: Path) -> None:
    outputs.download(tmp_path)
    outputs.download(tmp_path)
    assert sorted(store.fetched) == sorted(FILES)


def test_a_file_that_appears_during_the_download_stays(
    outputs: Outputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = outputs["train.ipynb"]
    copy = output._copy_to

    def slow(file: object) -> None:
        copy(file)  # type: ignore[arg-type]
        (tmp_path / "train.ipynb").write_bytes(b"saved meanwhile")

    monkeypatch.setattr(output, "_copy_to", slow)
    with pytest.raises(WouldOverwrite):
        output.download(tmp_path)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"saved meanwhile"]


def test_a_folder_that_is_none_is_refused_before_anything_is_fetched(
    outputs: Outputs, store: Store, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    for folder in (Path("/dev/null/x"), tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(NotWritable, match="is not a folder"):
            outputs.download(folder)
    (tmp_path / "here" / "train.ipynb").mkdir(parents=True)
    with pytest.raises(NotWritable, match="folder of this name"):
        outputs.download(tmp_path / "here", overwrite=True)
    assert store.fetched == []


def test_a_place_where_the_machine_lets_nobody_write(outputs: Outputs) -> None:
    with pytest.raises(NotWritable, match=r"/proc/train\.ipynb cannot be written"):
        outputs["train.ipynb"].download("/proc")
