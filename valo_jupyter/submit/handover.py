"""How a snapshot's commit reaches the server: straight into its repository on this machine, or pushed as a pack."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from valo_jupyter.client.http import Http
from valo_jupyter.domain.errors import MissingObjects, NotFound
from valo_jupyter.domain.state import StateFolder, write_private
from valo_jupyter.snapshots import Snapshot, ensure_repository, pack

#: a first push may be of hundreds of megabytes, over a slow line
PUSH_SECONDS = 600.0


@dataclass(frozen=True)
class Handover:
    """Where to record commits of one project, and how to tell the server of them."""

    http: Http
    project_id: str
    git_dir: Path
    #: the server reads this very repository, and runs kernels of this machine
    same_machine: bool

    @classmethod
    def to(cls, http: Http, project: dict[str, Any]) -> Handover:
        """`project` as `projects/resolve/` answers it."""
        shared = project.get("repository")
        # a server in a container of this host may name a folder that is not here
        if shared and Path(shared).is_dir():
            return cls(http, project["id"], Path(shared), same_machine=True)
        server = hashlib.sha256(http.url.encode()).hexdigest()[:16]
        git_dir = StateFolder.default().root / "clients" / server / project["id"] / "repository.git"
        git_dir.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        ensure_repository(git_dir)
        return cls(http, project["id"], git_dir, same_machine=False)

    def register(self, taken: Snapshot) -> dict[str, Any]:
        """The server's commit for the snapshot, which it has from now on."""
        if not self.same_machine:
            self._push(taken.commit)
        return self.http.post(
            f"projects/{self.project_id}/commits/",
            {"commit": taken.commit, "identifier": taken.identifier},
            repeatable=True,
        )

    def _push(self, commit: str) -> None:
        record = self.git_dir.parent / "pushed"
        pushed = record.read_text().strip() if record.exists() else None
        if pushed == commit:
            return
        try:
            self._send(commit, pushed)
        except (MissingObjects, NotFound):
            # one side or the other no longer has what was pushed last
            self._send(commit, None)
        write_private(record, commit)

    def _send(self, commit: str, have: str | None) -> None:
        with tempfile.TemporaryFile() as file:
            file.writelines(pack(self.git_dir, commit, [have] if have else []))
            size = file.tell()
            file.seek(0)
            self.http.send(
                "POST",
                f"projects/{self.project_id}/push/",
                body=file,
                headers={
                    "Content-Type": "application/x-git-packed-objects",
                    "Content-Length": str(size),
                    "X-Valo-Commit": commit,
                },
                repeatable=True,
                timeout=PUSH_SECONDS,
            )
