"""How an environment runs images: settings of its own, and what a step or an execution asks for beyond them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from valo_jupyter.domain.errors import Invalid

MODES = ("auto", "always", "never")
PROFILES = ("default", "strict")
NETWORKS = ("bridge", "none")


@dataclass(frozen=True)
class ContainerSettings:
    """
    Attributes
    ----------
    mode
        `always`: an image runs in a container, or the execution fails and says why; `auto`: so where the machine has a
        container engine, else as a process, with a warning; `never`: as a process, with a note.
    profile
        `default`: root inside may install packages; `strict`: read-only, no privileges, no user but its own.
    network
        `bridge` or `none`; `strict` has none in any case.
    cpu, memory_bytes, pids, shm_bytes, gpus
        Limits of one execution: cores, bytes, processes, bytes of /dev/shm, number of GPUs (-1: all); None: no limit
        (gpus: none).
    """

    mode: str = "always"
    profile: str = "default"
    network: str = "bridge"
    cpu: float | None = None
    memory_bytes: int | None = None
    pids: int | None = None
    shm_bytes: int | None = None
    gpus: int | None = None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> ContainerSettings:
        """Raises `Invalid` for what is no setting, or no value of it."""
        known = {field.name for field in fields(cls)}
        for name in value:
            if name not in known:
                raise Invalid(f"{name!r} is no setting of containers; they are {', '.join(sorted(known))}.")
        for name, choices in (("mode", MODES), ("profile", PROFILES), ("network", NETWORKS)):
            if name in value and value[name] not in choices:
                raise Invalid(f"The containers' {name} is one of {', '.join(choices)}, not {value[name]!r}.")
        return cls(**{**value, **checked_resources({n: value[n] for n in RESOURCES if n in value})})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def asking(self, resources: Mapping[str, Any]) -> ContainerSettings:
        """With what a step or an execution asks for; it may ask for less than the environment's limit, not for more."""
        wanted = {}
        for name, value in checked_resources(resources).items():
            limit = getattr(self, name)
            if name != "gpus" and limit is not None and value is not None and value > limit:
                raise Invalid(f"{name} {value} is more than the environment gives an execution, which is {limit}.")
            if value is not None:
                wanted[name] = value
        return replace(self, **wanted)


RESOURCES = ("cpu", "memory_bytes", "pids", "shm_bytes", "gpus")


def checked_resources(value: Mapping[str, Any]) -> dict[str, Any]:
    """`value` with numbers above 0 (`gpus`: or -1, or 0 for none) or None; raises `Invalid`."""
    checked: dict[str, Any] = {}
    for name, given in value.items():
        if name not in RESOURCES:
            raise Invalid(f"{name!r} is no resource; they are {', '.join(RESOURCES)}.")
        if given is not None:
            number = isinstance(given, (int, float)) and not isinstance(given, bool)
            # of NaN and infinity, which JSON may have, there is no int
            whole = name == "cpu" or (number and (isinstance(given, int) or given.is_integer()))
            least = -1 if name == "gpus" else 0.01 if name == "cpu" else 1
            if not number or not whole or not least <= given < 2**62:
                raise Invalid(
                    f"{name} must be a {'number' if name == 'cpu' else 'whole number'} above 0, not {given!r}."
                )
        checked[name] = given if given is None or name == "cpu" else int(given)
    return checked
