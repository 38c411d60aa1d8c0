"""The built-in store: a folder that holds each content once, under its sha256."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from valo_jupyter.stores.base import Cancel, CheckReport, ObjectInfo, Progress, Step
from valo_jupyter.stores.copying import copy_file
from valo_jupyter.stores.digests import CHUNK, Checksums, digest_file
from valo_jupyter.stores.errors import Changed, Corrupt, Misconfigured, NotFound, StoreError, Unavailable

SCHEME = "valo://"
_KEY = re.compile(r"[0-9a-f]{64}")


class LocalStore:
    """Content-addressed: `objects/ab/cdef…`; a key is a sha256, a URI `valo://<sha256>`.

    The key asked for in `put_file` plays no part. An object is a read-only file that appears by one `link`, so it is
    whole, and whoever comes second finds it there.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)
        self._objects = self.root / "objects"
        self._incoming = self.root / "incoming"

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> LocalStore:
        if not config.get("root"):
            raise Misconfigured("The built-in store's settings name no folder (`root`).")
        return cls(config["root"])

    def path(self, key: str) -> Path:
        """Where the object's file is; the server reads downloads from it. Raises `NotFound` for what is no key."""
        if not _KEY.fullmatch(key):
            raise NotFound(f"“{key}” is no key of the built-in store: keys are sha256 checksums.")
        return self._objects / key[:2] / key[2:]

    @staticmethod
    def key_of(uri: str) -> str:
        """The key in a `valo://` URI."""
        key = uri.removeprefix(SCHEME)
        if not uri.startswith(SCHEME) or not _KEY.fullmatch(key):
            raise NotFound(f"“{uri}” is no address of the built-in store: those look like {SCHEME}<sha256>.")
        return key

    def uri_of(self, key: str) -> str:
        return SCHEME + key

    def check(self) -> CheckReport:
        probe = self._incoming / f"check-{uuid.uuid4().hex}"
        try:
            self._incoming.mkdir(parents=True, exist_ok=True)
            probe.write_bytes(b"check")
            probe.unlink()
        except OSError as error:
            problem = f"The folder {self.root} cannot be written: {error.strerror}. Check its permissions."
            return CheckReport((Step("write", False, problem),))
        return CheckReport((Step("write", True),))

    def head(self, key: str) -> ObjectInfo:
        try:
            size = self.path(key).stat().st_size
        except FileNotFoundError:
            raise NotFound(f"The built-in store has no object {key}; it may have been purged.") from None
        return ObjectInfo(key, SCHEME + key, size, sha256=key)

    def get_file(
        self,
        key: str,
        path: Path,
        *,
        expect: str | None = None,
        noted: ObjectInfo | None = None,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> ObjectInfo:
        info = self.head(key)
        with _as_store_errors(self.root):
            copy_file(self.path(key), path, cancel=cancel)
        try:
            sums = digest_file(path, progress=progress, cancel=cancel)
            if {key, expect or key} != {sums.sha256}:
                raise Corrupt(f"The object {key} of the built-in store has other content (sha256 {sums.sha256}).")
        except StoreError:
            path.unlink(missing_ok=True)
            raise
        return _info(sums, info.size)

    def put_file(
        self,
        path: Path,
        key: str = "",
        *,
        move: bool = False,
        known: Checksums | None = None,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> ObjectInfo:
        with _as_store_errors(self.root):
            self._incoming.mkdir(parents=True, exist_ok=True)
            if move and path.stat().st_nlink == 1 and _same_device(path, self._incoming):
                sums = self._take_in_place(path, progress, cancel)
            else:
                sums = self._take_copy(path, progress, cancel)
                if move:
                    path.unlink()
            return _info(sums, sums.size)

    def adopt(self, path: Path, key: str) -> None:
        """Make the file, which nobody writes to, the object `key`; it is gone from `path`. `Corrupt`: it is another."""
        with _as_store_errors(self.root):
            found = hashlib.sha256()
            with path.open("rb") as file:
                while block := file.read(CHUNK):
                    found.update(block)
            if found.hexdigest() != key:
                raise Corrupt(f"The file was to be {key}, and has other content (sha256 {found.hexdigest()}).")
            self._link(path, key)
            path.unlink(missing_ok=True)

    def list(self, prefix: str = "", after: str | None = None) -> Iterator[ObjectInfo]:
        for folder in sorted(self._objects.glob("??")):
            if not (folder.name.startswith(prefix[:2]) and folder.name >= (after or "")[:2]):
                continue
            for key in sorted(folder.name + name for name in os.listdir(folder)):
                if key.startswith(prefix) and key > (after or ""):
                    yield self.head(key)

    def signed_url(self, key: str, *, ttl: float, filename: str | None = None, inline: bool = False) -> str | None:
        self.head(key)
        return None

    def delete(self, key: str) -> None:
        with _as_store_errors(self.root):
            self.path(key).unlink(missing_ok=True)

    def _take_in_place(self, path: Path, progress: Progress | None, cancel: Cancel | None) -> Checksums:
        before = path.stat()
        sums = digest_file(path, progress=progress, cancel=cancel)
        after = path.stat()
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise Changed(f"{path.name} was written to while it was being stored.")
        self._link(path, sums.sha256)
        path.unlink(missing_ok=True)
        return sums

    def _take_copy(self, path: Path, progress: Progress | None, cancel: Cancel | None) -> Checksums:
        # the copy is what is hashed: a file that changes meanwhile gives one consistent object, never a false name
        copy = self._incoming / uuid.uuid4().hex
        try:
            copy_file(path, copy, cancel=cancel)
            sums = digest_file(copy, progress=progress, cancel=cancel)
            self._link(copy, sums.sha256)
        finally:
            copy.unlink(missing_ok=True)
        return sums

    def _link(self, file: Path, key: str) -> None:
        target = self.path(key)
        if target.exists():
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        os.chmod(file, 0o444)
        _sync(file)
        try:
            os.link(file, target)
        except FileExistsError:
            return
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EMLINK):
                raise
            # a file system without hard links: nobody can be writing other content under this name
            os.replace(file, target)
        _sync(target.parent)


def _info(sums: Checksums, size: int) -> ObjectInfo:
    uri = SCHEME + sums.sha256
    return ObjectInfo(sums.sha256, uri, size, md5=sums.md5, sha1=sums.sha1, sha256=sums.sha256)


def _same_device(one: Path, other: Path) -> bool:
    return one.stat().st_dev == other.stat().st_dev


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _as_store_errors(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Unavailable(
                f"There is no room left for the built-in store at {root}; free some and try again."
            ) from error
        raise Unavailable(f"The built-in store at {root} cannot be used: {error}") from error
