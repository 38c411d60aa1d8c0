"""The provisioner under jupyter_client's own manager, as a kernelspec may name it."""

from __future__ import annotations

from pathlib import Path

import psutil
from jupyter_client.manager import KernelManager

from valo_jupyter.runtime.provisioner import ProcessProvisioner


def test_jupyter_client_starts_restarts_and_ends_a_kernel(tmp_path: Path, environment: dict[str, str]) -> None:
    manager = KernelManager(kernel_name="python3")
    manager.provisioner = ProcessProvisioner(parent=manager, kernel_id="1", kernel_spec=manager.kernel_spec)
    manager.start_kernel(env=environment, cwd=str(tmp_path))
    pids, folders = [manager.provisioner.pid], [manager.provisioner.folder]
    try:
        assert evaluate(manager, "__import__('os').getcwd()") == repr(str(tmp_path))
        assert manager.is_alive()
        manager.restart_kernel(now=True)
        pids.append(manager.provisioner.pid)
        folders.append(manager.provisioner.folder)
        assert evaluate(manager, "1 + 1") == "2"
    finally:
        manager.shutdown_kernel(now=True)
    assert len(set(pids)) == 2
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert not any(folder.exists() for folder in folders)


def evaluate(manager: KernelManager, expression: str) -> str:
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=30)
        reply = client.execute("", user_expressions={"value": expression}, reply=True, timeout=30)
        return reply["content"]["user_expressions"]["value"]["data"]["text/plain"]
    finally:
        client.stop_channels()
