"""Takes in the packages of Valohai's own client: a gzipped tar, unpacked safely and recorded whole."""

from __future__ import annotations

import gzip
import os
import shutil
import stat
import tarfile
import zlib
from pathlib import Path, PurePosixPath

from valo_jupyter.domain.errors import Invalid, TooLarge
from valo_jupyter.snapshots.objects import EMPTY_TREE, Objects
from valo_jupyter.snapshots.reading import Reader
from valo_jupyter.snapshots.repository import ensure_repository
from valo_jupyter.snapshots.scan import signature

MAX_BYTES = 20_000_000_000
MAX_FILES = 200_000
_CHUNK = 1 << 20
_DEPTH = 200
_PADDING = 1 << 20


def unpack_package(package: Path, destination: Path, *, max_bytes: int = MAX_BYTES, max_files: int = MAX_FILES) -> None:
    """Unpack into `destination`, which must be empty or not exist.

    Raises `Invalid` for what is no such package or would reach out of the folder (absolute paths, `..`, links that lead
    out, devices), `TooLarge` for more than the limits.
    """
    destination.mkdir(parents=True, exist_ok=True)
    if any(destination.iterdir()):
        raise Invalid(f"The folder {destination} is not empty.")
    try:
        with _Unzipped(package) as stream, tarfile.open(fileobj=stream, mode="r:") as archive:
            _Unpacking(archive, destination, max_bytes, max_files).run()
            while stream.read(_CHUNK):  # to its end, where gzip has its checksum
                if stream.tell() > max_bytes + _PADDING:
                    raise TooLarge("The package holds data after its last file.")
    except (tarfile.TarError, EOFError, zlib.error, UnicodeError, ValueError) as error:
        raise Invalid(f"The package cannot be read ({error}). Send a gzipped tar, as `vh` makes it.") from error
    except OSError as error:
        if type(error) is OSError or error.errno is None:  # gzip's own complaint, not the disk's
            raise Invalid(f"The package cannot be read ({error}). Send a gzipped tar, as `vh` makes it.") from error
        raise Invalid(f"The package cannot be unpacked: {error.strerror} ({error.filename}).") from error


class _Unzipped(gzip.GzipFile):
    """Never hands out more at once than a file's name or attributes can need: `tarfile` reads those in one piece."""

    def read(self, size: int | None = -1) -> bytes:
        if size is None or not 0 <= size <= _CHUNK:
            raise Invalid("The package holds a header that is larger than any file name. Nothing of it was used.")
        return super().read(size)


class _Unpacking:
    """One package. Links are made last, so that nothing can be written through one."""

    def __init__(self, archive: tarfile.TarFile, destination: Path, max_bytes: int, max_files: int) -> None:
        self._archive = archive
        self._destination = destination
        self._bytes = max_bytes
        self._files = max_files

    def run(self) -> None:
        links: dict[PurePosixPath, str] = {}
        for member in self._archive:
            self._files -= 1
            if self._files < 0:
                raise TooLarge(
                    "The package holds too many files. Leave data out with a .vhignore file; use inputs for it."
                )
            path = _inside(member.name, member.name)
            if any(above in links for above in path.parents):
                raise Invalid(f"The package's {member.name!r} lies below a link. Nothing of it was used.")
            if member.isdir():
                (self._destination / path).mkdir(parents=True, exist_ok=True)
            elif member.isreg():
                self._write(member, path)
            elif member.islnk():
                self._copy(_inside(member.linkname, member.name), path)
            elif member.issym():
                _inside(str(path.parent / member.linkname), member.name)
                links[path] = member.linkname
            else:
                raise Invalid(f"The package holds {member.name!r}, which is neither a file, a folder nor a link.")
        for path, target in links.items():
            if (self._destination / path).is_dir():
                raise Invalid(f"The package's {str(path)!r} is both a link and a folder. Nothing of it was used.")
            os.symlink(target, self._place(path))

    def _write(self, member: tarfile.TarInfo, path: PurePosixPath) -> None:
        self._bytes -= member.size
        if self._bytes < 0:
            raise TooLarge("The package unpacks to more than the server accepts. Use inputs for data.")
        source = self._archive.extractfile(member)
        assert source is not None
        with source, self._open(path, member.mode) as file:
            shutil.copyfileobj(source, file, _CHUNK)

    def _copy(self, original: PurePosixPath, path: PurePosixPath) -> None:
        """A second name of a file is a file of its own here."""
        source = self._destination / original
        if not source.is_file():
            raise Invalid(
                f"The package's {str(path)!r} is a link to {str(original)!r}, which is not before it in the package."
            )
        status = source.stat()
        self._bytes -= status.st_size
        if self._bytes < 0:
            raise TooLarge("The package unpacks to more than the server accepts. Use inputs for data.")
        with source.open("rb") as read, self._open(path, status.st_mode) as file:
            shutil.copyfileobj(read, file, _CHUNK)

    def _open(self, path: PurePosixPath, mode: int):
        permissions = 0o777 if mode & stat.S_IXUSR else 0o666
        return open(self._place(path), "wb", opener=lambda name, flags: os.open(name, flags, permissions))

    def _place(self, path: PurePosixPath) -> Path:
        place = self._destination / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_file():
            place.unlink()  # a later member of the same name counts, as in any tar
        return place


def _inside(path: str, member: str) -> PurePosixPath:
    """`path` without `.` and `..`, if it stays in the package."""
    parts: list[str] = []
    for part in PurePosixPath(path).parts:
        if part == "..":
            if not parts:
                raise Invalid(f"The package's {member!r} leads out of its folder ({path!r}). Nothing of it was used.")
            parts.pop()
        elif part.startswith("/") or "\0" in part:
            raise Invalid(
                f"The package's {member!r} is or leads to an absolute path ({path!r}). Nothing of it was used."
            )
        else:
            parts.append(part)
    if len(parts) > _DEPTH:
        raise Invalid(f"The package's {member[:80]!r} lies too deep.")
    return PurePosixPath(*parts)


def commit_folder(git_dir: Path, folder: Path) -> str:
    """Everything in a plain folder as a commit; no rule applies, but git can hold nothing named `.git`."""
    ensure_repository(git_dir)
    root = os.fsencode(folder.resolve())
    objects = Objects(git_dir)
    reader = Reader(root, objects)
    trees: dict[bytes, list[tuple[bytes, bytes, bytes]]] = {}
    for parent, folders, names in os.walk(root, onerror=_raise):
        relative = parent[len(root) + 1 :]
        prefix = relative + b"/" if relative else b""
        entries = trees[relative] = []
        for name in [*names, *(name for name in folders if os.path.islink(os.path.join(parent, name)))]:
            if name.lower() == b".git":
                continue
            status = os.lstat(os.path.join(parent, name))
            if stat.S_ISLNK(status.st_mode):
                entries.append((b"120000", name, reader.link(prefix + name, signature(status)).sha))
            elif stat.S_ISREG(status.st_mode):
                mode = b"100755" if status.st_mode & stat.S_IXUSR else b"100644"
                entries.append((mode, name, reader.file(prefix + name, None).sha))
        folders[:] = [
            name for name in folders if name.lower() != b".git" and not os.path.islink(os.path.join(parent, name))
        ]
    tree = EMPTY_TREE
    for path in reversed(trees):
        tree = objects.write_tree(trees[path])
        if path:
            above, name = os.path.split(path)
            trees[above].append((b"40000", name, tree))
    return objects.write_commit(tree)


def _raise(error: OSError) -> None:
    raise error
