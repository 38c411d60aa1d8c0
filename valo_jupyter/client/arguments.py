"""The words after `run`, the same in a terminal and in a cell."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Sequence
from typing import Any

from valo_jupyter.client import human
from valo_jupyter.domain.errors import ConfirmSnapshot, Invalid, SecretsFound, ValoError
from valo_jupyter.domain.units import parse_bytes

_NAMED = re.compile(r"[^\W\d]\w*=", re.UNICODE)
_PARAMETER = ("-p", "--parameter")


def add_run_arguments(parser: argparse.ArgumentParser, *, notebook_required: bool) -> None:
    """What `run` understands; parse `joined(argv)` and give the result to `run_options`."""
    parser.add_argument("notebook", nargs=None if notebook_required else "?", help="the notebook, as saved on disk")
    _add_several(
        parser,
        *_PARAMETER,
        dest="parameters",
        metavar="NAME VALUE",
        help="a parameter (also NAME=VALUE); text is read as the parameter's type",
    )
    _add_several(
        parser,
        "-i",
        "--input",
        dest="inputs",
        metavar="NAME=ADDRESS",
        help="a file for an input: a path in the project folder or an http(s) address; repeat for several",
    )
    _add_several(
        parser,
        "-e",
        "--environment-variable",
        dest="variables",
        type=_variable,
        metavar="NAME=VALUE",
        help="an environment variable; without =VALUE, its value here",
    )
    _add_several(
        parser,
        "--secret",
        dest="secrets",
        type=_variable,
        metavar="NAME",
        help="an environment variable whose value, taken from here, is shown nowhere",
    )
    parser.add_argument("--environment", metavar="NAME", help="where to run, by slug; the project's default without it")
    parser.add_argument("--tag", dest="tags", action="append", default=[], metavar="TAG", help="repeat for several")
    parser.add_argument("--title", help="the notebook's name without it")
    parser.add_argument("--time-limit", type=_seconds, metavar="SECONDS", help="stop it after this time")
    machine = parser.add_argument_group("its machine")
    machine.add_argument("--image", help="container image to run in, named in full; the environment's without it")
    machine.add_argument("--cpu", type=float, metavar="CORES", help="processor cores of the container")
    machine.add_argument("--memory", type=_bytes, metavar="SIZE", help="memory of the container, such as 2G")
    machine.add_argument("--gpus", type=int, metavar="N", help="GPUs of the container; -1 for all")
    machine.add_argument("--requeue", type=int, metavar="N", help="restarts after a lost machine (1)")
    what = parser.add_argument_group("what is sent, when the folder is large or personal")
    what.add_argument("--notebook-only", action="store_true", help="the notebook alone")
    what.add_argument("--accept-large", action="store_true", help="a folder of many or big files")
    what.add_argument("--accept-home", action="store_true", help="the home folder")
    what.add_argument(
        "--send-secret",
        dest="name_secrets",
        action="append",
        default=[],
        metavar="PATH",
        help="a file in a secret place, such as .env, too",
    )
    what.add_argument(
        "--accept-secrets", action="store_true", help="values that look like secrets; they are not asked about again"
    )


def joined(argv: Sequence[str]) -> list[str]:
    """`-p NAME VALUE` and `-p NAME=VALUE` as one word each, so that a value may begin with a dash."""
    words, out = list(argv), []
    while words:
        word = words.pop(0)
        if word in _PARAMETER and words:
            name = words.pop(0)
            if not _NAMED.match(name) and words:
                name = f"{name}={words.pop(0)}"
            out.append(f"{_PARAMETER[1]}={name}")
        else:
            out.append(word)
    return out


def run_options(given: argparse.Namespace) -> dict[str, Any]:
    """The keywords of `Client.run`, but for the notebook."""
    inputs: dict[str, list[str]] = {}
    for name, address in given.inputs:
        inputs.setdefault(name, []).append(address)
    asked = {"cpu": given.cpu, "memory_bytes": given.memory, "gpus": given.gpus}
    answers = (("large", given.accept_large), ("home", given.accept_home), ("secrets", given.accept_secrets))
    accepted = [name for name, said in answers if said]
    return {
        "parameters": dict(given.parameters),
        "inputs": inputs,
        "tags": given.tags,
        "title": given.title,
        "environment": given.environment,
        "environment_variables": dict(given.variables),
        "secret_environment_variables": dict(given.secrets),
        "time_limit": given.time_limit,
        "image": given.image,
        "resources": {name: value for name, value in asked.items() if value is not None},
        "requeue": given.requeue,
        "include": "notebook" if given.notebook_only else "folder",
        "accept": accepted,
        "name_secrets": given.name_secrets,
    }


def add_rerun_arguments(parser: argparse.ArgumentParser) -> None:
    """What may differ when an execution is run again; give the result to `rerun_options`."""
    _add_several(parser, *_PARAMETER, dest="parameters", metavar="NAME=VALUE", help="another value; the others stay")
    parser.add_argument("--environment", metavar="NAME", help="where to run, by slug; the same without it")
    parser.add_argument("--tag", dest="tags", action="append", metavar="TAG", help="these tags instead")
    parser.add_argument("--title", help="another title")


def rerun_options(given: argparse.Namespace) -> dict[str, Any]:
    """The keywords of `Execution.rerun`."""
    options = {"environment": given.environment, "tags": given.tags, "title": given.title}
    changes: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    return {**changes, "parameters": dict(given.parameters)} if given.parameters else changes


def at_least_one(text: str) -> int:
    """A number of lines or the like."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"“{text}” is no number from 1 on")
    return int(text)


def choices(error: ValoError, command: str) -> list[str]:
    """How to answer with `command` what a submission asks; nothing for other errors."""
    if isinstance(error, SecretsFound):
        return _secrets(error, command)
    return _snapshot(error, command) if isinstance(error, ConfirmSnapshot) else []


def _secrets(error: SecretsFound, command: str) -> list[str]:
    rows = []
    for one in error.details.get("findings") or []:
        cell = "" if one["cell"] is None else f"cell {one['cell'] + 1}"
        line = "" if one["where"] in ("parameter", "variable") else f"line {one['line']}"
        rows.append([f"  {one['kind']}", one["where"], human.plain(one["name"]), cell, line, one["shown"]])
    return [
        *human.table(rows),
        "Put the value into an environment variable here, and give that with `--secret NAME`; or, if it is no secret, "
        f"`{command} --accept-secrets` sends it, and does not ask again.",
    ]


def _snapshot(error: ConfirmSnapshot, command: str) -> list[str]:
    """What makes the folder large or personal, and how to say what is to be sent."""
    largest = [
        [f"  {human.plain(str(entry['path']))}", f"{entry['files']} files", human.size(entry["bytes"])]
        for entry in error.details.get("largest") or []
    ]
    accept = "--accept-home" if error.details.get("reason") == "home" else "--accept-large"
    options = f"`{command} --notebook-only` sends the notebook alone, `{command} {accept}` the whole folder."
    return [*human.table(largest), options]


def _add_several(parser: argparse.ArgumentParser, *flags: str, **options: Any) -> None:
    """An option that may be repeated, each time with a name and a value."""
    parser.add_argument(*flags, **{"action": "append", "default": [], "type": _assignment, **options})


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"“{text}” needs a name and a value")
    return name, value


def _variable(text: str) -> tuple[str, str]:
    if "=" in text:
        return _assignment(text)
    if text not in os.environ:
        raise argparse.ArgumentTypeError(f"the environment variable {text} is not set here")
    return text, os.environ[text]


def _bytes(text: str) -> int:
    try:
        return parse_bytes(text)
    except Invalid as error:
        raise argparse.ArgumentTypeError(error.message) from None


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"“{text}” is no number of seconds")
    return seconds
