"""Finds the files of the outputs folder, has them stored, several at once, and tells the server of each."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from valo_jupyter.domain.errors import StaleAttempt, ValoError
from valo_jupyter.runtime.contract import Folders, Sink
from valo_jupyter.runtime.found import Found, find_outputs, held, make_readable
from valo_jupyter.runtime.mask import Mask
from valo_jupyter.runtime.naming import OutputNames
from valo_jupyter.runtime.outputs.destination import Destination, Landed
from valo_jupyter.runtime.progress import TogetherProgress
from valo_jupyter.runtime.sidecars import LISTING, SUFFIX, Properties, read_listing, read_sidecar
from valo_jupyter.runtime.wire import Refused
from valo_jupyter.stores.base import Cancel
from valo_jupyter.stores.errors import Cancelled, StoreError

#: files told to the server at once, and how long the first of them waits for others
_TOGETHER = 100
_WAIT = 0.5
_LOOK_EVERY = 1.0

Register = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


@dataclass(frozen=True)
class _Stored:
    """An output that is in a store, as others may know it: its name and properties show no secret."""

    name: str
    landed: Landed
    properties: Properties

    def to_report(self) -> dict[str, Any]:
        """Its entry in `POST /run/v1/outputs`."""
        landed, properties = self.landed, self.properties
        return {
            "name": self.name,
            "uri": landed.uri,
            **asdict(landed.sums),
            "store": landed.store,
            "version": landed.version,
            "wanted_store": landed.wanted,
            "metadata": properties.metadata,
            "tags": properties.tags,
            "aliases": properties.aliases,
            "dataset_versions": properties.dataset_versions,
        }


@dataclass(frozen=True)
class Collected:
    """
    Attributes
    ----------
    failures
        What could not be stored, each with the reason.
    kept
        How many files wait in the built-in store for their own.
    left
        A store failed, so that files are in the outputs folder only.
    """

    failures: list[str]
    kept: int = 0
    left: bool = False


class Outputs:
    """The outputs of one attempt, each stored once under its name and content; nothing is overwritten.

    Parameters
    ----------
    register
        Tells the server of stored files (`POST /run/v1/outputs`).
    cancel
        Asked now and then; True ends `collect` early, with what is stored by then.
    hurry
        True: no more uploads to a store of the network; what is left is kept near.
    mask
        Hides secrets in names, tags, aliases and metadata; the content of files stays as it is.
    """

    def __init__(
        self,
        folders: Folders,
        destination: Destination,
        sink: Sink,
        *,
        register: Register,
        cancel: Cancel,
        hurry: Cancel,
        mask: Mask,
    ) -> None:
        self._folders = folders
        self._destination = destination
        self._sink = sink
        self._register = register
        self._cancel = cancel
        self._hurry = hurry
        self._mask = mask
        self._names = OutputNames(mask)
        self._complained: set[str] = set()
        #: names stored while the code ran → which version of the file
        self._live: dict[str, tuple[tuple[int, int, int], _Stored]] = {}
        self._failures: list[str] = []
        self._left = False
        self._kept = 0
        self._waiting: list[_Stored] = []
        self._waiting_since = 0.0
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="valo-outputs", daemon=True)

    def watch(self) -> None:
        """From now on until `collect`, store a file as soon as the code has made it read-only."""
        self._watcher.start()

    def collect(self) -> Collected:
        """Store all that is there.

        Nobody may write to the folder any more: files are moved out of it.
        """
        self._over.set()
        if self._watcher.ident is not None:
            self._watcher.join()
        make_readable(self._folders.outputs)
        listing = read_listing(self._folders.outputs / LISTING, self._complain)
        found = list(find_outputs(self._folders.outputs, self._folders.root, self._complain))
        files, sidecars = self._apart(found)
        described = [(file, self._properties(file.name, sidecars, listing)) for file in files]
        name = self._names.shown(files[0].name) if len(files) == 1 else f"{len(files)} files"
        progress = TogetherProgress(self._sink, "upload", name, sum(file.stat.st_size for file in files))
        # copies first: what a link leads to may itself be moved away
        not_stored = sum(
            self._store_all([each for each in described if each[0].link == link], progress) for link in (True, False)
        )
        if not_stored:
            self._failures.append(f"{not_stored} of {len(files)} outputs were not stored any more")
        self._tell()
        for name in sorted(set(listing) - {file.name for file in files}):
            self._complain(f"{LISTING} names {name}, but there is no such output")
        for failure in self._failures:
            self._complain(failure)
        return Collected(self._failures, self._kept, self._left)

    def _store_all(self, described: list[tuple[Found, Properties]], progress: TogetherProgress) -> int:
        """How many were not stored for want of time."""
        not_stored = 0
        with ThreadPoolExecutor(self._destination.at_once, thread_name_prefix="valo-upload") as pool:
            started = [(file, pool.submit(self._keep, file, properties, progress)) for file, properties in described]
            for file, future in started:
                try:
                    if (stored := future.result()) is not None:
                        self._add(stored)
                except Cancelled:
                    not_stored += 1
                except (StoreError, OSError) as error:
                    self._left = True
                    self._failures.append(
                        f"output {self._names.shown(file.name)} could not be stored: {_reason(error)}"
                    )
        return not_stored

    def _keep(self, file: Found, properties: Properties, progress: TogetherProgress) -> _Stored | None:
        """Store a file, unless that was done while the code ran."""
        if self._cancel():
            raise Cancelled
        version, stored = self._live.get(file.name, (None, None))
        if stored is not None and version == file.version:
            # its sidecar may have come later than the file was made read-only
            return replace(stored, properties=properties) if stored.properties != properties else None
        name = self._names.shown(file.name)
        landed = self._destination.bring_or_keep(
            file.path, name, move=not file.link, progress=progress.part(), cancel=self._cancel, hurry=self._hurry
        )
        return _Stored(name, landed, properties)

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
            self._kept += stored.landed.wanted is not None
            size = stored.landed.sums.size
            self._sink.emit({"k": "output", "name": stored.name, "size": size, "datum": answer["datum"]})

    def _tell_bare(self, stored: _Stored, error: Refused) -> list[dict[str, Any]]:
        """The file without tags, aliases and metadata, when the server takes offence at those."""
        if not stored.properties:
            raise error
        self._complain(f"The tags, aliases and metadata of output {stored.name} were left out: {error.message}")
        return self._register([replace(stored, properties=Properties()).to_report()])

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
            # an SDK may take a second to import: while the code runs that costs nobody anything
            self._destination.open()
            try:
                self._look()
            except StaleAttempt:
                return
            except (ValoError, OSError) as error:
                self._complain_of_live(error)
            # a folder with very many files is looked at less often
            pause = max(_LOOK_EVERY, 20 * (time.monotonic() - begun))

    def _look(self) -> None:
        # links, odd files and so on are spoken of at the end
        found = list(find_outputs(self._folders.outputs, self._folders.root, lambda problem: None))
        if not any(file.read_only for file in found):
            return
        files, sidecars = self._apart([file for file in found if not file.link])
        listing = read_listing(self._folders.outputs / LISTING, self._complain)
        fresh = [file for file in files if file.read_only and not self._is_live(file)]
        progress = TogetherProgress(
            self._sink, "upload", f"{len(fresh)} files", sum(file.stat.st_size for file in fresh)
        )
        with ThreadPoolExecutor(self._destination.at_once, thread_name_prefix="valo-upload") as pool:
            started = [(file, pool.submit(self._bring_live, file, progress)) for file in fresh]
            for file, future in started:
                try:
                    landed = future.result()
                except Cancelled:
                    continue
                except (StoreError, OSError) as error:
                    self._complain_of_live(error)
                    continue
                properties = self._properties(file.name, sidecars, listing)
                stored = _Stored(self._names.shown(file.name), landed, properties)
                self._live[file.name] = (file.version, stored)
                self._add(stored)
        self._tell()

    def _is_live(self, file: Found) -> bool:
        known = self._live.get(file.name)
        return known is not None and known[0] == file.version

    def _bring_live(self, file: Found, progress: TogetherProgress) -> Landed:
        def cancel() -> bool:
            return self._cancel() or self._hurry()

        if self._over.is_set() or cancel():
            raise Cancelled
        with held(file, self._folders.outputs) as path:
            name = self._names.shown(file.name)
            return self._destination.bring(Path(path), name, progress=progress.part(), cancel=cancel)

    def _complain_of_live(self, error: Exception) -> None:
        # the same file is taken again, and at the end a failure is one of the execution
        self._complain(f"A read-only output could not be stored yet: {_reason(error)}")

    def _complain(self, problem: str) -> None:
        if problem not in self._complained:
            self._complained.add(problem)
            self._sink.log("status", [problem])


def _reason(error: Exception) -> str:
    return error.message if isinstance(error, ValoError) else str(error)
