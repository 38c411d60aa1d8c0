"""Addresses of inputs as people type them, as paths in the project where they mean files on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from valo_jupyter.domain.errors import InputUnavailable
from valo_jupyter.submit.arguments import text_list

_PATTERN = frozenset("*?[")


def in_project(
    inputs: Mapping[str, str | Iterable[str]], folder: Path, notebook: Path, *, here: Path | None = None
) -> dict[str, list[str]]:
    """Every address of `inputs`; a path is looked for in the project, beside the notebook, and in the current folder.

    Raises
    ------
    Invalid
        What is given for an input is neither an address nor several.
    InputUnavailable
        A path that leads to nothing, or out of the project folder, whose files alone travel with the notebook.
    """
    bases = (folder, notebook.parent, (here or Path.cwd()).resolve())
    return {
        name: [
            _address(name, address, folder, bases)
            for address in ([value] if isinstance(value, str) else text_list(f"Input {name}", value))
        ]
        for name, value in inputs.items()
    }


def _address(name: str, address: str, folder: Path, bases: Iterable[Path]) -> str:
    if "://" in address or _PATTERN & set(address):
        return address
    found = [
        path for base in bases if os.path.lexists(path := Path(os.path.normpath(base / Path(address).expanduser())))
    ]
    inside = [path for path in found if path.is_relative_to(folder)]
    if inside:
        return inside[0].relative_to(folder).as_posix()
    if found:
        raise InputUnavailable(
            f"Input {name}: {found[0]} is not in the project folder {folder}, and only what is there is sent along. "
            "Copy or link it there, or give an address (https://…).",
            input=name,
        )
    raise InputUnavailable(
        f"Input {name}: there is no file {address} in {folder}, nor beside the notebook. Check the path, or give an "
        "address (https://…).",
        input=name,
    )
