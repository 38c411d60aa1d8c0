"""Downloads of this machine, kept by content, so that an input is fetched once for many executions."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from valo_jupyter.stores.base import Cancel, ObjectInfo, Progress
from valo_jupyter.stores.copying import copy_file
from valo_jupyter.stores.digests import Checksums, checksums_of
from valo_jupyter.stores.errors import Cancelled
from valo_jupyter.stores.http import Validators, download

#: the most that a computer keeps for later executions, and the part of its disk that is the most
_LARGEST = 20_000_000_000
_SHARE = 0.1
_PART = ".part"
#: seconds without growth after which a partial download is nobody's any more
_ABANDONED = 24 * 3600
#: seconds for which an address is known that nobody asks for, and how many are known
_UNUSED = 30 * 24 * 3600
_ENTRIES = 200_000
#: what every kept file was last written at (nanoseconds since 1970): any other time is that of somebody's write
_MARK = 1_000_000_000 * 10**9
#: between looks at a lock that another download holds
_LOOK = 0.02
_NO_LINKS = frozenset({errno.EXDEV, errno.EMLINK, errno.EPERM, errno.ENOTSUP, errno.ENOSYS})


def largest_for(folder: Path) -> int:
    """How many bytes may be kept in `folder`, which exists."""
    return min(_LARGEST, int(shutil.disk_usage(folder).total * _SHARE))


@dataclass(frozen=True)
class Cached:
    """Content that is kept here, and what its address said of it when it was last asked."""

    sums: Checksums
    validators: Validators = field(default_factory=Validators)
    filename: str | None = None
    version: str | None = None


class InputCache:
    """`content/<sha256>`, `sums/<sha256>.json` and `addresses/<sha256 of the address>.json` in a folder.

    An address is asked each time whether its content has changed; what has no validators is fetched anew. One download
    at a time fetches a content, or an address: whoever wants the same waits for it and finds it there.

    An execution gets a hard link where its code cannot write to it: in a container, whose inputs are mounted read-only,
    and as processes of any account but root, since kept files are read-only. It costs nothing, and takes no room; so
    inputs of several executions at once are one file. Root's processes get a copy, which costs nothing either where the
    file system shares blocks: no permission would keep them from spoiling what others read. Whoever changes permissions
    to write to a kept file gives it another time, by which it is known, and fetched again.

    What was not used for the longest goes when there is more than `largest` bytes.
    """

    def __init__(self, folder: Path, largest: int = _LARGEST) -> None:
        self._folder = folder
        self._content = folder / "content"
        self._sums = folder / "sums"
        self._addresses = folder / "addresses"
        self._locks = folder / "locks"
        self._largest = largest
        for part in (self._content, self._sums, self._addresses, self._locks):
            part.mkdir(parents=True, exist_ok=True)

    def fetch(
        self,
        url: str,
        *,
        fresh: bool = False,
        expect: str | None = None,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
        private_redirects: bool = False,
    ) -> Cached:
        """See that the content behind a web address is here. `fresh`: download it whatever is known of it."""
        if expect is not None and not fresh and (sums := self.sums(expect)):
            return Cached(sums)
        with self._alone(url, cancel), self._part() as part:
            known = None if fresh else self._known(url)
            conditions = known.validators if known else None
            got = download(
                url,
                part,
                known=conditions,
                progress=progress,
                cancel=cancel,
                private_redirects=private_redirects,
            )
            if got.sums is None:
                assert known is not None
                return known
            self._keep(part, got.sums)
            cached = Cached(got.sums, got.validators, got.filename)
            self._remember(url, cached)
            return cached

    def fetch_object(
        self,
        info: ObjectInfo,
        get: Callable[[Path], ObjectInfo],
        *,
        fresh: bool = False,
        cancel: Cancel | None = None,
    ) -> Cached:
        """See that an object's content is here; `get` writes it to a path.

        `info` is what is known before: its `sha256`, or else its `version` or `etag`, may spare a download.
        """

        def kept() -> Cached | None:
            if info.sha256 is not None and (sums := self._noted(info) or self.sums(info.sha256)):
                return Cached(sums, version=info.version)
            known = self._known(info.uri) if info.sha256 is None else None
            return known if known is not None and _is_same(known, info) else None

        if not fresh and (found := kept()):
            return found
        with self._alone(info.sha256 or f"{info.uri} {info.version or info.etag}", cancel), self._part() as part:
            # another one may have fetched it meanwhile
            if not fresh and (found := kept()):
                return found
            got = get(part)
            sums = checksums_of(got)
            self._keep(part, sums)
            cached = Cached(sums, Validators(etag=got.etag), version=got.version)
            self._remember(info.uri, cached)
            return cached

    def sums(self, sha256: str) -> Checksums | None:
        """The checksums of content that is here, and used from now on."""
        try:
            sums = Checksums(**json.loads((self._sums / f"{sha256}.json").read_bytes()))
        except (OSError, ValueError, TypeError):
            return None
        return sums if self._used(sums) else None

    def place(self, sums: Checksums, path: Path, *, shared: bool = False, cancel: Cancel | None = None) -> None:
        """Put the content at `path`. FileNotFoundError: another execution has just trimmed it away.

        `shared`: a hard link, if the file systems can; else a copy.
        """
        kept = f"{self._content}/{sums.sha256}"
        if shared:
            try:
                return os.link(kept, path)
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
        copy_file(Path(kept), path, cancel=cancel)

    def room(self, needed: int = 0) -> int:
        """Bytes that can be written to this disk; where they are fewer than `needed`, what is kept here makes room."""
        free = shutil.disk_usage(self._folder).free
        if free < needed:
            self.trim(needed - free)
            free = shutil.disk_usage(self._folder).free
        return free

    def trim(self, excess: int = 0) -> None:
        """Make what is kept no larger than it may be, and `excess` bytes less; remove what broken downloads left.

        Other machines of this computer may be doing so, and who places a file that has just gone fetches it again.
        """
        with open(self._folder / ".trim", "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return
            self._trim(excess)

    def _trim(self, wanted: int) -> None:
        kept = []
        total = 0
        old = time.time() - _ABANDONED
        for file in self._content.iterdir():
            with suppress(FileNotFoundError):
                status = file.stat()
                part = _PART in file.name
                if part and status.st_mtime < old:
                    file.unlink(missing_ok=True)
                    continue
                total += status.st_size
                if not part:
                    # what another execution downloads at this moment is not ours to remove
                    kept.append((status.st_atime, status.st_size, file))
        excess = max(total - self._largest, wanted)
        for _, size, file in sorted(kept):
            if excess <= 0:
                break
            file.unlink(missing_ok=True)
            (self._sums / f"{file.name}.json").unlink(missing_ok=True)
            excess -= size
        _forget(self._locks, old, _ENTRIES)
        # small, but there is one for each address that was ever asked
        _forget(self._addresses, time.time() - _UNUSED, _ENTRIES)

    @contextmanager
    def _part(self) -> Iterator[Path]:
        part = self._content / f"{uuid.uuid4().hex}{_PART}"
        try:
            yield part
        finally:
            part.unlink(missing_ok=True)

    @contextmanager
    def _alone(self, what: str, cancel: Cancel | None) -> Iterator[None]:
        """Wait until nobody else on this computer fetches it, too."""
        with open(self._locks / _name(what), "w") as lock:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if cancel is not None and cancel():
                        raise Cancelled from None
                    time.sleep(_LOOK)
            yield

    def _keep(self, part: Path, sums: Checksums) -> None:
        os.chmod(part, 0o444)
        os.utime(part, ns=(time.time_ns(), _MARK))
        os.replace(part, self._content / sums.sha256)
        _write(self._sums / f"{sums.sha256}.json", asdict(sums))

    def _noted(self, info: ObjectInfo) -> Checksums | None:
        """As `sums`, of an object whose checksums are known: it costs little more than a link."""
        if info.md5 is None or info.sha1 is None or info.sha256 is None:
            return None
        sums = Checksums(info.size, info.md5, info.sha1, info.sha256)
        return sums if self._used(sums) else None

    def _used(self, sums: Checksums) -> bool:
        """Whether the content is here, as it was kept; then it is used from now on."""
        kept = f"{self._content}/{sums.sha256}"
        try:
            status = os.stat(kept)
            if (status.st_size, status.st_mtime_ns) != (sums.size, _MARK):
                return False
            # a copy or link made since does not count as a read everywhere (noatime)
            os.utime(kept, ns=(time.time_ns(), _MARK))
        except FileNotFoundError:
            return False
        except PermissionError:
            # kept by another account, which sees to it
            pass
        return True

    def _known(self, address: str) -> Cached | None:
        entry = self._addresses / _name(address)
        try:
            values = json.loads(entry.read_bytes())
            os.utime(entry)
            validators = Validators(**values["validators"])
            sums = self.sums(values["sha256"])
            return Cached(sums, validators, values["filename"], values["version"]) if sums else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _remember(self, address: str, cached: Cached) -> None:
        values = asdict(cached) | {"sha256": cached.sums.sha256}
        del values["sums"]
        _write(self._addresses / _name(address), values)


def _is_same(known: Cached, info: ObjectInfo) -> bool:
    """Whether the object is still what is kept; a listing tells less of it than the object does."""
    if info.version is not None:
        return known.version == info.version
    return info.etag is not None and known.validators.etag == info.etag


def _name(address: str) -> str:
    """A file name for it: addresses are long, and may hold credentials."""
    return hashlib.sha256(address.encode()).hexdigest()


def _forget(folder: Path, before: float, most: int) -> None:
    """Remove what was used last before that time, and of the rest all but the `most` that were used last."""
    used: list[tuple[float, str]] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                used.append((entry.stat().st_mtime, entry.path))
    used.sort(reverse=True)
    for number, (when, path) in enumerate(used):
        if when < before or number >= most:
            with suppress(FileNotFoundError):
                os.unlink(path)


def _write(path: Path, value: dict[str, Any]) -> None:
    temporary = path.with_name(f"{uuid.uuid4().hex}{_PART}")
    temporary.write_text(json.dumps(value))
    os.replace(temporary, path)
