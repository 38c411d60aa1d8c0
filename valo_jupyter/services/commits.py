"""Code: every commit of a project, adhoc or not, in the project's one bare repository."""

from __future__ import annotations

import hashlib
import tempfile
import uuid
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from valo_jupyter import snapshots
from valo_jupyter.db import Database
from valo_jupyter.db.tables import commits
from valo_jupyter.domain import clock
from valo_jupyter.domain.errors import Invalid, NotFound
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.services.accounts import User
from valo_jupyter.services.projects import visible_project


class Commits:
    def __init__(self, database: Database, state: StateFolder) -> None:
        self._database = database
        self._state = state

    def repository(self, project_id: str) -> Path:
        """The project's bare repository, made when it is first needed, mended when it is incomplete."""
        return snapshots.ensure_repository(self._state.repository(project_id))

    def register(self, user: User, project_id: str, sha: str, identifier: str, description: str = "") -> Any:
        """Make a snapshot commit that is in the repository known; the same one again is the same row."""
        if not identifier.startswith("~"):
            raise Invalid("The identifier of adhoc code begins with “~”.")
        existing = self.find(user, project_id, identifier)
        if existing is not None:
            return existing
        if not snapshots.has_commit(self.repository(project_id), sha):
            raise NotFound(f"The project's repository has no commit {sha}; push it first.")
        return self._insert(user, project_id, sha, identifier, description, "valohai.yaml")

    def push(self, user: User, project_id: str, pack: IO[bytes], sha: str) -> None:
        """Take a packfile into the repository. Raises `MissingObjects` when it builds on what is not there."""
        self._visible(user, project_id)
        snapshots.receive_pack(self.repository(project_id), pack, sha)

    def import_package(self, user: User, project_id: str, package: Path, description: str, yaml_path: str) -> Any:
        """A `.tgz` of code, as `vh --adhoc` makes it; its identifier is `~` and the sha256 of its bytes."""
        self._visible(user, project_id)
        digest = hashlib.sha256()
        with package.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
        identifier = f"~{digest.hexdigest()}"
        existing = self.find(user, project_id, identifier)
        if existing is not None:
            return existing
        repository = self.repository(project_id)
        with tempfile.TemporaryDirectory(prefix="package-", dir=repository.parent) as folder:
            snapshots.unpack_package(package, Path(folder))
            sha = snapshots.commit_folder(repository, Path(folder))
        return self._insert(user, project_id, sha, identifier, description, yaml_path or "valohai.yaml")

    def _visible(self, user: User, project_id: str) -> None:
        with self._database.read() as connection:
            visible_project(connection, user, project_id)

    def _insert(self, user: User, project_id: str, sha: str, identifier: str, description: str, yaml_path: str) -> Any:
        try:
            with self._database.write() as connection:
                connection.execute(
                    sa.insert(commits).values(
                        id=str(uuid.uuid4()),
                        project_id=project_id,
                        identifier=identifier,
                        sha=sha,
                        adhoc=identifier.startswith("~"),
                        description=description,
                        yaml_path=yaml_path,
                        creator_id=user.id,
                        ctime=clock.now(),
                    )
                )
        except IntegrityError:  # the same code from two places at once
            pass
        return self.get(user, project_id, identifier)

    def find(self, user: User, project_id: str, identifier: str) -> Any | None:
        with self._database.read() as connection:
            visible_project(connection, user, project_id)
            return connection.execute(
                sa.select(commits).where(commits.c.project_id == project_id, commits.c.identifier == identifier)
            ).one_or_none()

    def get(self, user: User, project_id: str, identifier: str) -> Any:
        row = self.find(user, project_id, identifier)
        if row is None:
            raise NotFound(f"The project has no commit {identifier!r}; snapshot or fetch it first.")
        return row

    def by_id(self, user: User, commit_id: str) -> Any:
        with self._database.read() as connection:
            row = connection.execute(sa.select(commits).where(commits.c.id == commit_id)).one_or_none()
            if row is None:
                raise NotFound()
            visible_project(connection, user, row.project_id)
            return row

    def list(self, user: User, project_id: str, adhoc: bool | None = None, limit: int = 9000) -> list[Any]:
        """Newest first."""
        query = sa.select(commits).where(commits.c.project_id == project_id)
        if adhoc is not None:
            query = query.where(commits.c.adhoc == adhoc)
        with self._database.read() as connection:
            visible_project(connection, user, project_id)
            return list(connection.execute(query.order_by(commits.c.ctime.desc()).limit(limit)))

    def file(self, commit: Any, path: str) -> bytes | None:
        """The content of a file of the commit; None when it has none."""
        return snapshots.read_file(self.repository(commit.project_id), commit.sha, path)

    def write_zip(self, commit: Any, file: IO[bytes]) -> None:
        snapshots.write_zip(self.repository(commit.project_id), commit.sha, file)
