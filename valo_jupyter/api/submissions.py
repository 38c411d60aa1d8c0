"""What a client asks to be run: the fields of an execution that is to be, read from a body."""

from __future__ import annotations

import math
from typing import Any

from valo_jupyter.api.fields import checked
from valo_jupyter.domain.containers import checked_resources
from valo_jupyter.domain.environments import MAX_REQUEUE
from valo_jupyter.domain.errors import Invalid
from valo_jupyter.domain.variables import checked_secrets, checked_variables
from valo_jupyter.services.asking import of_runtime_config
from valo_jupyter.services.submissions import Submission

FIELDS = {
    "project": "string",
    "commit": "string",
    "step": "string",
    "notebook": "object",
    "parameters": "object",
    "inputs": "addresses",
    "environment_variables": "variables",
    "secret_environment_variables": "variables",
    "tags": "strings",
    "environment": "string",
    "image": "string",
    "upload_store": "string",
    "resources": "object",
    "runtime_config": "object",
    "title": "string",
    # these four also as texts, as clients of Valohai send them
    "priority": "any",
    "time_limit": "any",
    "no_output_timeout": "any",
    "requeue": "any",
    "git": "object",
    "left_out": "objects",
    "idempotency_key": "string",
}
#: of one that is made again: null takes a variable away
CHANGES = {**FIELDS, "environment_variables": "changed variables"}
_NOTEBOOK = {"path": "string", "kernel": "object"}
_KERNEL = {"name": "string", "argv": "strings", "env": "variables", "language": "string", "jupyter_path": "strings"}
_LEFT_OUT = {"path": "string", "rule": "string"}
_LONGEST_KEY = 64


def submission(given: dict[str, Any]) -> Submission:
    checked(given, {}, required=("project", "commit"))
    fields = changes(given)
    notebook = given.get("notebook")
    if notebook is not None:
        checked(notebook, _NOTEBOOK, required=("path",))
        fields["notebook_path"] = notebook["path"]
        if notebook.get("kernel") is not None:
            fields["kernel"] = checked(notebook["kernel"], _KERNEL)
    left_out = tuple(checked(entry, _LEFT_OUT, required=("path", "rule")) for entry in given.get("left_out") or ())
    return Submission(
        project_id=given["project"], commit=given["commit"], git=given.get("git"), left_out=left_out, **fields
    )


def changes(given: dict[str, Any]) -> dict[str, Any]:
    """The fields of a `Submission` that may also be changed when one is made again."""
    found: dict[str, Any] = {}
    if given.get("parameters") is not None:
        found["parameters"] = given["parameters"]
    if given.get("environment_variables") is not None:
        variables = given["environment_variables"]
        found["environment_variables"] = {
            **dict.fromkeys(variables),
            **checked_variables({name: value for name, value in variables.items() if value is not None}),
        }
    if given.get("secret_environment_variables"):
        found["secrets"] = checked_secrets(given["secret_environment_variables"])
    if given.get("inputs") is not None:
        found["inputs"] = {
            name: [value] if isinstance(value, str) else list(value or ()) for name, value in given["inputs"].items()
        }
    if given.get("tags") is not None:
        found["tags"] = tuple(given["tags"])
    for name in ("step", "environment", "image", "upload_store", "idempotency_key"):
        if given.get(name):
            found[name] = given[name]
    if len(found.get("idempotency_key", "")) > _LONGEST_KEY:
        raise Invalid(f"`idempotency_key` has up to {_LONGEST_KEY} characters.")
    if given.get("title") is not None:
        found["title"] = given["title"]
    for name in ("time_limit", "no_output_timeout"):
        if given.get(name) is not None:
            found[name] = _seconds(given, name)
    if given.get("priority") is not None:
        found["priority"] = _whole(given, "priority", -1000, 1000)
    if given.get("requeue") is not None:
        found["requeue"] = _whole(given, "requeue", 0, MAX_REQUEUE)
    config = given.get("runtime_config") or {}
    if config.get("autorestart") is not None:
        found["autorestart"] = bool(config["autorestart"])
    asked = {**of_runtime_config(config), **(given.get("resources") or {})}
    if asked:
        found["resources"] = checked_resources(asked)
    return found


def _seconds(given: dict[str, Any], name: str) -> float | None:
    try:
        value = float(given[name])
    except (TypeError, ValueError, OverflowError):
        value = math.nan
    if not value >= 0 or math.isinf(value):
        raise Invalid(f"`{name}` is a number of seconds.")
    # Valohai's clients send 0 for “no limit”
    return value or None


def _whole(given: dict[str, Any], name: str, least: int, most: int) -> int:
    value = given[name]
    if isinstance(value, str) and value.removeprefix("-").isdecimal() and len(value) < 10:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise Invalid(f"`{name}` is a whole number from {least} to {most}.")
    return value
