"""Downloads of this machine, kept by content, so that an input is fetched once for many executions."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from valo_jupyter.stores.base import Cancel, Progress
from valo_jupyter.stores.copying import copy_file
from valo_jupyter.stores.digests import Checksums
from valo_jupyter.stores.http import Validators, download

#: the most that a computer keeps for later executions, and the part of its disk that is the most
_LARGEST = 20_000_000_000
_SHARE = 0.1
_PART = ".part"
#: seconds without growth after which a partial download is nobody's any more
_ABANDONED = 24 * 3600


def largest_for(folder: Path) -> int:
    """How many bytes may be kept in `folder`, which exists."""
    return min(_LARGEST, int(shutil.disk_usage(folder).total * _SHARE))


@dataclass(frozen=True)
class Cached:
    """One address as it was when it was last fetched."""

    sums: Checksums
    validators: Validators
    filename: str | None
    #: of the kept file: another one means that somebody wrote to it
    mtime_ns: int


class InputCache:
    """`<folder>/content/<sha256>` and `<folder>/addresses/<sha256 of the address>.json`.

    An address is asked each time whether its content has changed; what has no validators is fetched anew. Executions
    get copies, which cost nothing where the file system shares blocks: code may do with an input what it likes. What
    was not used for the longest goes when there is more than `largest` bytes.
    """

    def __init__(self, folder: Path, largest: int = _LARGEST) -> None:
        self._content = folder / "content"
        self._addresses = folder / "addresses"
        self._largest = largest
        for part in (self._content, self._addresses):
            part.mkdir(parents=True, exist_ok=True)

    def fetch(
        self, url: str, *, fresh: bool = False, progress: Progress | None = None, cancel: Cancel | None = None
    ) -> Cached:
        """See that the content behind `url` is here. `fresh`: download it whatever is known of it."""
        known = None if fresh else self._known(url)
        with self._part() as part:
            got = download(url, part, known=known.validators if known else None, progress=progress, cancel=cancel)
            if got.sums is None:
                assert known is not None
                os.utime(self._entry(url))
                return known
            return self._keep(url, part, got.sums, got.validators, got.filename)

    def fetch_unchanging(self, uri: str, get: Callable[[Path], Checksums]) -> Cached:
        """See that the content behind `uri` is here, which is always the same; `get` writes it to a path."""
        known = self._known(uri)
        if known is not None:
            os.utime(self._entry(uri))
            return known
        with self._part() as part:
            sums = get(part)
            return self._keep(uri, part, sums, Validators(etag=sums.sha256), None)

    def place(self, cached: Cached, path: Path, *, cancel: Cancel | None = None) -> None:
        """Put a copy of the content at `path`. FileNotFoundError: another execution has just trimmed it away."""
        copy_file(self._content / cached.sums.sha256, path, cancel=cancel)

    def trim(self) -> None:
        """Make what is kept no larger than it may be, and remove what broken downloads left.

        Other machines of this computer may be doing so, and who places a file that has just gone fetches it again.
        """
        with open(self._addresses.parent / ".trim", "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return
            self._trim()

    def _trim(self) -> None:
        last_use: dict[str, float] = {}
        for entry in self._addresses.glob("*.json"):
            with suppress(OSError, ValueError, KeyError, TypeError):
                content = json.loads(entry.read_bytes())["sums"]["sha256"]
                last_use[content] = max(last_use.get(content, 0.0), entry.stat().st_mtime)
        kept = []
        excess = -self._largest
        for file in self._content.iterdir():
            with suppress(FileNotFoundError):
                status = file.stat()
                part = file.name.endswith(_PART)
                if part and time.time() - status.st_mtime > _ABANDONED:
                    file.unlink()
                    continue
                excess += status.st_size
                if not part:
                    # what another execution downloads at this moment is not ours to remove
                    kept.append((last_use.get(file.name, status.st_mtime), status.st_size, file))
        for _, size, file in sorted(kept):
            if excess <= 0:
                break
            file.unlink(missing_ok=True)
            excess -= size

    @contextmanager
    def _part(self) -> Iterator[Path]:
        part = self._content / f"{uuid.uuid4().hex}{_PART}"
        try:
            yield part
        finally:
            part.unlink(missing_ok=True)

    def _keep(self, url: str, part: Path, sums: Checksums, validators: Validators, filename: str | None) -> Cached:
        kept = self._content / sums.sha256
        os.chmod(part, 0o444)
        os.replace(part, kept)
        cached = Cached(sums, validators, filename, kept.stat().st_mtime_ns)
        self._remember(url, cached)
        return cached

    def _known(self, url: str) -> Cached | None:
        try:
            values = json.loads(self._entry(url).read_bytes())
            cached = Cached(
                Checksums(**values["sums"]), Validators(**values["validators"]), values["filename"], values["mtime_ns"]
            )
            stat = (self._content / cached.sums.sha256).stat()
        except (OSError, ValueError, KeyError, TypeError):
            return None
        whole = (stat.st_size, stat.st_mtime_ns) == (cached.sums.size, cached.mtime_ns)
        return cached if whole and cached.validators else None

    def _remember(self, url: str, cached: Cached) -> None:
        entry = self._entry(url)
        temporary = entry.with_suffix(f".{uuid.uuid4().hex}")
        temporary.write_text(json.dumps(asdict(cached)))
        os.replace(temporary, entry)

    def _entry(self, url: str) -> Path:
        return self._addresses / f"{hashlib.sha256(url.encode()).hexdigest()}.json"
