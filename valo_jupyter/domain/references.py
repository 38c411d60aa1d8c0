"""Addresses of data, as people write them in inputs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from valo_jupyter.domain.errors import Invalid

Kind = Literal["datum", "dataset", "store", "built-in", "web", "path"]

DATUM, DATASET, BUILT_IN = "datum://", "dataset://", "valo://"
#: the version that stands for the newest one
LATEST = "latest"
MAX_NAME = 255

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True)
class Reference:
    """An address, read.

    Attributes
    ----------
    name
        The id or alias of a datum, the name of a dataset; of all others the whole address.
    version
        Of a dataset.
    """

    kind: Kind
    name: str
    version: str = ""


def parse(address: str) -> Reference:
    """What kind of address it is. Whether there is such a thing is not known here."""
    found = _SCHEME.fullmatch(address)
    if found is None:
        return Reference("path", address)
    scheme, rest = found[1].lower(), found[2]
    if scheme == "datum":
        if not rest:
            raise Invalid(f"{address} names no file: it is datum:// and an id or an alias.")
        return Reference("datum", rest.lower() if is_id(rest) else rest)
    if scheme == "dataset":
        return Reference("dataset", *dataset_parts(address))
    if scheme in ("http", "https"):
        return Reference("web", address)
    return Reference("built-in" if scheme == "valo" else "store", address)


def dataset_parts(address: str) -> tuple[str, str]:
    """`(name, version)` of `dataset://name/version`."""
    name, slash, version = address[len(DATASET) :].partition("/") if address.startswith(DATASET) else ("", "", "")
    if not name or not slash or not version or "/" in version:
        raise Invalid(f"{address!r} names no version of a dataset: that is dataset://name/version.")
    return name, version


def is_id(text: str) -> bool:
    return _UUID.fullmatch(text) is not None


def checked_name(what: str, name: object) -> str:
    """A name of an alias, a dataset or a version; `what` begins the sentence when it is none."""
    if (
        not isinstance(name, str)
        or not 0 < len(name) <= MAX_NAME
        or name != name.strip()
        or any(letter in "/\\" or not letter.isprintable() for letter in name)
    ):
        raise Invalid(f"{what} is 1 to {MAX_NAME} letters, no slash among them and no space at the ends: not {name!r}.")
    return name
