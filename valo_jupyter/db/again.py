"""Begins a transaction again that another one was faster than."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError

from valo_jupyter.domain.errors import Overtaken

_TRIES = 5
#: PostgreSQL has ended one of two that waited for each other, or would not be one after the other
_UNDONE = frozenset({"40P01", "40001"})

P = ParamSpec("P")
T = TypeVar("T")


def again_if_overtaken(transaction: Callable[P, T]) -> Callable[P, T]:
    """The transaction, which is begun again with what is there then.

    So what it looks for (a state, a name that is taken) is what others have written in the same moment, too. It
    happens on PostgreSQL only: on SQLite writers take turns from their beginning.
    """

    def once(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return transaction(*args, **kwargs)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) in _UNDONE:
                raise Overtaken() from error
            raise

    @wraps(transaction)
    def tried(*args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(_TRIES - 1):
            try:
                return once(*args, **kwargs)
            except (Overtaken, IntegrityError):
                pass
        return once(*args, **kwargs)

    return tried
