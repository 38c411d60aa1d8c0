"""Environments, machines and lines in words, the same in a terminal and in a cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

from valo_jupyter.client import human

#: never by colour alone
SQUARES = {"busy": "■", "idle": "□", "starting": "◇", "draining": "▫"}
#: more machines than this are counted, not drawn
DRAWN = 12

#: how an option looks that is not set
_NOTHING = ("", None, [], {}, {"set": False})

ENVIRONMENTS = ["environment", "engine", "machines", "of", "waiting", "price", "cost today", ""]
MACHINES = ["machine", "", "state", "since", "runs", "hardware"]
QUEUE = ["", "execution", "by", "why it waits"]


def environment_row(data: Mapping[str, Any]) -> list[str]:
    queue = data["queue"]
    waiting = queue["created"] + queue["queued"]
    price = data["per_hour_price_usd"]
    return [
        human.plain(data["slug"], 32) + (" *" if data["default"] else ""),
        data["engine"],
        squares(data["machines"]),
        scale_words(data),
        str(waiting) if waiting else "",
        f"${price:g}/h" if price is not None else "",
        f"${data['cost']['day']:.2f}" if data["cost"]["day"] else "",
        remark(data),
    ]


def squares(machines: Mapping[str, int]) -> str:
    """`■■□◇`: busy, idle and starting machines; counted when there are many."""
    if sum(machines.values()) <= DRAWN:
        return "".join(mark * machines.get(state, 0) for state, mark in SQUARES.items())
    return " ".join(f"{machines[state]}{mark}" for state, mark in SQUARES.items() if machines.get(state))


def scale_words(data: Mapping[str, Any]) -> str:
    low, high = data["min_scale"], data["max_scale"]
    return f"{low}–{high}" if low else str(high)


def remark(data: Mapping[str, Any]) -> str:
    """What a person should know before choosing it."""
    if not data["enabled"]:
        return "disabled"
    return human.plain(data["problem"], 120) if data["problem"] else ""


def machine_row(data: Mapping[str, Any]) -> list[str]:
    execution = data["execution"]
    return [
        human.plain(data["name"], 40),
        SQUARES.get(data["state"], ""),
        _state(data),
        human.ago(data["since"]),
        f"{human.plain(execution['project']['name'], 30)}:{execution['counter']}" if execution else "",
        hardware_words(data["hardware"]),
    ]


def _state(data: Mapping[str, Any]) -> str:
    if data["state"] == "draining":
        return "busy, goes afterwards" if data["execution"] else "going"
    left = _until(data["idle_until"]) if data["state"] == "idle" else ""
    return f"{data['state']}{f', goes in {left}' if left else ''}"


def hardware_words(hardware: Mapping[str, Any] | None) -> str:
    """`ana@10.0.0.7, box, 2 CPUs, 8.0 GB, Tesla T4`."""
    if not hardware:
        return ""
    count, memory = hardware.get("cpu_count"), hardware.get("memory_bytes")
    parts = [
        # as the settings name it, and as it calls itself
        hardware.get("host"),
        hardware.get("hostname"),
        hardware.get("region"),
        f"{count} CPU{'s' if count != 1 else ''}" if count else None,
        human.size(memory) if memory else None,
        *(hardware.get("gpus") or []),
    ]
    return ", ".join(human.plain(str(part), 40) for part in parts if part)


def queue_row(data: Mapping[str, Any]) -> list[str]:
    place = data.get("queue_position")
    title = human.plain(data["title"] or data["step"], 30)
    return [
        f"{place}." if place else "",
        f"{human.plain(data['project']['name'], 30)}:{data['counter']} {title}",
        human.plain(data["creator"]["username"], 20),
        human.plain(data["status_detail"], 100),
    ]


def settings(data: Mapping[str, Any]) -> list[list[str]]:
    """The settings of an environment, `[name, value]` each."""
    containers = {name: value for name, value in data["containers"].items() if value is not None}
    quota = data["per_user_quota"]
    rows = [
        ("name", data["name"]),
        ("description", data["description"]),
        ("hardware", data["hardware"]),
        ("engine", data["engine"]),
        *((f"option {name}", _option(value)) for name, value in data["options"].items() if value not in _NOTHING),
        ("enabled", _yes(data["enabled"])),
        ("default", _yes(data["default"])),
        ("minimum scale", str(data["min_scale"])),
        ("maximum scale", str(data["max_scale"])),
        ("grace period", f"{data['scale_down_grace_minutes']:g} min"),
        ("per-user quota", str(quota) if quota else "no limit"),
        ("team quotas", ", ".join(f"{team}={number}" for team, number in data["team_quotas"].items())),
        ("personal usage", _yes(data["allow_personal_usage"])),
        ("price", f"${data['per_hour_price_usd']:g} an hour" if data["per_hour_price_usd"] is not None else ""),
        ("image", data["image"] or ""),
        ("containers", ", ".join(f"{name}={value}" for name, value in containers.items())),
        ("requeue", str(data.get("requeue", ""))),
        ("problem", data["problem"] or ""),
    ]
    return [[name, human.plain(value)] for name, value in rows if value != ""]


def problems(details: Mapping[str, Any]) -> list[str]:
    """What is wrong with settings, one line each, of an error's details."""
    sentences = {name: text for name, text in details.items() if isinstance(text, str)}
    return [f"  {human.plain(name)}: {human.plain(text)}" for name, text in sentences.items()]


def step_line(step: Mapping[str, Any]) -> str:
    """`✓ start    a machine in 1.2 s`."""
    return (
        f"{'✓' if step['ok'] else '✗'} {step['name']:<8} {human.plain(step['message'], 400)} ({step['seconds']:.1f} s)"
    )


def table(rows: Iterable[list[str]], header: list[str], none: str) -> str:
    made = list(rows)
    return "\n".join(human.table(made, header)) if made else none


def _option(value: Any) -> str:
    return "set, not shown" if value == {"set": True} else str(value)


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _until(text: str | None) -> str:
    then = human.moment(text)
    if then is None:
        return ""
    return human.duration(max(0.0, (then - datetime.now(timezone.utc)).total_seconds()))
