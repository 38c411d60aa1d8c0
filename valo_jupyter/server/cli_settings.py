"""The settings of an environment on a command line: scale, quotas, what it is, its engine's options."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from valo_jupyter.domain.containers import RESOURCES
from valo_jupyter.domain.errors import Invalid
from valo_jupyter.domain.units import parse_bytes

_BYTES = ("memory", "shm")

#: tells the kinds of engines there are
Kinds = Callable[[], list[dict[str, Any]]]


def add_settings(parser: argparse.ArgumentParser) -> None:
    scale = parser.add_argument_group("scale and quotas")
    scale.add_argument("--min", dest="min_scale", type=int, metavar="N", help="machines kept running (0)")
    scale.add_argument("--max", dest="max_scale", type=int, metavar="N", help="machines at once (5)")
    scale.add_argument(
        "--grace",
        dest="scale_down_grace_minutes",
        type=float,
        metavar="MINUTES",
        help="how long a machine stays after its last execution (15)",
    )
    scale.add_argument("--per-user-quota", type=int, metavar="N", help="machines one user may use at once; 0: no limit")
    scale.add_argument(
        "--team-quota",
        action="append",
        type=_number_for,
        metavar="TEAM=N",
        help="the same for a team; 0: it may not use this environment",
    )
    scale.add_argument("--requeue", type=int, metavar="N", help="restarts after a lost machine (1)")
    about = parser.add_argument_group("what it is")
    about.add_argument("--slug", help="short name in commands and valohai.yaml; made from the name")
    about.add_argument("--description")
    about.add_argument("--hardware", help="what its machines are, for people")
    about.add_argument("--price", dest="per_hour_price_usd", type=_price, metavar="USD", help="an hour of a machine")
    about.add_argument("--image", help="image of executions that name none; '' for none")
    for name, what in (("enabled", "takes executions"), ("default", "takes those that name no environment")):
        about.add_argument(f"--{name}", action=argparse.BooleanOptionalAction, default=None, help=what)
    about.add_argument("--personal", dest="allow_personal_usage", action=argparse.BooleanOptionalAction, default=None)
    engine = parser.add_argument_group("its engine")
    engine.add_argument(
        "-o", "--option", action="append", default=[], metavar="NAME=VALUE", help="repeat; all but text is JSON"
    )
    engine.add_argument(
        "--option-file", action="append", default=[], metavar="NAME=PATH", help="the content of a file, such as a key"
    )
    engine.add_argument("--options-json", metavar="PATH", help="all options as a JSON object; - for standard input")
    engine.add_argument(
        "--container",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="mode, profile, network, cpu, memory, pids, shm, gpus; memory=2G",
    )


_PLAIN = (
    "min_scale", "max_scale", "scale_down_grace_minutes", "per_user_quota", "requeue", "slug", "description",
    "hardware", "enabled", "default", "allow_personal_usage",
)  # fmt: skip


def settings_of(given: argparse.Namespace, now: Mapping[str, Any] | None, kinds: Kinds) -> dict[str, Any]:
    """What the command line asks to be changed; options and containers build on what there is `now`."""
    settings = {name: value for name in _PLAIN if (value := getattr(given, name)) is not None}
    if given.per_hour_price_usd is not None:
        settings["per_hour_price_usd"] = None if given.per_hour_price_usd < 0 else given.per_hour_price_usd
    if given.image is not None:
        settings["image"] = given.image or None
    if given.team_quota:
        settings["team_quotas"] = {**(now["team_quotas"] if now else {}), **dict(given.team_quota)}
    if given.container:
        before = {name: value for name, value in now["containers"].items() if value is not None} if now else {}
        settings["containers"] = {**before, **_containers(given.container)}
    if given.option or given.option_file or given.options_json:
        settings["options"] = _options(given, now, kinds)
    return settings


def _options(given: argparse.Namespace, now: Mapping[str, Any] | None, kinds: Kinds) -> dict[str, Any]:
    kind = given.engine or (now["engine"] if now else "")
    known = {option["name"]: option for each in kinds() if each["kind"] == kind for option in each["options"]}
    if given.options_json:
        text = sys.stdin.read() if given.options_json == "-" else _content(given.options_json)
        try:
            options = json.loads(text)
        except ValueError as error:
            raise Invalid(f"{given.options_json} holds no JSON: {error}.") from error
        if not isinstance(options, dict):
            raise Invalid(f"{given.options_json} holds no JSON object.")
    else:
        # secret ones are not shown, and stay when they are not named
        shown = now["options"] if now and given.engine in (None, now["engine"]) else {}
        options = {name: value for name, value in shown.items() if value != {"set": True}}
    for word in given.option:
        name, value = _pair(word)
        option = known.get(name, {})
        if option.get("secret"):
            raise Invalid(
                f"{name} is a secret, and what is on the command line can be seen by others of this computer: put it "
                f"into a file and give --option-file {name}=PATH."
            )
        options[name] = value
        # a text is taken as it is, unless it is quoted as JSON's are
        if option.get("type") not in ("string", "text") or value.startswith('"'):
            with suppress(ValueError):
                options[name] = json.loads(value)
    for word in given.option_file:
        name, path = _pair(word)
        options[name] = _content(path)
    return options


def _containers(words: list[str]) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for word in words:
        name, value = _pair(word)
        if name in _BYTES:
            settings[f"{name}_bytes"] = parse_bytes(value) if value else None
        elif name in RESOURCES:
            try:
                settings[name] = float(value) if name == "cpu" else int(value) if value else None
            except ValueError:
                raise Invalid(f"--container {name} is a number, not {value!r}.") from None
        else:
            settings[name] = value
    return settings


def _pair(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not name or not equals:
        raise Invalid(f"{word!r} needs a name and a value: NAME=VALUE.")
    return name, value


def _number_for(word: str) -> tuple[str, int]:
    name, _, value = word.partition("=")
    if not name or not value.isdecimal():
        raise argparse.ArgumentTypeError(f"“{word}” needs a team and a number: TEAM=2")
    return name, int(value)


def _price(text: str) -> float:
    """Negative for none."""
    if text in ("", "none"):
        return -1.0
    try:
        price = float(text)
    except ValueError:
        price = -1.0
    if not 0 <= price < float("inf"):
        raise argparse.ArgumentTypeError(f"“{text}” is no price; give US dollars an hour, or none")
    return price


def _content(path: str) -> str:
    try:
        return Path(path).expanduser().read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{path} cannot be read: {error}.") from error
