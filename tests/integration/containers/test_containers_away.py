"""A container engine whose connections end, now and then, while its containers live: one that is updated, say."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.parts import images
from tests.parts.docker import Engine
from tests.parts.local import until
from valo_jupyter.runtime.containers import container
from valo_jupyter.runtime.containers.container import Container
from valo_jupyter.runtime.containers.engine import ContainerEngine


class Between:
    """A socket that leads to the engine's, whose connections can be cut."""

    def __init__(self, path: Path, engine: Engine) -> None:
        self.host = f"unix://{path}"
        self.taken = 0
        self._engine = engine.host.removeprefix("unix://")
        self._open: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        threading.Thread(target=self._take, daemon=True).start()

    def cut(self) -> None:
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._open = []

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _take(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(self._engine)
                self._open += [near, far]
                self.taken += 1
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._hand_on, args=(source, sink), daemon=True).start()

    @staticmethod
    def _hand_on(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def between(dockerd: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Between]:
    made = Between(dockerd.folder / "between.sock", dockerd)
    yield made
    made.close()
    (dockerd.folder / "between.sock").unlink()


def test_an_engine_that_comes_back_each_time_is_not_given_up(
    between: Between, monkeypatch: pytest.MonkeyPatch, dockerd: Engine
) -> None:
    monkeypatch.setattr(container, "_ENGINE_AWAY", 0.6)
    monkeypatch.setattr(container, "_HEARD", 0.5)
    engine = ContainerEngine.connect(between.host)
    config = {
        "Image": images.TINY,
        "Entrypoint": ["sh", "-c", "while [ ! -e /go ]; do sleep 0.1; done; exit 7"],
        "HostConfig": {"NetworkMode": "none"},
    }
    made = Container(engine, config, memory_bytes=None)
    try:
        for _ in range(2):
            taken = between.taken
            between.cut()
            until(lambda taken=taken: between.taken > taken, 10)
            # it hears nothing for longer than an engine may be away, and all is well
            time.sleep(1.0)
        assert made.poll() is None
        dockerd.client.containers.get(made.id).exec_run(["touch", "/go"])
        assert made.wait(20)
        assert made.poll() == 7
    finally:
        made.remove()
        engine.close()
