"""An error answer of the server, back as the domain error it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from valo_jupyter.domain import errors
from valo_jupyter.domain.errors import ValoError

_BY_STATUS: dict[int, type[ValoError]] = {
    400: errors.Invalid,
    401: errors.Unauthenticated,
    403: errors.Forbidden,
    404: errors.NotFound,
    409: errors.Conflict,
    413: errors.TooLarge,
}


def _tree(root: type[ValoError]) -> Iterator[type[ValoError]]:
    yield root
    for child in root.__subclasses__():
        yield from _tree(child)


def error_of(status: int, body: bytes, address: str) -> ValoError:
    """The error that the server raised; an answer that is none of Valo's keeps its status and first words."""
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or not answer.get("message"):
        return _foreign(status, answer, body, address)
    details = answer.get("details")
    by_code = {kind.code: kind for kind in reversed(list(_tree(ValoError)))}
    kind = by_code.get(answer.get("code", ""), _BY_STATUS.get(status, ValoError))
    # a kind may be made of other things than its message
    error = kind.__new__(kind)
    ValoError.__init__(error, str(answer["message"]))
    # not as keywords: the keys are the server's, and may be any string
    error.details = details if isinstance(details, dict) else {}
    return error


def _foreign(status: int, answer: Any, body: bytes, address: str) -> ValoError:
    kind = _BY_STATUS.get(status, ValoError)
    said = json.dumps(answer) if isinstance(answer, dict) else body[:200].decode("utf-8", "replace")
    text = " ".join(said.split())[:300]
    return kind(f"{address} answered {status}{f': {text}' if text else ''}", status=status)
