"""Facts of two executions that differ, in groups: parameters, inputs, environment, code, result, metadata."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from valo_jupyter.domain import clock

#: what is another one each time; two executions may be the same all the same
MEASURED = frozenset(
    {
        ("environment", "machine"),
        ("result", "duration"),
        ("result", "cost"),
        ("result", "peak_memory_bytes"),
    }
)


@dataclass(frozen=True)
class Side:
    """An execution: its row, the files of its inputs by their names, its outputs, the newest first."""

    row: Any
    inputs: dict[str, list[Any]]
    outputs: list[Any]


@dataclass(frozen=True)
class Fact:
    """`None` for what one of them has not."""

    group: str
    name: str
    left: Any
    right: Any


def differences(left: Side, right: Side) -> list[Fact]:
    """The facts that differ, in a steady order."""
    facts = []
    for group, of in _GROUPS.items():
        one, other = of(left), of(right)
        for name in dict.fromkeys([*one, *other]):
            if one.get(name) != other.get(name):
                facts.append(Fact(group, name, one.get(name), other.get(name)))
    return facts


def _parameters(side: Side) -> dict[str, Any]:
    return side.row.parameters


def _inputs(side: Side) -> dict[str, Any]:
    """What was written, then what that stood for."""
    found: dict[str, Any] = {entry["name"]: entry.get("given", entry["uris"]) for entry in side.row.inputs}
    for name, files in side.inputs.items():
        # of several folders, or versions, there may be several of one name
        contents: dict[str, list[str]] = defaultdict(list)
        for file in sorted(files, key=lambda file: file.name):
            contents[file.name].append(_content(file))
        found |= {f"{name}/{file}": sorted(some) if len(some) > 1 else some[0] for file, some in contents.items()}
    return found


def _environment(side: Side) -> dict[str, Any]:
    row, machine, capture = side.row, side.row.machine or {}, side.row.capture or {}
    variables = {name: "(secret)" if value is None else value for name, value in row.environment_variables.items()}
    return {
        "environment": row.environment_slug.partition("~")[0],
        "image": row.image,
        "image_digest": row.image_digest,
        **{f"resource {name}": value for name, value in row.resources.items()},
        "machine": machine.get("hostname"),
        "cpu": machine.get("cpu_model"),
        "gpus": machine.get("gpus"),
        "kernel": capture.get("kernel"),
        "python": capture.get("python"),
        **{f"variable {name}": value for name, value in sorted(variables.items())},
        **{f"package {name}": version for name, version in sorted((capture.get("packages") or {}).items())},
    }


def _code(side: Side) -> dict[str, Any]:
    row, git = side.row, side.row.git or {}
    return {
        "commit": row.commit_identifier,
        "notebook": row.notebook_path,
        "step": row.step,
        "git head": git.get("head"),
        "git branch": git.get("branch"),
    }


def _result(side: Side) -> dict[str, Any]:
    row, error = side.row, side.row.error or {}
    return {
        "status": row.status,
        "reason": row.status_detail or None,
        "error": f"{error['ename']}: {error.get('evalue', '')}".rstrip(": ") if error.get("ename") else None,
        "exit_code": row.exit_code,
        "duration": clock.seconds_between(row.started, row.ended),
        "cost": row.cost,
        "peak_memory_bytes": row.peak_memory_bytes,
        **{f"output {file.name}": _content(file) for file in _files(side)},
    }


def _metadata(side: Side) -> dict[str, Any]:
    return side.row.cumulative_metadata


def _files(side: Side) -> list[Any]:
    """Its outputs, of each name the last, but for the executed notebook, which is compared cell by cell."""
    notebook = PurePosixPath(side.row.notebook_path).name if side.row.notebook_path else None
    last = {file.name: file for file in reversed(side.outputs) if file.name != notebook}
    return [last[name] for name in sorted(last)]


def _content(file: Any) -> str:
    return f"sha256:{file.sha256}" if file.sha256 else file.uri


_GROUPS = {
    "parameters": _parameters,
    "inputs": _inputs,
    "environment": _environment,
    "code": _code,
    "result": _result,
    "metadata": _metadata,
}
