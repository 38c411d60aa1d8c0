"""The private Docker engine and the images that other tests build on."""

from __future__ import annotations

import http.server
import threading

import docker.errors
import pytest

from tests.parts import images
from tests.parts.docker import Engine

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
