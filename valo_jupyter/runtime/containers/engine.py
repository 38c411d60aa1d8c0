"""A connection to this machine's container engine, through the Docker SDK, and what its containers are made with."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import docker
import requests
from docker.errors import DockerException

from valo_jupyter.runtime.containers.daemon import find_host, is_rootless
from valo_jupyter.runtime.containers.errors import NoContainerEngine

#: somebody's who is nobody on this machine, for strict containers that root drives
_NOBODY = (65534, 65534)
#: what a container prints arrives in pipes of our own; the engine keeps nothing of it
_LOGS = {"Type": "none", "Config": {}}


class ContainerEngine:
    """For one job, any thread of it."""

    def __init__(self, host: str, client: docker.APIClient) -> None:
        self.host = host
        self.client = client

    @classmethod
    def connect(cls, host: str | None = None) -> ContainerEngine:
        """Raises `NoContainerEngine`, with what to do."""
        host = host or find_host()
        try:
            return cls(host, docker.APIClient(base_url=host, version="auto", timeout=60))
        except (DockerException, requests.RequestException, OSError) as error:
            raise NoContainerEngine(
                f"The container engine at {host} does not answer: {error}. Start it (systemctl start docker)."
            ) from error

    @cached_property
    def info(self) -> dict[str, Any]:
        return self.client.info()

    def user(self, profile: str) -> tuple[str, tuple[int, int]]:
        """The user of the container's programs: as they see it, and as this machine sees it."""
        ours = (os.geteuid(), os.getegid())
        if is_rootless(self.info):
            # root inside is us
            return "0:0", ours
        outside = _NOBODY if profile == "strict" and ours[0] == 0 else ours
        return f"{outside[0]}:{outside[1]}", outside

    def host_config(self, settings: Mapping[str, Any], mounts: list[dict[str, Any]]) -> dict[str, Any]:
        """`HostConfig` of the engine's API for the `container` of an assignment."""
        strict = settings["profile"] == "strict"
        memory = settings["memory_bytes"]
        config: dict[str, Any] = {
            "Init": True,
            "Mounts": mounts,
            "NetworkMode": "none" if strict or settings["network"] == "none" else "bridge",
            "SecurityOpt": ["no-new-privileges"],
            "CapDrop": ["ALL"] if strict else ["MKNOD", "NET_RAW"],
            "ReadonlyRootfs": strict,
            "NanoCpus": int(settings["cpu"] * 1e9) if settings["cpu"] else None,
            "Memory": memory,
            # as much: no swap beyond it
            "MemorySwap": memory,
            "PidsLimit": settings["pids"],
            "ShmSize": settings["shm_bytes"],
            "LogConfig": _LOGS,
            "RestartPolicy": {"Name": "no"},
        }
        if settings["gpus"]:
            config["DeviceRequests"] = [{"Driver": "", "Count": settings["gpus"], "Capabilities": [["gpu"]]}]
        if any("name=userns" in option for option in self.info.get("SecurityOptions") or ()):
            # else the files it writes would be nobody's
            config["UsernsMode"] = "host"
        return {name: value for name, value in config.items() if value is not None}

    def unable(self, settings: Mapping[str, Any]) -> list[str]:
        """Limits that are asked for and that this engine does not keep."""
        switches = {"cpu": "CpuCfsQuota", "memory_bytes": "MemoryLimit", "pids": "PidsLimit"}
        return [name for name, switch in switches.items() if settings[name] and self.info.get(switch) is False]

    def close(self) -> None:
        self.client.close()
