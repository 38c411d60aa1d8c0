"""A private Docker engine with a network of its own."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import docker

_numbers = itertools.count()


@dataclass
class Engine:
    """
    Attributes
    ----------
    host
        For `DOCKER_HOST`: `unix://…`.
    gateway
        This computer's address as containers with the network `bridge` see it. What listens there, they reach (a
        package index, say); there is no forwarding, so they reach nothing beyond it, and the firewall is not touched.
        `127.0.0.1` of this computer they never reach. None: there are the networks `none` and `host` only.
    pid
        Of `dockerd`.
    """

    host: str
    folder: Path
    gateway: str | None
    pid: int
    client: docker.DockerClient

    @property
    def log(self) -> str:
        return (self.folder / "dockerd.log").read_text(errors="replace")

    def load(self, archive: Path) -> None:
        """Images into the engine, from a file that `images.archive` wrote."""
        with archive.open("rb") as file:
            self.client.images.load(file)


@contextlib.contextmanager
def docker_engine(
    *, bridge: bool = True, wrapper: Sequence[str] = (), environment: dict[str, str] | None = None
) -> Iterator[Engine]:
    """A `dockerd` that lives while the context does; its containers end with it.

    Parameters
    ----------
    wrapper
        Words before `dockerd`, such as `unshare -m …`; they must exec it.
    """
    programs = [shutil.which(name) for name in ("dockerd", "containerd", "runc", "ip", "mount", "setpriv")]
    if None in programs or os.getuid() != 0:
        raise RuntimeError("The Docker engine needs root, docker.io, iproute2 and util-linux: .ci/system-packages.")
    _remove_those_of_the_killed()
    # short: sockets below it have a bound of 107 bytes
    folder = Path(tempfile.mkdtemp(prefix=f"vdk-{os.getpid()}-", dir="/tmp"))
    with contextlib.ExitStack() as stack:
        stack.callback(remove, folder)
        # in memory: many small files, which are soon gone again
        (folder / "data").mkdir()
        memory = ["mount", "-t", "tmpfs", "-o", "size=4g,mode=710", "valo-tests", folder / "data"]
        subprocess.run(memory, check=True, capture_output=True, timeout=10)
        network = ["--bridge=none"]
        gateway = None
        if bridge:
            name, gateway = stack.enter_context(_bridge())
            network = ["--bridge", name]
        command = [
            # should the tests be killed, it ends and takes its containers along
            "setpriv", "--pdeathsig", "TERM", *wrapper,
            "dockerd", "--host", f"unix://{folder}/d.sock", "--data-root", folder / "data",
            "--exec-root", folder / "exec", "--pidfile", folder / "pid", "--shutdown-timeout", "3", *network,
            "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false",
        ]  # fmt: skip
        clean = {"PATH": os.environ["PATH"], "HOME": str(folder), **(environment or {})}
        with (folder / "dockerd.log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env=clean, cwd=folder)
        stack.callback(end, process)
        client = connect(f"unix://{folder}/d.sock", process, folder / "dockerd.log")
        stack.callback(client.close)
        stack.callback(remove_containers, client)
        yield Engine(f"unix://{folder}/d.sock", folder, gateway, process.pid, client)


def connect(host: str, process: subprocess.Popen[bytes], log: Path) -> docker.DockerClient:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(docker.errors.DockerException):
            return docker.DockerClient(base_url=host, timeout=60)
        time.sleep(0.05)
    raise RuntimeError(f"the container engine did not start: {log.read_text(errors='replace')[-3000:]}")


def remove_containers(client: docker.DockerClient) -> None:
    for container in client.containers.list(all=True, ignore_removed=True):
        with contextlib.suppress(docker.errors.APIError):
            container.remove(force=True)


def end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)


@contextlib.contextmanager
def _bridge() -> Iterator[tuple[str, str]]:
    """`(name, address)` of a bridge of this process; those of processes that were killed are removed."""
    for link in Path("/sys/class/net").glob("vbr*"):
        with contextlib.suppress(ValueError):
            if not Path("/proc", link.name[3:].partition("n")[0]).exists():
                subprocess.run(["ip", "link", "del", link.name], capture_output=True, timeout=10)
    number = next(_numbers)
    name = f"vbr{os.getpid()}n{number}"
    # one network for each process and engine, among those that nobody uses by default
    subnet = (os.getpid() * 4 + number % 4) % (40 * 256)
    address = f"10.{210 + subnet // 256}.{subnet % 256}.1"
    # given, or it would change with the containers that come and go, and what they send meanwhile be lost
    hardware = f"02:42:0a:{210 + subnet // 256:02x}:{subnet % 256:02x}:01"
    for words in (["add", name, "address", hardware, "type", "bridge"], ["set", name, "up"]):
        subprocess.run(["ip", "link", *words], check=True, capture_output=True, timeout=10)
    try:
        subprocess.run(["ip", "addr", "add", f"{address}/24", "dev", name], check=True, capture_output=True, timeout=10)
        yield name, address
    finally:
        subprocess.run(["ip", "link", "del", name], capture_output=True, timeout=10)


def _remove_those_of_the_killed() -> None:
    for left in Path("/tmp").glob("vdk-*-*"):
        owner = left.name.split("-")[1]
        if owner.isdigit() and not Path("/proc", owner).exists():
            remove(left)


def remove(folder: Path) -> None:
    """The folder, and what the engine may have left mounted in it."""
    mounted = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for point in sorted((path for path in mounted if path.startswith(f"{folder}/")), reverse=True):
        subprocess.run(["umount", "-l", point], capture_output=True, timeout=10)
    shutil.rmtree(folder, ignore_errors=True)
