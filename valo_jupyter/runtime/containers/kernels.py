"""The kernels of an execution that has an image."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_client.manager import KernelManager

from valo_jupyter.runtime.capture import Packages
from valo_jupyter.runtime.containers.box import Box
from valo_jupyter.runtime.containers.kernelspecs import find_in_image
from valo_jupyter.runtime.containers.provisioner import DockerProvisioner
from valo_jupyter.runtime.contract import StopSignal
from valo_jupyter.runtime.kernels import make_ready
from valo_jupyter.runtime.running import KernelDied, RunningKernel


class ContainerKernels:
    """Starts kernels in containers of `box`; none waits, since each needs the execution's own image and folders."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self.packages = Packages()

    def find(self, wanted: dict[str, Any] | None, notebook: Mapping[str, Any]) -> dict[str, Any]:
        """The kernel for a notebook (its JSON) in the image; of `wanted`, name and language count."""
        return find_in_image(self._box.engine, self._box.image.id, self._box.labels, wanted, notebook)

    def take(
        self,
        kernel: dict[str, Any],
        *,
        cwd: Path,
        environment: Mapping[str, str],
        stop: StopSignal | None = None,
        timeout: float = 120.0,
    ) -> RunningKernel:
        """A ready kernel; the caller closes it. Raises as `KernelPool.take`, and `ContainerFailed`."""
        made: list[DockerProvisioner] = []

        def provision(manager: KernelManager) -> DockerProvisioner:
            spec = manager.kernel_spec
            made.append(DockerProvisioner(box=self._box, parent=manager, kernel_id=str(uuid.uuid4()), kernel_spec=spec))
            return made[0]

        inside = Path(self._box.inside.path(cwd))
        started = RunningKernel(kernel, cwd=inside, environment=environment, provision=provision)
        try:
            make_ready(started, stop, timeout)
        except KernelDied:
            # its container is gone, its last words are not
            made[0].check_kernel()
            raise
        # they are the image's, and not to be looked for on this machine
        started.folders = []
        return started
