"""Stores everything in the outputs folder: read-only files while the code runs, all else after it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from valo_jupyter.domain.errors import StaleAttempt, ValoError
from valo_jupyter.runtime.contract import Folders, Sink
from valo_jupyter.runtime.found import Found, find_outputs, held, make_readable
from valo_jupyter.runtime.mask import Mask
from valo_jupyter.runtime.naming import OutputNames
from valo_jupyter.runtime.progress import ProgressEvents
from valo_jupyter.runtime.sidecars import LISTING, SUFFIX, Properties, read_listing, read_sidecar
from valo_jupyter.runtime.wire import Refused
from valo_jupyter.stores.base import Cancel, Store
from valo_jupyter.stores.digests import Checksums, checksums_of
from valo_jupyter.stores.errors import Cancelled, StoreError

#: files told to the server at once, and how long the first of them waits for others
_TOGETHER = 100
_WAIT = 0.5
_LOOK_EVERY = 1.0

Register = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


@dataclass(frozen=True)
class _Stored:
    """An output that is in the store, as others may know it: its name and properties show no secret."""

    name: str
    uri: str
    sums: Checksums
    properties: Properties

    def to_report(self) -> dict[str, Any]:
        """Its entry in `POST /run/v1/outputs`."""
        told = {"name": self.name, "uri": self.uri, **asdict(self.sums)}
        properties = self.properties
        return {**told, "metadata": properties.metadata, "tags": properties.tags, "aliases": properties.aliases}


class Outputs:
    """The outputs of one attempt, each stored once under its name and content; nothing is overwritten.

    Parameters
    ----------
    register
        Tells the server of stored files (`POST /run/v1/outputs`).
    cancel
        Asked now and then; True ends `collect` early, with what is stored by then.
    mask
        Hides secrets in names, tags, aliases and metadata; the content of files stays as it is.
    """

    def __init__(
        self, folders: Folders, store: Store, sink: Sink, *, register: Register, cancel: Cancel, mask: Mask
    ) -> None:
        self._folders = folders
        self._store = store
        self._sink = sink
        self._register = register
        self._cancel = cancel
        self._mask = mask
        self._names = OutputNames(mask)
        self._complained: set[str] = set()
        #: names stored while the code ran → which version of the file
        self._live: dict[str, tuple[tuple[int, int, int], _Stored]] = {}
        self._failures: list[str] = []
        self._waiting: list[_Stored] = []
        self._waiting_since = 0.0
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="valo-outputs", daemon=True)

    def watch(self) -> None:
        """From now on until `collect`, store a file as soon as the code has made it read-only."""
        self._watcher.start()

    def collect(self) -> list[str]:
        """Store all that is there; what could not be stored, each with the reason.

        Nobody may write to the folder any more: files are moved out of it.
        """
        self._over.set()
        if self._watcher.ident is not None:
            self._watcher.join()
        failures = self._failures
        make_readable(self._folders.outputs)
        listing = read_listing(self._folders.outputs / LISTING, self._complain)
        found = list(find_outputs(self._folders.outputs, self._folders.root, self._complain))
        files, sidecars = self._apart(found)
        # copies first: what a link leads to may itself be moved away
        files.sort(key=lambda file: not file.link)
        for number, file in enumerate(files):
            if self._cancel():
                rest = len(files) - number
                failures.append(f"{rest} of {len(files)} outputs were not stored any more")
                break
            try:
                self._keep(file, self._properties(file.name, sidecars, listing))
            except Cancelled:
                failures.append(f"{len(files) - number} of {len(files)} outputs were not stored any more")
                break
            except (StoreError, OSError) as error:
                failures.append(f"output {self._names.shown(file.name)} could not be stored: {_reason(error)}")
        self._tell()
        for name in sorted(set(listing) - {file.name for file in files}):
            self._complain(f"{LISTING} names {name}, but there is no such output")
        for failure in failures:
            self._complain(failure)
        return failures

    def _keep(self, file: Found, properties: Properties) -> None:
        """Store a file, unless that was done while the code ran."""
        version, stored = self._live.get(file.name, (None, None))
        if stored is not None and version == file.version:
            if stored.properties != properties:
                # its sidecar came later than the file was made read-only
                self._add(_Stored(stored.name, stored.uri, stored.sums, properties))
            return
        self._add(self._store_file(file, properties, move=not file.link))

    def _store_file(self, file: Found, properties: Properties, *, move: bool) -> _Stored:
        name = self._names.shown(file.name)
        progress = ProgressEvents(self._sink, "upload", name)
        info = self._store.put_file(file.path, name, move=move, progress=progress, cancel=self._cancel)
        return _Stored(name, info.uri, checksums_of(info), properties)

    def _add(self, stored: _Stored) -> None:
        if not self._waiting:
            self._waiting_since = time.monotonic()
        self._waiting.append(stored)
        if len(self._waiting) >= _TOGETHER or time.monotonic() - self._waiting_since > _WAIT:
            self._tell()

    def _tell(self) -> None:
        """Have what was stored registered; each file is an event, too."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        try:
            answers = self._register([stored.to_report() for stored in waiting])
        except Refused as error:
            if len(waiting) > 1:
                # one of them is at fault, and must not keep the others back
                for stored in waiting:
                    self._waiting = [stored]
                    self._tell()
                return
            try:
                answers = self._tell_bare(waiting[0], error)
            except Refused as final:
                self._failures.append(f"output {waiting[0].name} was not accepted: {final.message}")
                return
        for stored, answer in zip(waiting, answers, strict=True):
            self._sink.emit({"k": "output", "name": stored.name, "size": stored.sums.size, "datum": answer["datum"]})

    def _tell_bare(self, stored: _Stored, error: Refused) -> list[dict[str, Any]]:
        """The file without tags, aliases and metadata, when the server takes offence at those."""
        if not stored.properties:
            raise error
        self._complain(f"The tags, aliases and metadata of output {stored.name} were left out: {error.message}")
        return self._register([_Stored(stored.name, stored.uri, stored.sums, Properties()).to_report()])

    def _apart(self, found: list[Found]) -> tuple[list[Found], dict[str, dict[str, Any]]]:
        """Files that are outputs, and what sidecars say by the name of the output."""
        names = {file.name for file in found}
        files, sidecars = [], {}
        for file in found:
            if file.name == LISTING:
                continue
            described = file.name.removesuffix(SUFFIX)
            if described != file.name and described in names:
                values = read_sidecar(file.path)
                if values is not None:
                    sidecars[described] = values
                    continue
                self._complain(f"{file.name} holds no JSON object; it was stored as a file like others")
            files.append(file)
        self._names.add(file.name for file in files)
        return files, sidecars

    def _properties(
        self, name: str, sidecars: dict[str, dict[str, Any]], listing: dict[str, dict[str, Any]]
    ) -> Properties:
        return Properties.of({**listing.get(name, {}), **sidecars.get(name, {})}).masked(self._mask)

    def _watch(self) -> None:
        pause = _LOOK_EVERY
        while not self._over.wait(pause):
            begun = time.monotonic()
            try:
                self._look()
            except StaleAttempt:
                return
            except (ValoError, OSError) as error:
                # the same file is taken again at the end, where a failure is one of the execution
                self._complain(f"A read-only output could not be stored yet: {_reason(error)}")
            # a folder with very many files is looked at less often
            pause = max(_LOOK_EVERY, 20 * (time.monotonic() - begun))

    def _look(self) -> None:
        # links, odd files and so on are spoken of at the end
        found = list(find_outputs(self._folders.outputs, self._folders.root, lambda problem: None))
        if not any(file.read_only for file in found):
            return
        files, sidecars = self._apart([file for file in found if not file.link])
        listing = read_listing(self._folders.outputs / LISTING, self._complain)
        for file in files:
            if self._over.is_set():
                break
            known = self._live.get(file.name)
            if not file.read_only or (known is not None and known[0] == file.version):
                continue
            with held(file, self._folders.outputs) as path:
                same = replace(file, path=path)
                stored = self._store_file(same, self._properties(file.name, sidecars, listing), move=False)
            self._live[file.name] = (file.version, stored)
            self._add(stored)
        self._tell()

    def _complain(self, problem: str) -> None:
        if problem not in self._complained:
            self._complained.add(problem)
            self._sink.log("status", [problem])


def _reason(error: Exception) -> str:
    return error.message if isinstance(error, ValoError) else str(error)
