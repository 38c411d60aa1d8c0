"""Environment variables as people set them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from valo_jupyter.domain.errors import Invalid

#: shorter values occur by chance in any text; hiding them would hide nothing and spoil everything
SHORTEST_SECRET = 4
MAX_NAME = 255


def checked_variables(given: Mapping[str, Any]) -> dict[str, str]:
    """Names and their values as texts; raises `Invalid` for what no process could be given."""
    found = {name: str(value) for name, value in given.items()}
    for name, value in found.items():
        if not 0 < len(name) <= MAX_NAME or "=" in name or "\0" in name:
            raise Invalid(
                f"{name[:40]!r} cannot be an environment variable: its name has 1 to {MAX_NAME} characters, and no “=”."
            )
        if "\0" in value:
            raise Invalid(f"The value of the environment variable {name} holds a NUL, which no program is given.")
    return found


def checked_secrets(given: Mapping[str, Any]) -> dict[str, str]:
    """The same of secret ones, which must be long enough to be hidden."""
    found = checked_variables(given)
    for name, value in found.items():
        # one of several lines is hidden line by line
        if value and max(len(line.strip()) for line in value.splitlines()) < SHORTEST_SECRET:
            raise Invalid(
                f"The secret {name} is too short to be hidden in logs and notebooks: give it at least "
                f"{SHORTEST_SECRET} characters, or set it as a plain variable."
            )
    return found
