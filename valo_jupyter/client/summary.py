"""An execution in words: its state, what went in, what came of it, and where it ran."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from valo_jupyter.client import human

#: how each state is marked; never by colour alone
MARKS = {
    "created": "○",
    "queued": "○",
    "started": "◔",
    "stopping": "◌",
    "stopped": "■",
    "complete": "✓",
    "error": "✗",
    "crashed": "⚡",
}
#: the rule of what nobody misses: caches, environments, `.git`
EXPECTED = "default ignore list: "


def state_words(data: dict[str, Any]) -> str:
    """`in line (3rd): all 2 machines are busy`, `cell 4 of 20`, `done in 2 m 3 s`, `failed in cell 7: ValueError`."""
    status, detail = data["status"], human.plain(data.get("status_detail") or "")
    if status == "complete":
        return f"done in {human.duration(data['duration'])}" if data.get("duration") is not None else "done"
    if status == "queued" and data.get("queue_position"):
        before, found, why = detail.rpartition("in line: ")
        place = f"{before}in line ({_ordinal(data['queue_position'])})"
        return f"{place}: {why}" if found else place
    words = {
        "created": "waiting for quota",
        "queued": "in line",
        "started": "running",
        "stopping": "stopping",
        "error": "failed",
        "crashed": "machine lost",
        "stopped": "stopped",
    }
    return detail or words.get(status, status)


def heading(data: dict[str, Any]) -> str:
    """`#12 quickstart ✓ done in 2.1 s`."""
    title = human.plain(data["title"] or data["step"])
    return f"#{data['counter']} {title} {MARKS[data['status']]} {state_words(data)}"


def code_words(data: dict[str, Any]) -> str:
    """The code's commit and where it came from."""
    commit = data.get("commit") or {}
    identifier = commit.get("identifier") or ""
    words = identifier[:13]
    git = data.get("git") or {}
    if git.get("head"):
        branch, changed = git.get("branch"), len(git.get("dirty") or [])
        words += f" (adhoc, from {human.plain(branch) + ' at ' if branch else ''}{git['head'][:8]}"
        words += f" and {changed} changed file{'s' if changed != 1 else ''})" if changed else ", as committed)"
    elif commit.get("adhoc"):
        words += " (adhoc)"
    return words


@dataclass(frozen=True)
class Lineage:
    """What went in and what came out, as names; each list is bounded, `more_*` says how many are left out."""

    sources: list[str]
    label: str
    results: list[str]


def lineage(data: dict[str, Any], limit: int = 12) -> Lineage:
    """The strip *inputs + commit → #12 → outputs* of an execution's JSON."""
    files = [file for entry in data.get("inputs") or [] for file in _files(entry)]
    code = (data.get("notebook") or {}).get("path") or data.get("step") or ""
    commit = ((data.get("commit") or {}).get("identifier") or "")[:8]
    outputs = [output["name"] for output in data.get("outputs") or [] if not output.get("purged")]
    return Lineage(
        [*_bounded(files, limit), f"{human.plain(code)} {commit}".strip()],
        f"#{data['counter']}",
        _bounded([human.plain(name) for name in outputs], limit),
    )


def where_words(data: dict[str, Any]) -> str:
    """`this machine (box, 2 CPUs), environment local, Python 3.11.7`."""
    machine = data.get("machine") or {}
    host = machine.get("hostname") or ""
    place = "this machine" if host and host == socket.gethostname() else human.plain(host) or "no machine yet"
    about = [human.plain(host)] if place == "this machine" else []
    if machine.get("cpu_count"):
        about.append(f"{machine['cpu_count']} CPUs")
    about += [human.plain(str(gpu)) for gpu in machine.get("gpus") or []]
    python = machine.get("python") or (data.get("capture") or {}).get("python")
    facts = f" ({', '.join(about)})" if about else ""
    words = f"{place}{facts}, environment {data['environment']['slug']}"
    return f"{words}, Python {human.plain(str(python).split()[0])}" if python else words


def last_values(data: dict[str, Any]) -> dict[str, Any]:
    """The last value of each metadata name, without the time."""
    return {name: value for name, value in (data.get("cumulative_metadata") or {}).items() if not name.startswith("_")}


def summary(data: dict[str, Any]) -> list[str]:
    """Lines that say what came of an execution, and of what it came."""
    rows: list[tuple[str, list[str]]] = []
    values = last_values(data)
    rows.append(("Metadata", human.table([[human.plain(name), human.value(value)] for name, value in values.items()])))
    outputs = [output for output in data.get("outputs") or [] if not output.get("purged")]
    files = [
        [
            human.plain(item["name"]),
            human.size(item["size"]),
            human.plain(", ".join(item.get("tags") or [])),
            human.plain(item["uri"]),
        ]
        for item in outputs
    ]
    rows.append(("Outputs", human.table(files)))
    rows.append(("Tags", [", ".join(map(human.plain, data.get("tags") or []))]))
    given = data.get("parameters") or {}
    rows.append(("Parameters", human.table([[name, human.value(value)] for name, value in given.items()])))
    rows.append(("Trace", _trace(data)))
    rows.append(("Ran on", [where_words(data)]))
    rows.append(("Attempts", _attempts(data)))
    if data.get("cost") is not None:
        rows.append(("Cost", [f"${data['cost']:.4f}"]))
    rows.append(("Left out", [left_out_words(data)]))
    lines: list[str] = []
    for name, content in rows:
        for index, line in enumerate(entry for entry in content if entry):
            lines.append(f"{name if index == 0 else '':<11}{line}")
    return lines


def left_out_words(data: dict[str, Any], limit: int = 3) -> str:
    """`data/ (.gitignore:1 data/), .env (secret place: .env), and 3 more; …`, of what somebody may miss."""
    missed = [entry for entry in data.get("left_out") or [] if not entry["rule"].startswith(EXPECTED)]
    words = [
        f"{' '.join((human.plain(entry['path'], 80), human.size(entry.get('size')))).strip()} "
        f"({human.plain(entry['rule'], 80)})"
        for entry in missed[:limit]
    ]
    if len(missed) > limit:
        words.append(f"and {len(missed) - limit} more; `jupyter valo show {data['counter']} --json` has all")
    return ", ".join(words)


def failure(data: dict[str, Any]) -> list[str]:
    """What went wrong: the reason, and the failing cell's error as it was shown."""
    lines = [heading(data)]
    error = data.get("error") or {}
    if error.get("traceback"):
        lines += str(error["traceback"]).splitlines()
    elif error.get("ename"):
        lines.append(f"{error['ename']}: {error.get('evalue', '')}")
    return lines


def _attempts(data: dict[str, Any]) -> list[str]:
    """Each attempt, where one was not enough."""
    made = data.get("attempts") or []
    words = [f"{item['number']}: {item['status']} {human.plain(item.get('reason') or '')}".rstrip() for item in made]
    return words if len(words) > 1 else []


def _trace(data: dict[str, Any]) -> list[str]:
    files = [
        f"{human.plain(file['name'])} {human.size(file.get('size'))} from {human.plain(file.get('uri') or '')}"
        for entry in data.get("inputs") or []
        for file in entry.get("files") or []
    ]
    code = f"{human.plain((data.get('notebook') or {}).get('path') or data['step'])} at {code_words(data)}"
    outputs = lineage(data).results
    return [*_bounded(files, 12), code, f"→ #{data['counter']} → {', '.join(outputs) or 'no files'}"]


def _files(entry: dict[str, Any]) -> Iterable[str]:
    if entry.get("files"):
        return [human.plain(file["name"]) for file in entry["files"]]
    return [human.plain(PurePosixPath(url.split("?")[0]).name or url) for url in entry.get("urls") or []]


def _bounded(names: list[str], limit: int) -> list[str]:
    return names if len(names) <= limit else [*names[: limit - 1], f"{len(names) - limit + 1} more"]


def _ordinal(number: int) -> str:
    suffix = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"
