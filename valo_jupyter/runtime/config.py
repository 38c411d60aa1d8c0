"""The files in `config/`: what code can read about its own execution, in Valohai's format."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def write_config(
    folder: Path, assignment: Mapping[str, Any], inputs: Mapping[str, Any], api: Mapping[str, Any] | None = None
) -> None:
    """Write `parameters`, `inputs` and `execution`, and `api` if there is one, each as .json and .yaml.

    Parameters
    ----------
    inputs
        What `inputs.json` holds: `{input: {"files": [...]}}`.
    api
        Requests that code may send, by name: `{"input_request": {"url": ..., "method": "GET"}}`.
    """
    folder.mkdir(exist_ok=True)
    # valohai-utils takes parameters.json instead of prepare()'s defaults, never both: so every parameter stands in it
    _write(folder, "parameters", dict(assignment["parameters"]))
    _write(folder, "inputs", dict(inputs))
    _write(folder, "execution", execution_facts(assignment))
    if api:
        _write(folder, "api", dict(api))


def execution_facts(assignment: Mapping[str, Any]) -> dict[str, Any]:
    """What `execution.json` holds."""
    execution = assignment["execution"]
    facts = {
        "commit-identifier": execution["commit"],
        "creator-id": execution["creator"]["id"],
        "creator-name": execution["creator"]["username"],
        "environment-id": execution["environment"]["id"],
        "environment-name": execution["environment"]["name"],
        "environment-slug": execution["environment"]["slug"],
        "execution-counter": execution["counter"],
        "execution-ctime": execution["ctime"],
        "execution-duration": None,
        "execution-id": execution["id"],
        "execution-image": execution["image"],
        "execution-qtime": None,
        "execution-status": "started",
        "execution-step": execution["step"],
        "execution-tags": execution["tags"],
        "execution-title": execution["title"],
        "project-id": execution["project"]["id"],
        "project-name": execution["project"]["name"],
    }
    return {f"valohai.{name}": value for name, value in facts.items()}


def _write(folder: Path, name: str, value: dict[str, Any]) -> None:
    (folder / f"{name}.json").write_text(json.dumps(value, indent=2), encoding="utf-8")
    text = yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False)
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
