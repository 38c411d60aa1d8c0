"""The files in secret places that somebody named to be sent all the same."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from valo_jupyter.domain.errors import Invalid


def named_secrets(names: Iterable[str], folder: Path) -> tuple[str, ...]:
    """Each of `names` as a path in the project `folder`.

    Raises
    ------
    Invalid
        One is not there: a mistyped name must not look like a file that was sent.
    """
    return tuple(_in_folder(name, folder) for name in names)


def _in_folder(name: str, folder: Path) -> str:
    path = Path(os.path.normpath(folder / Path(name).expanduser()))
    if not path.is_relative_to(folder):
        raise Invalid(f"{name} is not in the project folder {folder}, and only what is there can be sent.")
    if not os.path.lexists(path):
        raise Invalid(
            f"There is no {name} in the project folder {folder}; nothing was sent. Give its path in that folder."
        )
    return path.relative_to(folder).as_posix()
