"""What a route is: a plain function from `Request` to `Reply`, with what the binder and the OpenAPI document need."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs

from valo_jupyter.api.fields import checked, of_form
from valo_jupyter.domain.errors import Invalid, Unauthenticated
from valo_jupyter.services import Services
from valo_jupyter.services.accounts import User

#: below it is what machines ask for
RUN_API = "/run/v1/"
#: no client nests deeper, and what is far deeper cannot be read or written again
_DEEPEST = 100

#: who may call: the token of a user, an attempt, a trial or a machine that starts, or the holder of a signed address
Auth = Literal["user", "attempt", "trial", "machine", "signed"]


class AskAgain(Exception):
    """Raised by a waiting route that has nothing new yet; it is called again when something has changed."""


@dataclass(frozen=True)
class Request:
    services: Services
    #: `http://host:port` as the caller wrote it
    base_url: str
    path: Mapping[str, str]
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    #: the body, or for routes with `body="file"` the file it was written to
    body: bytes = b""
    file: Path | None = None
    user_or_none: User | None = None
    attempt_token: str = ""
    #: false on the last call of a waiting route, which must answer
    may_wait: bool = False
    #: the route's
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def user(self) -> User:
        if self.user_or_none is None:
            raise Unauthenticated()
        return self.user_or_none

    def json(self) -> dict[str, Any]:
        """The body as a JSON object whose fields are of the route's kinds; form fields are read as one too."""
        if self.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
            fields = parse_qs(self.body.decode("utf-8", "replace"), keep_blank_values=True)
            return of_form({name: values[-1] for name, values in fields.items()}, self.fields)
        value = self.json_value()
        if not isinstance(value, dict):
            raise Invalid("The body must be a JSON object.")
        return checked(value, self.fields)

    def json_value(self) -> Any:
        try:
            value = json.loads(self.body or b"{}")
        except (ValueError, RecursionError) as error:
            raise Invalid(f"The body is not JSON: {error}.") from error
        if _deep(self.body) and not _is_flat(value):
            raise Invalid(f"The body is nested deeper than {_DEEPEST} levels.")
        return value

    def one(self, name: str, default: str | None = None) -> str | None:
        values = self.query.get(name)
        return values[-1] if values else default

    def many(self, name: str) -> tuple[str, ...]:
        return tuple(value for value in self.query.get(name, []) if value)

    def number(self, name: str, default: int, *, least: int = 0, most: int = 1_000_000_000) -> int:
        text = self.one(name)
        if text is None or text == "":
            return default
        try:
            return max(least, min(int(text), most))
        except ValueError:
            raise Invalid(f"“{name}” must be a whole number, not {text!r}.") from None

    def flag(self, name: str) -> bool | None:
        text = self.one(name)
        return None if text is None else text.lower() in ("1", "true", "yes")


@dataclass(frozen=True)
class Reply:
    """`value` is sent as JSON, unless there is `content`, a `file` or a `stream`."""

    value: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    file: Path | None = None
    #: the file is the route's own and is removed when sent
    remove_file: bool = False
    #: made piece by piece, in threads, while it is sent
    stream: Iterator[bytes] | None = None


Handler = Callable[[Request], Reply]


def _deep(body: bytes) -> bool:
    """Whether it could be nested too deeply, which is seldom."""
    return body.count(b"[") + body.count(b"{") > _DEEPEST


def _is_flat(value: Any) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        inside = [part for part in level if isinstance(part, (dict, list))]
        if not inside:
            return True
        level = [one for part in inside for one in (part.values() if isinstance(part, dict) else part)]
    return False


@dataclass(frozen=True)
class Route:
    method: str
    pattern: str
    handler: Handler
    auth: Auth
    body: Literal["memory", "file"]
    waits: bool
    query: tuple[str, ...]
    fields: Mapping[str, str]
    own_checks: bool

    @property
    def checked(self) -> Mapping[str, str]:
        """The fields that are checked before the route sees them."""
        return {} if self.own_checks else self.fields

    @property
    def regex(self) -> str:
        """The pattern for tornado: `{name}` is one path segment, `{name...}` the rest; a last slash is optional."""
        parts = re.split(r"(\{[^}]+\})", self.pattern.rstrip("/"))
        built = []
        for part in parts:
            if part.startswith("{") and part.endswith("...}"):
                built.append(f"(?P<{part[1:-4]}>.+)")
            elif part.startswith("{"):
                built.append(f"(?P<{part[1:-1]}>[^/]+)")
            else:
                built.append(re.escape(part))
        return "".join(built) + "/*"


ROUTES: list[Route] = []


def route(
    method: str,
    pattern: str,
    *,
    auth: Auth = "user",
    body: Literal["memory", "file"] = "memory",
    waits: bool = False,
    query: tuple[str, ...] = (),
    fields: Mapping[str, str] | None = None,
    own_checks: bool = False,
) -> Callable[[Handler], Handler]:
    """Register a function for a method and a pattern such as `/api/v0/executions/{id}/`.

    Parameters
    ----------
    waits
        The function may raise `AskAgain` while `request.may_wait`.
    query
        Names in the query, for the OpenAPI document.
    fields
        Of the JSON body: each one's kind in `fields.KINDS`. What does not fit is refused before the route sees it.
    own_checks
        Not so: what is wrong with the fields is told by the service, all at once, under a code of its own.
    """

    def register(handler: Handler) -> Handler:
        ROUTES.append(Route(method, pattern, handler, auth, body, waits, query, dict(fields or {}), own_checks))
        return handler

    return register
