"""An attempt's folders as its container has them, and whose they are."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from valo_jupyter.runtime.contract import Folders

#: Valohai's own places
PLACES = Folders(Path("/valohai"))
HOME = "/valohai/home"


@dataclass(frozen=True)
class Inside:
    """
    Attributes
    ----------
    folders
        The attempt's, on this machine.
    owner
        User and group of the container's programs, as this machine numbers them.
    read_only
        The container's own file system is, so that it needs another place for temporary files.
    writable_inputs
        Code downloads some of the inputs itself.
    """

    folders: Folders
    owner: tuple[int, int]
    read_only: bool = False
    writable_inputs: bool = False

    def mounts(self) -> list[dict[str, Any]]:
        """For the container engine, in the form of its API."""
        named = {
            (self.folders.repository, str(PLACES.repository), False),
            (self.folders.inputs, str(PLACES.inputs), not self.writable_inputs),
            (self.folders.outputs, str(PLACES.outputs), False),
            (self.folders.config, str(PLACES.config), True),
            (self._home, HOME, False),
        }
        if self.read_only:
            named.add((self._temporary, "/tmp", False))
        return [bind(source, target, read_only=read_only) for source, target, read_only in sorted(named)]

    def path(self, outside: Path) -> str:
        """A path of the attempt's folders as programs inside know it."""
        return str(PurePosixPath(PLACES.root) / outside.relative_to(self.folders.root).as_posix())

    def give(self) -> None:
        """Let the container's programs have the folders; they are ours before and after."""
        self._home.mkdir(exist_ok=True, mode=0o700)
        if self.read_only:
            self._temporary.mkdir(exist_ok=True)
            self._temporary.chmod(0o1777)
        if self.owner != _ours():
            for folder in self._all():
                _chown(folder, self.owner)

    def take_back(self) -> None:
        """What the container's programs wrote is ours again; links to the places inside lead to those outside.

        For when nothing runs in the container any more.
        """
        if os.geteuid() == 0:
            for folder in self._all():
                _chown(folder, _ours())
        self._relink(self.folders.outputs)

    def _relink(self, folder: Path) -> None:
        for parent, folders, files in os.walk(folder):
            for name in (*folders, *files):
                path = Path(parent, name)
                if path.is_symlink():
                    target = os.readlink(path)
                    if target.startswith(f"{PLACES.root}/") and ".." not in target.split("/"):
                        path.unlink()
                        path.symlink_to(self.folders.root / target.removeprefix(f"{PLACES.root}/"))

    def _all(self) -> list[Path]:
        made = (
            self.folders.repository,
            self.folders.inputs,
            self.folders.outputs,
            self.folders.config,
            self._home,
            self._temporary,
        )
        return [folder for folder in made if folder.is_dir() and not folder.is_symlink()]

    @property
    def _home(self) -> Path:
        return self.folders.root / "home"

    @property
    def _temporary(self) -> Path:
        return self.folders.root / "tmp"


def bind(source: Path, target: str, *, read_only: bool = False) -> dict[str, Any]:
    """A folder of this machine in the container; unlike with `-v`, one that is missing is an error."""
    return {
        "Type": "bind",
        "Source": str(source),
        "Target": target,
        "ReadOnly": read_only,
        "BindOptions": {"Propagation": "rprivate"},
    }


def _ours() -> tuple[int, int]:
    return os.geteuid(), os.getegid()


def _chown(folder: Path, owner: tuple[int, int]) -> None:
    os.lchown(folder, *owner)
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = os.path.join(parent, name)
            status = os.lstat(path)
            if (status.st_uid, status.st_gid) != owner:
                os.lchown(path, *owner)
