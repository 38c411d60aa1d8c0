"""What needs no container engine: how errors are told, where the engine is looked for, an attempt's folders."""

from __future__ import annotations

import http.server
import io
import os
import socketserver
import subprocess
import tarfile
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from valo_jupyter.domain.images import Reference
from valo_jupyter.runtime.containers import daemon
from valo_jupyter.runtime.containers.container import in_words
from valo_jupyter.runtime.containers.errors import NoContainerEngine
from valo_jupyter.runtime.containers.folder import RunFolder
from valo_jupyter.runtime.containers.images import Access, _Failed
from valo_jupyter.runtime.containers.inside import Inside
from valo_jupyter.runtime.containers.kernelspecs import _read
from valo_jupyter.runtime.contract import Folders

OURS = (os.geteuid(), os.getegid())
EVERYBODY = Access(None, None, None)
ENTRY = Access("robot", "pw-1234", {"id": "1", "match": "docker.io/me/*"})


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """For sockets, whose paths have 107 bytes."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)


DENIED = "pull access denied for me/x, repository does not exist or may require 'docker login'"


@pytest.mark.parametrize(
    ("said", "access", "code"),
    [
        ("Get https://r/v2/: no basic auth credentials", EVERYBODY, "no_registry_entry"),
        (DENIED, EVERYBODY, "no_registry_entry"),
        (DENIED, ENTRY, "registry_refused"),
        ("unauthorized: authentication required", ENTRY, "registry_refused"),
        ("manifest for me/x:9 not found: manifest unknown: manifest unknown", ENTRY, "image_not_found"),
        ("no matching manifest for linux/arm64/v8 in the manifest list entries", EVERYBODY, "image_not_found"),
        ("toomanyrequests: You have reached your unauthenticated pull rate limit.", EVERYBODY, "registry_rate_limited"),
        ("Get https://r/v2/: dial tcp: lookup r: no such host", EVERYBODY, "registry_unreachable"),
        ("Get https://r/v2/: x509: certificate signed by unknown authority", ENTRY, "registry_unreachable"),
        ("received unexpected HTTP status: 503 Service Unavailable", ENTRY, "registry_unreachable"),
        ("write /var/lib/docker: no space left on device", ENTRY, "image_unavailable"),
    ],
)
def test_what_a_registry_says_becomes_what_to_do(said: str, access: Access, code: str) -> None:
    error = _Failed(said).explained(Reference.parse("me/x:9"), access)
    assert error.code == code
    assert "docker.io" in error.message
    assert ("docker.io/me/*" in error.message) == (access is ENTRY or code == "no_registry_entry")
    assert "pw-1234" not in error.message


@pytest.mark.parametrize(
    ("size", "words"),
    [(512 * 2**20, "512 MB"), (2 * 2**30, "2 GB"), (500_000_000, "500 MB"), (1_500_000_001, "1500 MB")],
)
def test_sizes(size: int, words: str) -> None:
    assert in_words(size) == words


def test_the_engine_is_looked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DOCKER_HOST")
    monkeypatch.setattr(daemon, "_usual_sockets", lambda: [tmp_path / "none.sock", tmp_path / "podman.sock"])
    with pytest.raises(NoContainerEngine, match="Install Docker, or Podman"):
        daemon.find_host()
    assert daemon.describe() is None
    (tmp_path / "podman.sock").touch()
    assert daemon.find_host() == f"unix://{tmp_path}/podman.sock"
    # one that does not answer
    assert daemon.describe() is None


class Nothing(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(404)

    def address_string(self) -> str:
        return "somebody"

    def log_message(self, *_: object) -> None:
        pass


def test_a_socket_of_something_else_is_no_engine(monkeypatch: pytest.MonkeyPatch, short_folder: Path) -> None:
    path = short_folder / "other.sock"
    with socketserver.ThreadingUnixStreamServer(str(path), Nothing) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        assert daemon.describe() is None
        server.shutdown()
        thread.join(5)


@pytest.mark.parametrize("spec", ["[]", '"argv"', '{"argv": "python"}', '{"argv": []}', "{", "\xff"])
def test_a_kernelspec_in_an_image_that_makes_no_sense_is_none(spec: str) -> None:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as files:
        for name, content in (("odd", spec.encode("latin-1")), ("ir", b'{"argv": ["R"]}')):
            member = tarfile.TarInfo(f"kernels/{name}/kernel.json")
            member.size = len(content)
            files.addfile(member, io.BytesIO(content))
    assert _read(archive.getvalue()) == {"ir": {"argv": ["R"]}}


def test_the_environment_reaches_a_shell_as_it_is(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path, OURS, mount=False)
    odd = 'it\'s "$HOME" `id`\n\\ and\tmore €'
    assert folder.write_start({"ODD": odd, "a-b": "x", "UID": "7", "HOME": "/h"}, "true") == ["a-b", "UID"]
    # the variables alone: how a container starts is for containers
    script = f'. {folder.shared}/environment; printf %s "$ODD"'
    assert subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout == odd
    assert (folder.path.stat().st_mode & 0o777, folder.shared.stat().st_mode & 0o777) == (0o700, 0o700)
    folder.close()
    assert list(tmp_path.iterdir()) == []


def test_links_to_the_places_inside_lead_to_those_outside(tmp_path: Path) -> None:
    folders = Folders(tmp_path / "job")
    for folder in (folders.repository, folders.inputs, folders.outputs, folders.config):
        folder.mkdir(parents=True)
    (folders.outputs / "model").write_text("42")
    links = {"latest": "/valohai/outputs/model", "up": "/valohai/../etc/passwd", "out": "/etc/passwd", "near": "model"}
    for name, target in links.items():
        (folders.outputs / name).symlink_to(target)
    inside = Inside(folders, OURS)
    inside.give()
    inside.take_back()
    assert (folders.outputs / "latest").read_text() == "42"
    for name in ("up", "out", "near"):
        assert os.readlink(folders.outputs / name) == links[name]
    assert inside.path(folders.repository / "a" / "b.ipynb") == "/valohai/repository/a/b.ipynb"
