"""Entries of private registries: what each type needs, and who may use them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from valo_jupyter.domain import storable
from valo_jupyter.domain.errors import Invalid
from valo_jupyter.domain.images import DOCKER_HUB, InvalidImage, Pattern

TYPES = ("docker-hub", "azure", "ecr", "gcp", "generic")
FIELDS = ("match", "type", "username", "password")
#: shown with an entry, and ignored when they come back
SHOWN_ONLY = frozenset({"id", "owner", "ctime", "mtime"})
#: what Google's registries take a service account's key with
GOOGLE_KEY_USER = "_json_key"

_ECR = re.compile(r"\d{12}\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")
_MAX_PASSWORD = 16_384


class InvalidRegistry(Invalid):
    """The entry is not understood. `details` has a sentence for each field that is wrong."""

    code = "invalid_registry"

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(dict.fromkeys(problems.values())), **problems)


@dataclass(frozen=True)
class Credentials:
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Entry:
    """An entry as it is to be saved; `match` in its one form. `password`: None keeps the one there is."""

    match: str
    type: str
    username: str
    password: str | None = field(repr=False)

    @property
    def pattern(self) -> Pattern:
        return Pattern.parse(self.match)


def check_entry(given: Mapping[str, Any], current: Entry | None = None) -> Entry:
    """What was given, over what holds; raises `InvalidRegistry` with everything that is wrong.

    Parameters
    ----------
    current
        The entry to be changed, without its password.
    """
    problems = {
        name: f"{name!r} is no field of a registry's entry; they are {', '.join(FIELDS)}."
        for name in given
        if name not in FIELDS and name not in SHOWN_ONLY
    }
    wanted: dict[str, Any] = {name: getattr(current, name) for name in FIELDS} if current else {}
    checks: tuple[tuple[str, Callable[[Any], str | None]], ...] = (
        ("match", _match),
        ("type", _type),
        ("username", _username),
        ("password", _password),
    )
    for name, check in checks:
        if name in given:
            try:
                wanted[name] = check(given[name])
            except Invalid as error:
                problems[name] = error.message
    for name in ("match", "type"):
        if name not in wanted and name not in problems:
            problems[name] = f"The {name} is missing."
    if "password" not in wanted and "password" not in problems:
        problems["password"] = "The password is missing: an access token, a key, or what the registry asks for."
    kind = wanted.get("type")
    if kind in _USERNAMES and not wanted.get("username") and not {"type", "username"} & problems.keys():
        problems["username"] = _USERNAMES[kind]
    if not problems.keys() & {"match", "type", "password"}:
        problems.update(_as_a_whole(wanted, current))
    if problems:
        raise InvalidRegistry(problems)
    if wanted["type"] == "gcp":
        wanted["username"] = wanted.get("username") or GOOGLE_KEY_USER
    return Entry(wanted["match"], wanted["type"], wanted.get("username") or "", wanted["password"])


def _as_a_whole(wanted: Mapping[str, Any], current: Entry | None) -> dict[str, str]:
    """What is wrong with fields that are right each for itself."""
    problems = {}
    kind, username, password = wanted["type"], wanted.get("username"), wanted["password"]
    pattern = Pattern.parse(wanted["match"])
    if current and password is None and pattern.domain != current.pattern.domain:
        problems["password"] = (
            f"Give the password again: it was given for {current.pattern.domain}, not for {pattern.domain}."
        )
    if kind == "docker-hub" and pattern.domain != DOCKER_HUB:
        problems["match"] = f"{pattern.domain} is not Docker Hub: write docker.io/…, or choose the type generic."
    if kind == "ecr" and ecr_region(pattern.domain) is None:
        problems["match"] = (
            f"{pattern.domain} is no registry of AWS ECR; these are named 123456789012.dkr.ecr.eu-west-1.amazonaws.com."
        )
    if kind == "gcp" and password is not None and (username or GOOGLE_KEY_USER) == GOOGLE_KEY_USER:
        try:
            key = json.loads(password)
        except ValueError:
            key = None
        if not isinstance(key, dict) or not {"private_key", "client_email"} <= key.keys():
            problems["password"] = "The password is the whole JSON file of a service account's key, as Google gives it."
    return problems


_USERNAMES = {
    "docker-hub": "The user name is missing: the account's, or the organization's, on Docker Hub.",
    "azure": "The user name is missing: the service principal's application id.",
    "ecr": "The user name is missing: the access key's id, such as AKIA….",
    "generic": "The user name is missing.",
}


def ecr_region(domain: str) -> str | None:
    """The region in the name of a registry of AWS ECR; None for other names."""
    found = _ECR.fullmatch(domain)
    return found[1] if found else None


def stands_for_organization(accounts: int) -> bool:
    """Whether a project of an account's own counts as the organization's: on a server with one account it does."""
    return accounts == 1


def entries_refused(organization: bool) -> str | None:
    """Why a project may not use the entries of its owner, given whether it is an organization's; None: it may."""
    if organization:
        return None
    return "Private registries are for projects of an organization or a team; this one is personal."


def _match(value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidImage("The pattern is a text such as docker.io/myusername/*.")
    return str(Pattern.parse(value))


def _text(value: Any) -> bool:
    return isinstance(value, str) and storable.text(value) == value


def _type(value: Any) -> str:
    if value not in TYPES:
        raise Invalid(f"The type is one of {', '.join(TYPES)}, not {value!r}.")
    return value


def _username(value: Any) -> str:
    if value is not None and (not _text(value) or len(value) > 255 or set(value) & set(":\r\n")):
        raise Invalid("The user name is a text in one line, without “:”.")
    return (value or "").strip()


def _password(value: Any) -> str | None:
    """None where the entry's own, as it is shown, comes back."""
    if isinstance(value, Mapping) and value.get("set") is True:
        return None
    text = value.strip("\r\n") if isinstance(value, str) and _text(value) else ""
    if not text or len(text) > _MAX_PASSWORD:
        raise Invalid(f"The password is a text of 1 to {_MAX_PASSWORD} characters; delete the entry to remove it.")
    return text
