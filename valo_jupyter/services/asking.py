"""What an execution asks of its environment: image, resources, and how often to try; from Valohai's words to ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from valo_jupyter.db import Connection
from valo_jupyter.db.tables import users
from valo_jupyter.domain import quotas
from valo_jupyter.domain.containers import ContainerSettings, checked_resources
from valo_jupyter.domain.errors import Invalid, NotAllowed
from valo_jupyter.domain.images import Reference
from valo_jupyter.domain.registries import stands_for_organization
from valo_jupyter.services.line import teams_of

#: stands for no image: a process, also where the environment has an image for those that name none
NO_IMAGE = "none"
_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Asked:
    image: str | None
    resources: dict[str, Any]
    requeue: int


def asked(
    environment: Any,
    *,
    image: str | None,
    resources: Mapping[str, Any],
    requeue: int | None,
    restart: bool | None,
) -> Asked:
    """What holds for an execution in the environment (a row).

    Parameters
    ----------
    restart
        Valohai's `autorestart`: true is once at least, false never; only without `requeue`.

    Raises
    ------
    Invalid
        It asks for more than the environment gives, or its image has a name that no registry could have.
    """
    wanted = {name: value for name, value in checked_resources(resources).items() if value is not None}
    settings = settings_of(environment.containers)
    settings.asking(wanted)
    if requeue is None:
        usual: int = environment.requeue
        requeue = usual if restart is None else max(1, usual) if restart else 0
    chosen = image or environment.image
    if chosen is not None and chosen.lower() == NO_IMAGE:
        chosen = None
    if chosen is not None and settings.mode != "never":
        Reference.parse(chosen)  # one that could never be pulled is refused now
    return Asked(chosen, wanted, requeue)


def container(containers: Mapping[str, Any], image: str | None, resources: Mapping[str, Any]) -> dict[str, Any] | None:
    """The assignment's `container`; None: a process."""
    if image is None:
        return None
    settings = settings_of(containers)
    try:
        settings = settings.asking(resources)
    except Invalid:
        # the environment gives less than it did when this was submitted: what it gives now holds
        pass
    return {"image": image, **settings.to_json()}


def settings_of(containers: Mapping[str, Any]) -> ContainerSettings:
    return ContainerSettings.from_json(containers or {})


def check_may_use(connection: Connection, environment: Any, user: int) -> None:
    """Raise `NotAllowed` if the environment is not for personal projects, or the quotas of teams keep the user out."""
    personal = None
    if not environment.allow_personal_usage:
        # on a personal server the one account stands for its organization
        accounts = connection.execute(sa.select(sa.func.count()).select_from(users)).scalar_one()
        personal = quotas.personal_refused(environment.name, False, stands_for_organization(accounts))
    refusal = personal or quotas.refused(environment.name, teams_of(user), environment.team_quotas)
    if refusal:
        raise NotAllowed(refusal)


def of_step(resources: Any) -> dict[str, Any]:
    """`resources` of a step of valohai.yaml: `min` and `max` are requests and limits, memory in MB."""
    return _resources(
        cpu=resources.cpu.max or resources.cpu.min,
        memory=resources.memory.max or resources.memory.min,
        devices=resources.devices.devices,
    )


def of_runtime_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """The same in the `runtime_config` of Valohai's API, as `vh` sends it."""
    found: Any = config
    for name in ("kubernetes", "containers", "workload", "resources"):
        found = found.get(name) if isinstance(found, dict) else None
    if not isinstance(found, dict):
        return {}
    limits, requests = (found.get(name) or {} for name in ("limits", "requests"))
    if not isinstance(limits, dict) or not isinstance(requests, dict):
        raise Invalid("`limits` and `requests` of `runtime_config` are objects.")
    return _resources(
        cpu=limits.get("cpu") or requests.get("cpu"),
        memory=limits.get("memory") or requests.get("memory"),
        devices=limits.get("devices"),
    )


def _resources(*, cpu: Any, memory: Any, devices: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if cpu:
        found["cpu"] = cpu
    if memory:
        try:
            found["memory_bytes"] = int(float(memory) * _MEBIBYTE)
        except (TypeError, ValueError, OverflowError):
            raise Invalid(f"The memory is a number of megabytes, not {memory!r}.") from None
    if isinstance(devices, dict):
        # nvidia.com/gpu, amd.com/gpu; of other devices a container knows nothing
        gpus = [value for name, value in devices.items() if name.rsplit("/", 1)[-1] == "gpu"]
        if gpus or not devices:
            try:
                found["gpus"] = sum(gpus)
            except TypeError:
                raise Invalid(f"The GPUs are a whole number, not {gpus[0]!r}.") from None
    return found
