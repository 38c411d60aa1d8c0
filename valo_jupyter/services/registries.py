"""Credentials for private registries: entries by pattern, each for the images of its owner's projects only."""

from __future__ import annotations

import builtins
import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from valo_jupyter.db import Connection, Database
from valo_jupyter.db.tables import registries, users
from valo_jupyter.domain import clock
from valo_jupyter.domain.errors import Conflict, ImageUnavailable, NoRegistryEntry, NotFound
from valo_jupyter.domain.images import Pattern, Reference, match
from valo_jupyter.domain.registries import Credentials, Entry, check_entry, entries_refused, stands_for_organization
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.services.accounts import User
from valo_jupyter.services.ecr import EcrPasswords
from valo_jupyter.services.sealing import Seal


class RegistryExists(Conflict):
    """There is an entry for this pattern already; change that one."""

    code = "registry_exists"


class Registries:
    def __init__(self, database: Database, state: StateFolder, seal: Seal) -> None:
        self._database = database
        self._state = state
        self._seal = seal
        self._ecr = EcrPasswords()

    # entries; of another owner's only administrators know

    def list(self, user: User) -> builtins.list[Any]:
        """Rows of the entries that the user may see, by pattern."""
        query = _select().order_by(registries.c.match, registries.c.ctime)
        if not user.admin:
            query = query.where(registries.c.owner_id == user.id)
        with self._database.read() as connection:
            return builtins.list(connection.execute(query))

    def get(self, user: User, registry_id: str) -> Any:
        with self._database.read() as connection:
            return _visible(connection, user, registry_id)

    def create(self, user: User, given: Mapping[str, Any]) -> Any:
        """A new entry's row; raises `InvalidRegistry` or `RegistryExists`."""
        entry = check_entry(given)
        now, registry_id = clock.now(), str(uuid.uuid4())
        values = {**self._columns(entry), "id": registry_id, "owner_id": user.id, "ctime": now, "mtime": now}
        with _unique(entry), self._database.write() as connection:
            connection.execute(sa.insert(registries).values(**values))
        return self.get(user, registry_id)

    def edit(self, user: User, registry_id: str, given: Mapping[str, Any]) -> Any:
        """Change an entry; its password stays unless another is given, or the pattern names another registry."""
        with self._database.write() as connection:
            # seen and changed at once: the password must never come to be one for another registry
            row = _visible(connection, user, registry_id, lock=True)
            entry = check_entry(given, Entry(row.match, row.type, row.username, None))
            values = {**self._columns(entry), "mtime": clock.now()}
            with _unique(entry):
                connection.execute(sa.update(registries).where(registries.c.id == registry_id).values(**values))
        return self.get(user, registry_id)

    def delete(self, user: User, registry_id: str) -> None:
        with self._database.write() as connection:
            _visible(connection, user, registry_id)
            connection.execute(sa.delete(registries).where(registries.c.id == registry_id))

    def _columns(self, entry: Entry) -> dict[str, Any]:
        columns = {"match": entry.match, "type": entry.type, "username": entry.username}
        if entry.password is not None:
            columns["password"] = self._seal.close(entry.password)
        return columns

    # their use

    def for_image(self, owner_id: int, image: Reference) -> dict[str, Any]:
        """What a machine pulls a project's image with: `{"username", "password", "entry": {"id", "match"}}`.

        All are None where no entry of the owner is for the image; then `note` says why, if one would be but may not
        be used.

        Raises
        ------
        ImageUnavailable
            The entry's password must be asked for (AWS ECR), and was not given.
        """
        nothing = {"username": None, "password": None, "entry": None, "note": None}
        with self._database.read() as connection:
            row = _entry(connection, owner_id, image)
            if row is None:
                return nothing
            accounts = connection.execute(sa.select(sa.func.count()).select_from(users)).scalar_one()
        refused = entries_refused(stands_for_organization(accounts))
        if refused:
            return {**nothing, "note": refused}
        credentials = self._credentials(row, image.domain)
        return {
            "username": credentials.username,
            "password": credentials.password,
            "entry": {"id": row.id, "match": row.match},
            "note": None,
        }

    def test(self, user: User, registry_id: str, image: str | None = None) -> dict[str, Any]:
        """Ask the registry whether the entry works: `{"ok", "code", "message", "image", "digest"}`.

        Parameters
        ----------
        image
            Its manifest is asked for. None: the image or the repository that the entry names; else only the login is
            tried.
        """
        row = self.get(user, registry_id)
        pattern = Pattern.parse(row.match)
        wanted = Reference.parse(image) if image else None
        answer = {"ok": False, "code": None, "image": str(wanted) if wanted else None, "digest": None}
        try:
            if wanted is not None and not pattern.covers(wanted):
                raise NoRegistryEntry(f"The entry {row.match} is not for the image {wanted}; another entry must be.")
            self._ecr.forget()
            return {**answer, **self._tried(row, pattern, wanted)}
        except ImageUnavailable as error:
            return {**answer, "code": error.code, "message": error.message}

    def _tried(self, row: Any, pattern: Pattern, wanted: Reference | None) -> dict[str, Any]:
        # imported on first use: nothing else of the web process asks over HTTP
        from valo_jupyter.services.manifests import Registry

        domain = pattern.domain
        credentials = self._credentials(row, domain)
        plain = domain in insecure_registries(self._state)
        registry = Registry(domain, credentials, entry=row.match, plain=plain)
        if wanted is None and pattern.version is not None:
            wanted = Reference.parse(row.match)
        digest = registry.manifest(wanted) if wanted is not None else None
        if wanted is not None:
            message = f"{domain} would give {wanted}."
        elif pattern.below:
            registry.log_in()
            message = f"{domain} took the user name and the password; name an image to see whether it would be given."
        else:
            path = "/".join(pattern.path)
            registry.repository(path)
            message = f"{domain} lets the entry {row.match} pull from {path}."
        if not registry.logged_in:
            message += " It did not ask for a password."
        return {"ok": True, "message": message, "image": str(wanted) if wanted else None, "digest": digest}

    def _credentials(self, row: Any, domain: str) -> Credentials:
        credentials = Credentials(row.username, self._seal.open(row.password))
        return self._ecr.get(domain.lower(), credentials, entry=row.match) if row.type == "ecr" else credentials


def insecure_registries(state: StateFolder) -> frozenset[str]:
    """Registries that may be asked without encryption: `insecure_registries` in the state folder's `settings.json`."""
    try:
        names = json.loads((state.root / "settings.json").read_text()).get("insecure_registries")
    except (OSError, ValueError, AttributeError):
        names = None
    return frozenset(name.lower() for name in names or () if isinstance(name, str))


def _entry(connection: Connection, owner_id: int, image: Reference) -> Any:
    """The most specific of the owner's entries for the image; None: there is none."""
    query = sa.select(registries).where(registries.c.owner_id == owner_id)
    rows = {row.match: row for row in connection.execute(query)}
    found = match(rows, image)
    return rows[found] if found else None


def _select() -> sa.Select:
    return sa.select(registries, users.c.username.label("owner_name")).join(users, users.c.id == registries.c.owner_id)


def _visible(connection: Connection, user: User, registry_id: str, *, lock: bool = False) -> Any:
    query = _select().where(registries.c.id == registry_id)
    row = connection.execute(query.with_for_update(of=registries) if lock else query).one_or_none()
    if row is None or not (user.admin or row.owner_id == user.id):
        raise NotFound("There is no such entry of a registry, or you may not see it.")
    return row


@contextmanager
def _unique(entry: Entry) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise RegistryExists(f"There is an entry for {entry.match} already; change that one.") from error
