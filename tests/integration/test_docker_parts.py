"""The private Docker engine and the images that other tests build on."""

from __future__ import annotations

import http.server
import threading

import docker.errors
import pytest

from tests.parts import images
from tests.parts.docker import Engine
from valo_jupyter.domain.images import InvalidImage, Reference

pytestmark = pytest.mark.slow


def run(dockerd: Engine, image: str, *words: str, **options: object) -> str:
    return dockerd.client.containers.run(image, list(words), remove=True, stderr=True, **options).decode()  # type: ignore[arg-type]


def test_images_hold_what_their_names_say(dockerd: Engine) -> None:
    assert run(dockerd, images.TINY, "sh", "-c", "echo $((6 * 7))") == "42\n"
    with pytest.raises(docker.errors.APIError):
        run(dockerd, images.TINY, "python")
    assert "No module named pip" not in run(dockerd, images.PYTHON, "python", "-m", "pip", "--version")
    with pytest.raises(docker.errors.ContainerError, match="ModuleNotFoundError: No module named"):
        run(dockerd, images.PYTHON, "python", "-c", "import ipykernel")
    assert run(dockerd, images.NOTEBOOK, "python", "-c", "import ipykernel.kernelapp; print('ok')") == "ok\n"


def test_names_are_read_as_the_engine_reads_them(dockerd: Engine) -> None:
    def engine_reads(name: str) -> str | None:
        """The name in full, as the engine keeps it; None: it refuses it."""
        before = set(dockerd.client.images.get(images.TINY).tags)
        try:
            # the tag is a part of the name here, so nothing but the engine takes it apart
            dockerd.client.api.tag(images.TINY, name)
        except docker.errors.APIError:
            return None
        (kept,) = set(dockerd.client.images.get(images.TINY).tags) - before
        dockerd.client.images.remove(kept)
        first, slash, _ = kept.partition("/")
        if not slash:
            return f"docker.io/library/{kept}"
        return kept if "." in first or ":" in first or first == "localhost" else f"docker.io/{kept}"

    for name in (
        "alpine", "alpine:3.18", "library/alpine:x", "docker.io/alpine", "index.docker.io/me/x", "me/x", "a/b/c:t",
        "r.azurecr.io/a/b:1", "localhost/x", "localhost:5000", "localhost:5000/x", "docker.io:443/x",
        "foo__bar/b--c/d.e_f-g", "abcdef123456", "Host.example/x", "a:" + "t" * 128,
    ):  # fmt: skip
        assert engine_reads(name) == str(Reference.parse(name)), name
    for name in (
        "x//y", "-x", "x-", "a___b", "a..b", "a:b:c", "a:-x", "a b", "a:" + "t" * 129, "Alpine", "me/Alpine", "0" * 64,
        "x" * 256, "https://gcr.io/x", "-host.io/x", "host..io/x", "host.io:port/x", "ä/x", "x:latest/y",
    ):  # fmt: skip
        assert engine_reads(name) is None, name
        with pytest.raises(InvalidImage):
            Reference.parse(name)


def test_a_bridged_container_reaches_this_computer_and_one_without_network_nothing(dockerd: Engine) -> None:
    assert dockerd.gateway
    server = http.server.ThreadingHTTPServer((dockerd.gateway, 0), http.server.SimpleHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://{dockerd.gateway}:{server.server_port}/"
    ask = f"import urllib.request; print(urllib.request.urlopen('{address}', timeout=10).status)"
    try:
        assert run(dockerd, images.PYTHON, "python", "-c", ask) == "200\n"
        with pytest.raises(docker.errors.ContainerError, match="unreachable"):
            run(dockerd, images.PYTHON, "python", "-c", ask, network_mode="none")
    finally:
        server.shutdown()
        server.server_close()
