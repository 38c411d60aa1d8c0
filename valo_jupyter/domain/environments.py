"""The settings of an environment: what each may be, and one error that names everything that is wrong."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from valo_jupyter.domain import storable
from valo_jupyter.domain.containers import ContainerSettings
from valo_jupyter.domain.errors import Invalid
from valo_jupyter.domain.images import Reference

MAX_MACHINES = 10_000
MAX_REQUEUE = 10

#: shown with the settings, and ignored when they come back
SHOWN_ONLY = frozenset(
    {"id", "problem", "gpu_spec", "per_user_queue_quota", "unfinished_job_count", "queue", "machines", "cost"}
    | {"ctime", "mtime"}
)


class InvalidEnvironment(Invalid):
    """The environment's settings are not understood. `details` has a sentence for each that is wrong."""

    code = "invalid_environment"

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(dict.fromkeys(problems.values())), **problems)


def check_settings(given: Mapping[str, Any], current: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """`(settings, problems)`: those that are understood, and a sentence for each other one.

    `engine` and `options` are not looked at here. `current`: the settings that hold where nothing is given.
    """
    settings: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for name, value in given.items():
        if name in SHOWN_ONLY or name in ("engine", "options"):
            continue
        check = _CHECKS.get(name)
        if check is None:
            problems[name] = f"{name!r} is no setting of an environment."
            continue
        try:
            settings[name] = check(value)
        except Invalid as error:
            problems.update({f"{name}.{key}": text for key, text in error.details.items()} or {name: error.message})
    low = settings.get("min_scale", current.get("min_scale", 0))
    high = settings.get("max_scale", current.get("max_scale", 5))
    if low > high and not {"min_scale", "max_scale"} & problems.keys():
        field = "min_scale" if "min_scale" in settings else "max_scale"
        problems[field] = f"The minimum scale ({low}) must be between 0 and the maximum scale ({high})."
    return settings, problems


def slug_of(name: str) -> str:
    """`Büro GPU (2)` → `buro-gpu-2`; "environment" for a name without a letter or digit of ASCII."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:100].strip("-") or "environment"


def _text(title: str, *, longest: int, least: int = 0, lines: bool = False) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        known = isinstance(value, str) and storable.text(value) == value and (lines or not set("\r\n") & set(value))
        if not known or not least <= len(value.strip()) <= longest:
            size = f"of {least} to {longest} characters" if least else f"of at most {longest} characters"
            raise Invalid(f"The {title} is a text {size}{'' if lines else ', in one line'}.")
        return value.strip()

    return check


def _slug(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?", value):
        raise Invalid("The slug is made of a-z, 0-9 and hyphens between them, at most 100 in all.")
    return value


def _flag(title: str) -> Callable[[Any], bool]:
    def check(value: Any) -> bool:
        if not isinstance(value, bool):
            raise Invalid(f"{title} is true or false, not {value!r}.")
        return value

    return check


def _whole(title: str, most: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
            raise Invalid(f"{title} is a whole number from 0 to {most}, not {value!r}.")
        return value

    return check


def _number(title: str, most: float) -> Callable[[Any], float]:
    def check(value: Any) -> float:
        known = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not known or not math.isfinite(value) or not 0 <= value <= most:
            raise Invalid(f"{title} is a number from 0 to {most:g}, not {value!r}.")
        return float(value)

    return check


def _or_none(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None or value == "" else check(value)


def _teams(value: Any) -> dict[str, int]:
    if not isinstance(value, dict):
        raise Invalid('The quotas of teams are an object such as {"vision": 2}.')
    found: dict[str, int] = {}
    problems: dict[str, str] = {}
    for team, quota in value.items():
        try:
            found[team] = _whole(f"The quota of the team {team!r}", MAX_MACHINES)(quota)
        except Invalid as error:
            problems[team] = error.message
    if problems:
        raise Invalid(**problems)
    return found


def _image(value: Any) -> str:
    if not isinstance(value, str):
        raise Invalid("The image is a reference such as registry.example.com/team/image:tag.")
    Reference.parse(value)
    return value.strip()


def _containers(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Invalid('The settings of containers are an object such as {"memory_bytes": 2000000000}.')
    problems: dict[str, str] = {}
    for name, given in value.items():
        try:
            ContainerSettings.from_json({name: given})
        except Invalid as error:
            problems[name] = error.message
    if problems:
        raise Invalid(**problems)
    return {name: given for name, given in ContainerSettings.from_json(value).to_json().items() if name in value}


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "name": _text("name", least=1, longest=255),
    "slug": _slug,
    "description": _text("description", longest=10_000, lines=True),
    "hardware": _text("hardware", longest=1000, lines=True),
    "enabled": _flag("`enabled`"),
    "default": _flag("`default`"),
    "allow_personal_usage": _flag("`allow_personal_usage`"),
    "min_scale": _whole("The minimum scale", MAX_MACHINES),
    "max_scale": _whole("The maximum scale", MAX_MACHINES),
    "scale_down_grace_minutes": _number("The scale-down grace period in minutes", 5_000_000),
    "per_user_quota": _whole("The quota of a user", MAX_MACHINES),
    "team_quotas": _teams,
    "per_hour_price_usd": _or_none(_number("The price per hour in US dollars", 1_000_000)),
    "image": _or_none(_image),
    "containers": _containers,
    "requeue": _whole("How often an execution is started again", MAX_REQUEUE),
}
