"""Users and their tokens."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from valo_jupyter.db import Database
from valo_jupyter.db.tables import tokens, users
from valo_jupyter.domain import clock
from valo_jupyter.domain.errors import Unauthenticated
from valo_jupyter.services.pool import token_hash


@dataclass(frozen=True)
class User:
    id: int
    username: str
    admin: bool

    @classmethod
    def from_row(cls, row: Any) -> User:
        return cls(row.id, row.username, row.admin)


class Accounts:
    def __init__(self, database: Database) -> None:
        self._database = database
        # a token is asked for with every request; its user does not change while the process lives
        self._known: dict[str, User] = {}

    def by_token(self, token: str) -> User:
        """The token's user, or `Unauthenticated`."""
        digest = token_hash(token)
        user = self._known.get(digest)
        if user is not None:
            return user
        with self._database.read() as connection:
            row = connection.execute(
                sa.select(users).join(tokens, tokens.c.user_id == users.c.id).where(tokens.c.hash == digest)
            ).one_or_none()
        if row is None:
            raise Unauthenticated()
        self._known[digest] = User.from_row(row)
        return self._known[digest]

    def ensure(self, username: str, *, admin: bool = False) -> User:
        """The user of that name, made if there is none."""
        query = sa.select(users).where(users.c.username == username)
        with self._database.write() as connection:
            row = connection.execute(query).one_or_none()
            if row is None:
                connection.execute(sa.insert(users).values(username=username, admin=admin, ctime=clock.now()))
                row = connection.execute(query).one()
            return User.from_row(row)

    def new_token(self, user: User) -> str:
        """A new API token; only its hash is kept."""
        token = secrets.token_urlsafe(32)
        self.accept_token(user, token)
        return token

    def accept_token(self, user: User, token: str) -> None:
        """Make `token` one of the user's, if it is not yet."""
        digest = token_hash(token)
        with self._database.write() as connection:
            if connection.execute(sa.select(tokens.c.hash).where(tokens.c.hash == digest)).one_or_none() is None:
                connection.execute(sa.insert(tokens).values(hash=digest, user_id=user.id, ctime=clock.now()))
