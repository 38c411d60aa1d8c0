"""What can go wrong between a machine and its container engine."""

from __future__ import annotations

from valo_jupyter.domain.errors import ValoError


class ContainerFailed(ValoError):
    """The container could not be run."""

    code = "container_failed"


class NoContainerEngine(ContainerFailed):
    """There is no container engine on this machine; install Docker or Podman there."""

    code = "no_container_engine"


class ImageWithoutKernel(ContainerFailed):
    """The image has no kernel for notebooks."""

    code = "image_without_kernel"


class ImageWithoutShell(ContainerFailed):
    """The image has no shell (sh)."""

    code = "image_without_shell"
