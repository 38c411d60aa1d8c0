"""Several files as one zip, made while it is sent: stored as they are, of any size, without a temporary file."""

from __future__ import annotations

import hashlib
import json
import posixpath
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import sqlalchemy as sa

from valo_jupyter.db import Connection, Database
from valo_jupyter.db.tables import data, dataset_versions
from valo_jupyter.domain.errors import Conflict, Invalid, NotFound
from valo_jupyter.domain.state import StateFolder, write_private
from valo_jupyter.services import listing, version_rows
from valo_jupyter.services.accounts import User
from valo_jupyter.services.contents import TTL, Contents
from valo_jupyter.services.data import select_data
from valo_jupyter.services.datum_rows import SOME, in_parts
from valo_jupyter.services.projects import visible_project
from valo_jupyter.services.zips import Entry, zipped

MAX_FILES = 100_000


class Archives:
    """What an address stands for is a list in the state folder, which goes some time after the address has run out."""

    def __init__(self, database: Database, state: StateFolder, contents: Contents) -> None:
        self._database = database
        self._folder = state.root / "archives"
        self._contents = contents

    def prepare(self, user: User, given: Mapping[str, Any]) -> tuple[str, str]:
        """`(name of the zip, its key)`, for `data` (ids), an `execution` or a `dataset_version`."""
        with self._database.read() as connection:
            name, files = self._files(connection, user, given)
        if not files:
            raise NotFound("There are no files to be packed; those whose content was purged have none.")
        if len(files) > MAX_FILES:
            raise Invalid(f"These are {len(files)} files; a zip takes up to {MAX_FILES}.")
        content = json.dumps(files)
        key = hashlib.sha256(content.encode()).hexdigest()
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._forget()
        write_private(self._folder / key, content)
        return name, key

    def stream(self, key: str) -> Iterator[bytes]:
        """The zip in pieces."""
        try:
            files: list[tuple[str, str]] = json.loads((self._folder / key).read_text())
        except FileNotFoundError:
            raise NotFound("This archive is not known any more; ask for a new address.") from None
        return zipped(self._entries(files))

    def _files(self, connection: Connection, user: User, given: Mapping[str, Any]) -> tuple[str, list[tuple[str, str]]]:
        """`(name, (id, name in the zip) of each)`, without those that were purged."""
        if given.get("execution"):
            row = listing.find(connection, user, str(given["execution"]))
            made = (data.c.output_execution_id == row.id) & data.c.purged.is_(False)
            rows = connection.execute(sa.select(data.c.id, data.c.name).where(made).order_by(data.c.ctime, data.c.id))
            return f"{row.project_name}-{row.counter}.zip", _named((one.id, one.name) for one in rows)
        if given.get("dataset_version"):
            key = dataset_versions.c.id == str(given["dataset_version"])
            version = connection.execute(version_rows.select_versions().where(key)).one_or_none()
            if version is None:
                raise NotFound("There is no such version, or you may not see it.")
            visible_project(connection, user, version.project_id)
            rows = version_rows.files_of(connection, version.id)
            present = ((one.id, one.file_name) for one in rows if not one.purged)
            return f"{version.dataset_name}-{version.name}.zip", _named(present)
        ids = given.get("data")
        if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
            raise Invalid("Name `data`, a list of files, an `execution` or a `dataset_version`.")
        found = {
            row.id: row
            for some in in_parts(ids)
            for row in connection.execute(
                sa.select(data.c.id, data.c.name, data.c.project_id, data.c.purged).where(data.c.id.in_(some))
            )
        }
        for project_id in {row.project_id for row in found.values()}:
            visible_project(connection, user, project_id)
        if missing := [one for one in ids if one not in found]:
            raise NotFound(f"There is no file {missing[0]}, or you may not see it.")
        return "files.zip", _named((one, found[one].name) for one in dict.fromkeys(ids) if not found[one].purged)

    def _entries(self, files: list[tuple[str, str]]) -> Iterator[Entry]:
        for start in range(0, len(files), SOME):
            some = files[start : start + SOME]
            with self._database.read() as connection:
                query = select_data().where(data.c.id.in_([datum_id for datum_id, _ in some]))
                rows = {row.id: row for row in connection.execute(query)}
            for datum_id, name in some:
                row = rows.get(datum_id)
                if row is None:
                    raise Conflict("A file of the archive was removed while it was packed.")
                yield Entry(name, row.size, row.ctime, self._contents.read(row))

    def _forget(self) -> None:
        for path in self._folder.iterdir():
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > 2 * TTL:
                    path.unlink()


def _named(files: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Names that stay below the folder where the zip is unpacked, each once."""
    taken: set[str] = set()
    last: dict[str, int] = {}
    found = []
    for datum_id, name in files:
        parts = [part for part in name.split("/") if part not in ("", ".", "..")]
        wanted = "/".join(parts) or datum_id
        name = wanted
        stem, ending = posixpath.splitext(name)
        while wanted in taken:
            last[name] = last.get(name, 1) + 1
            wanted = f"{stem}~{last[name]}{ending}"
        taken.add(wanted)
        found.append((datum_id, wanted))
    return found
