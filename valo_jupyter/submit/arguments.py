"""What `Client.run` is given: a value of the wrong kind is told by its argument's name, before anything is recorded."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from valo_jupyter.domain.errors import Invalid

_INCLUDE = ("folder", "notebook")
_ACCEPT = ("large", "home", "secrets")


def check_arguments(
    notebook: object, *, mappings: Mapping[str, object], texts: Mapping[str, object], include: object
) -> None:
    """Raises `Invalid`. Values are not shown: they may be secret."""
    if not isinstance(notebook, (str, os.PathLike)):
        raise Invalid(f"notebook is the path of a notebook, not {_kind(notebook)}.")
    for name, value in mappings.items():
        if value is not None and not isinstance(value, Mapping):
            raise Invalid(f"{name} is a dictionary, a value for each name, not {_kind(value)}.")
    for name, value in texts.items():
        if value is not None and not isinstance(value, str):
            raise Invalid(f"{name} is a text, not {_kind(value)}.")
    if include not in _INCLUDE:
        raise Invalid(f"include is one of {', '.join(_INCLUDE)}, not {include!r}.")


def text_list(name: str, value: Any) -> list[str]:
    """What is given as `name`. A single text is none: it is iterable, too, and its letters are not what is meant."""
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        raise Invalid(f"{name} is a list of texts, not {_kind(value)}.")
    found = list(value)
    for item in found:
        if not isinstance(item, str):
            raise Invalid(f"{name} is a list of texts, and {_kind(item)} is none.")
    return found


def accepted(value: Any) -> frozenset[str]:
    """The questions that are answered already."""
    found = frozenset(text_list("accept", value))
    for word in sorted(found.difference(_ACCEPT)):
        raise Invalid(f"accept may have {', '.join(_ACCEPT)}, not {word!r}.")
    return found


def _kind(value: object) -> str:
    name = type(value).__name__
    return f"{'an' if name[:1] in 'aeiouAEIOU' else 'a'} {name}"
