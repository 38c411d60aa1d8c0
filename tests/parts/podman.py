"""A private Podman, which speaks Docker's API at a socket of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.parts.docker import Engine, connect, end, remove, remove_containers

#: what its packages would have set up, for a computer without systemd and with a bound on open files
_CONFIG = """
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""


class Podman(Engine):
    def load(self, archive: Path) -> None:
        with archive.open("rb") as file:
            for _ in self.client.api.load_image(file):
                pass
        for image in self.client.images.list():
            for name in image.tags:
                # the home of names without a registry, which are docker.io's to everybody else
                repository, _, tag = name.removeprefix("localhost/").rpartition(":")
                image.tag(f"docker.io/{repository}", tag)


@contextlib.contextmanager
def podman_engine(insecure: str) -> Iterator[Podman]:
    """`podman system service` while the context lives, with the network `none` only.

    `insecure` is a registry that it asks in plain HTTP.
    """
    if None in [shutil.which(name) for name in ("podman", "runc", "docker-init", "mount", "setpriv")] or os.getuid():
        raise RuntimeError("Podman needs root, podman, docker.io and util-linux: .ci/system-packages.")
    folder = Path(tempfile.mkdtemp(prefix=f"vdk-{os.getpid()}-", dir="/tmp"))
    with contextlib.ExitStack() as stack:
        stack.callback(remove, folder)
        (folder / "data").mkdir()
        memory = ["mount", "-t", "tmpfs", "-o", "size=2g,mode=710", "valo-tests", folder / "data"]
        subprocess.run(memory, check=True, capture_output=True, timeout=10)
        (folder / "containers.conf").write_text(_CONFIG)
        storage = f'[storage]\ndriver = "overlay"\nrunroot = "{folder}/run"\ngraphroot = "{folder}/data"\n'
        (folder / "storage.conf").write_text(storage)
        (folder / "registries.conf").write_text(f'[[registry]]\nlocation = "{insecure}"\ninsecure = true\n')
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
            "CONTAINERS_CONF": str(folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
            "CONTAINERS_REGISTRIES_CONF": str(folder / "registries.conf"),
        }
        host = f"unix://{folder}/d.sock"
        command = ["setpriv", "--pdeathsig", "TERM", "podman", "system", "service", "--time", "0", host]
        with (folder / "podman.log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=folder)
        stack.callback(end, process)
        client = connect(host, process, folder / "podman.log")
        stack.callback(client.close)
        stack.callback(remove_containers, client)
        yield Podman(host, folder, None, process.pid, client)
