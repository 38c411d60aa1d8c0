"""What is in the outputs folder: regular files, links that may be followed, and what cannot be stored."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

Complain = Callable[[str], None]


@dataclass(frozen=True)
class Found:
    """A file to be stored. `name` is relative to the outputs folder, with `/`."""

    name: str
    path: Path
    stat: os.stat_result
    #: reached through a link: the content has another place, where it stays
    link: bool

    @property
    def version(self) -> tuple[int, int, int]:
        """Another one means that the file was written to, or replaced."""
        return (self.stat.st_ino, self.stat.st_size, self.stat.st_mtime_ns)

    @property
    def read_only(self) -> bool:
        return bool(self.stat.st_mode & 0o400) and not self.stat.st_mode & 0o222


def find_outputs(folder: Path, root: Path, complain: Complain) -> Iterator[Found]:
    """Every file below `folder`, in the order of names; folders that cannot be read are left out.

    A link is followed when it leads to something of the attempt itself (below `root`): else an output could be any file
    of the machine. `complain` is told of each thing left out, and why.
    """
    if folder.is_symlink():
        complain(f"No outputs were stored: the outputs folder was replaced by a link to {os.readlink(folder)}")
        return
    yield from _walk(folder, "", root.resolve(), complain, (folder.resolve(),), False)


@contextmanager
def held(file: Found, folder: Path) -> Iterator[Path]:
    """A path of that very file, for while code may still put a link to any file of the machine in its place.

    Code in a container could have us read for it what it cannot read. Raises OSError if it is not there any more.
    """
    if sys.platform != "linux":
        yield file.path
        return
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(folder, flags | os.O_DIRECTORY)
    try:
        *above, name = file.path.relative_to(folder).parts
        for part in above:
            descriptor = _replaced(descriptor, os.open(part, flags | os.O_DIRECTORY, dir_fd=descriptor))
        # a pipe would make us wait for its other end
        descriptor = _replaced(descriptor, os.open(name, flags | os.O_NONBLOCK, dir_fd=descriptor))
        if os.fstat(descriptor).st_ino != file.stat.st_ino:
            raise FileNotFoundError(f"{file.name} was replaced")
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


def _replaced(descriptor: int, by: int) -> int:
    os.close(descriptor)
    return by


def make_readable(folder: Path) -> None:
    """Give us back what code made unreadable; for when nobody but us uses the folder any more."""
    if folder.is_symlink() or not folder.exists():
        return
    _allow(str(folder), 0o700)
    for path, folders, files in os.walk(folder):
        for name in folders:
            _allow(os.path.join(path, name), 0o700)
        for name in files:
            _allow(os.path.join(path, name), 0o400)


def _allow(path: str, mode: int) -> None:
    status = os.lstat(path)
    if not stat.S_ISLNK(status.st_mode) and status.st_mode & mode != mode:
        os.chmod(path, stat.S_IMODE(status.st_mode) | mode)


def _walk(
    folder: Path, prefix: str, root: Path, complain: Complain, above: tuple[Path, ...], linked: bool
) -> Iterator[Found]:
    try:
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except (FileNotFoundError, PermissionError):
        return
    for entry in listed:
        name, path = prefix + _readable(entry.name), Path(entry.path)
        link = entry.is_symlink()
        if link and (problem := _leads_astray(path, root)):
            complain(f"Output {name} was not stored: {problem}")
            continue
        try:
            status = entry.stat()
        except FileNotFoundError:
            # gone since it was listed
            continue
        if stat.S_ISDIR(status.st_mode):
            real = path.resolve()
            if link and real in above:
                complain(f"Output {name} was not stored: it is a link to a folder that holds it")
                continue
            yield from _walk(path, f"{name}/", root, complain, (*above, real), linked or link)
        elif stat.S_ISREG(status.st_mode):
            yield Found(name, path, status, linked or link)
        else:
            complain(f"Output {name} was not stored: it is no regular file")


def _leads_astray(path: Path, root: Path) -> str | None:
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError):
        return f"it is a link to {os.readlink(path)}, which does not exist"
    if not real.is_relative_to(root):
        return f"it is a link to {os.readlink(path)}, outside of the execution's own folders; copy the file instead"
    return None


def _readable(name: str) -> str:
    """A name that JSON can carry; bytes that are no UTF-8 become U+FFFD."""
    return os.fsencode(name).decode("utf-8", "replace")
