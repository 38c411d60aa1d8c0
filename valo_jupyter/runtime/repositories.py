"""Code on a machine elsewhere: a bare repository for each project, shared by the machines of a computer."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlencode

from valo_jupyter.domain.errors import MissingObjects, ServerUnreachable
from valo_jupyter.runtime.wire import Pauses, Wire
from valo_jupyter.snapshots import ensure_repository, has_commit, receive_pack

#: commits that the server is told of, so that it sends only what is new since
_TOLD = 20
#: packs in a repository; beyond that it is sooner fetched anew than searched
_PACKS = 50
_CHUNK = 1024 * 1024
#: a pack is made before its first byte is sent
_PACK_SECONDS = 600.0
#: what is on its way in, or out; and the seconds after which it is nobody's any more: its machine was ended meanwhile
_FETCHED, _GONE = ".code-", ".gone-"
_ABANDONED = 24 * 3600


class Repositories:
    """`<folder>/<project>/repository.git`, each with a lock: shared while it is used, exclusive to remove it."""

    def __init__(self, folder: Path, largest: int) -> None:
        self._folder = folder
        self._largest = largest
        folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def holding(self, project: str, commit: str, wire: Wire, give_up: threading.Event) -> Iterator[Path]:
        """A repository that has the commit, and keeps it while the block runs."""
        with _locked(self._folder / f"{project}.lock", fcntl.LOCK_SH):
            git_dir = ensure_repository(self._folder / project / "repository.git")
            # machines that start together need not all fetch
            with _locked(self._folder / f"{project}.fetch", fcntl.LOCK_EX):
                if not has_commit(git_dir, commit):
                    self._fetch(git_dir, commit, wire, give_up)
                _note(git_dir, commit)
            yield git_dir
        self.trim()

    def _fetch(self, git_dir: Path, commit: str, wire: Wire, give_up: threading.Event) -> None:
        have = _noted(git_dir)
        pauses = Pauses()
        while True:
            try:
                with tempfile.TemporaryDirectory(prefix=_FETCHED, dir=self._folder) as folder:
                    pack = Path(folder) / "pack"
                    _download(wire, have, pack)
                    receive_pack(git_dir, pack, commit)
                return
            except MissingObjects:
                if not have:
                    raise
                have = []
            except ServerUnreachable:
                if give_up.wait(pauses.next()):
                    raise

    def trim(self) -> None:
        """Remove what was not used for the longest while there is too much, and what is slow by now."""
        found = []
        for lock in self._folder.glob("*.lock"):
            with suppress(OSError):
                project = self._folder / lock.stem
                packs = [path.stat() for path in project.glob("repository.git/objects/pack/*")]
                crowded = len(packs) > 2 * _PACKS
                found.append((not crowded, lock.stat().st_mtime, sum(one.st_size for one in packs), lock, project))
        excess = sum(size for _, _, size, _, _ in found) - self._largest
        for fine, _, size, lock, project in sorted(found):
            if fine and excess <= 0:
                break
            if _removed(lock, project):
                excess -= size
        for left in (*self._folder.glob(f"{_FETCHED}*"), *self._folder.glob(f"{_GONE}*")):
            with suppress(FileNotFoundError):
                if time.time() - left.stat().st_mtime > _ABANDONED:
                    shutil.rmtree(left, ignore_errors=True)


def _download(wire: Wire, have: list[str], target: Path) -> None:
    query = urlencode([("have", sha) for sha in have])
    answer = wire.send("GET", f"/run/v1/code?{query}", stream=True, read_seconds=_PACK_SECONDS)
    with wire.reading(answer), target.open("wb") as file:
        for piece in answer.stream(_CHUNK):
            file.write(piece)


def _removed(lock: Path, project: Path) -> bool:
    """Remove a repository that nobody uses."""
    try:
        with _locked(lock, fcntl.LOCK_EX | fcntl.LOCK_NB):
            # out of sight first: a removal that is cut short leaves no half of a repository
            gone = project.with_name(f"{_GONE}{project.name}-{os.getpid()}")
            os.rename(project, gone)
            shutil.rmtree(gone, ignore_errors=True)
            return True
    except OSError:
        return False


@contextmanager
def _locked(path: Path, how: int) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, how)
        if not how & fcntl.LOCK_NB:
            # when it was last used
            os.utime(path, (time.time(), time.time()))
        yield


def _noted(git_dir: Path) -> list[str]:
    try:
        return (git_dir / "valo-commits").read_text().split()[-_TOLD:]
    except OSError:
        return []


def _note(git_dir: Path, commit: str) -> None:
    known = [sha for sha in _noted(git_dir) if sha != commit]
    temporary = git_dir / f"valo-commits.{os.getpid()}"
    temporary.write_text("\n".join([*known, commit]))
    os.replace(temporary, git_dir / "valo-commits")
