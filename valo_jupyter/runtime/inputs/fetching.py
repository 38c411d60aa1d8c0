"""Fetches all inputs of an execution at once, checks them, and tells the server of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from valo_jupyter.client.human import size
from valo_jupyter.domain.errors import InputUnavailable
from valo_jupyter.runtime.assigned import AssignedStores
from valo_jupyter.runtime.contract import Folders, Sink
from valo_jupyter.runtime.elsewhere import Source
from valo_jupyter.runtime.inputs.finding import WEB, Finder, Wanted
from valo_jupyter.runtime.inputs.names import Places
from valo_jupyter.runtime.inputs.ways import FromWeb, Terms
from valo_jupyter.runtime.progress import ProgressEvents
from valo_jupyter.stores.base import Cancel
from valo_jupyter.stores.digests import Checksums
from valo_jupyter.stores.errors import Cancelled, StoreError
from valo_jupyter.stores.http import without_credentials

#: files that are fetched at once; of the large ones, whose parts a store fetches at once, fewer
_AT_ONCE = 16
_LARGE_AT_ONCE = 3
_LARGE = 32_000_000
#: files told to the server at once
_TOGETHER = 500
#: what a disk keeps free for all else
_SPARE = 100_000_000

T = TypeVar("T")


@dataclass(frozen=True)
class InputFile:
    """One file of an input; `path` and `sums` are None where its download is left to the code."""

    wanted: Wanted
    name: str
    path: Path | None
    sums: Checksums | None
    version: str | None = None
    datum: str | None = None

    def to_report(self) -> dict[str, Any]:
        """Its entry in `POST /run/v1/inputs`."""
        assert self.sums is not None
        told = {"input": self.wanted.input, "name": self.name, "uri": self.wanted.uri, **asdict(self.sums)}
        more = {**self.wanted.facts, "version": self.version}
        return told | {name: value for name, value in more.items() if value is not None}

    def to_config(self) -> dict[str, Any]:
        """Its entry in `inputs.json`."""
        sums = self.sums
        return {
            "name": self.name,
            "path": str(self.path) if self.path else None,
            "uri": self.wanted.uri,
            "size": sums.size if sums else None,
            "checksums": {"md5": sums.md5, "sha1": sums.sha1, "sha256": sums.sha256} if sums else {},
            "metadata": [],
            "datum_id": self.datum,
        }


class Inputs:
    """Fetches what an assignment's `inputs` name. Every failure is `InputUnavailable`, or `Cancelled` on a stop.

    Parameters
    ----------
    register
        Tells the server of files that code is about to use (`POST /run/v1/inputs`).
    source
        Has the built-in store, and this machine's downloads.
    shared
        Code cannot write to its inputs: they may be links to what is kept for others.
    """

    def __init__(
        self,
        assignment: Mapping[str, Any],
        folders: Folders,
        sink: Sink,
        *,
        register: Callable[[list[dict[str, Any]]], list[dict[str, Any]]],
        cancel: Cancel,
        source: Source,
        stores: AssignedStores,
        shared: bool = False,
    ) -> None:
        self._given = assignment["inputs"]
        self._folders = folders
        self._sink = sink
        self._register = register
        self._cancel = cancel
        self._source = source
        self._failed = threading.Event()
        self._finder = Finder(assignment, folders, source, stores)
        self._names = Places(folders.inputs)
        asked = assignment["environment_variables"].get("VH_NO_DATA_CACHE", "")
        self._fresh = str(asked).lower() in ("1", "yes", "true")
        self._shared = shared and not self._fresh
        self._inside = bool(assignment.get("private_redirects"))

    def fetch(self) -> dict[str, Any]:
        """Fetch everything; what `inputs.json` is to hold."""
        self._folders.inputs.mkdir(exist_ok=True)
        if not self._given:
            return {}
        terms = Terms(self._source.inputs, self._given_up, self._fresh, self._shared, self._inside)
        with (
            ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="valo-download") as small,
            ThreadPoolExecutor(_LARGE_AT_ONCE, thread_name_prefix="valo-download-large") as large,
        ):
            wanted = self._found(small)
            needs = [0 if _on_demand(each) else each.way.needs(terms) for each in wanted]
            self._check_room(wanted, needs, terms)
            targets = [self._target(each) for each in wanted]
            files = self._all(
                (large if needed > _LARGE else small).submit(self._bring, each, target, terms)
                for each, needed, target in zip(wanted, needs, targets, strict=True)
            )
        terms.cache.trim()
        found: dict[str, list[InputFile]] = {given["name"]: [] for given in self._given}
        for file in self._registered(files):
            found[file.wanted.input].append(file)
        return {name: {"files": [file.to_config() for file in files]} for name, files in found.items()}

    def _found(self, pool: ThreadPoolExecutor) -> list[Wanted]:
        pairs = [(given, uri) for given in self._given for uri in given["uris"]]
        found = self._all(
            pool.submit(self._named, given["name"], self._finder.find, given, uri) for given, uri in pairs
        )
        for (given, uri), wanted in zip(pairs, found, strict=True):
            if "://" in uri and given.get("download") != "on-demand":
                shown = without_credentials(uri) if uri.startswith(WEB) else uri
                many = "" if len(wanted) == 1 else f": {len(wanted)} files"
                self._sink.log("status", [f"Downloading input {given['name']}: {shown}{many}"])
        return [each for wanted in found for each in wanted]

    def _check_room(self, wanted: list[Wanted], needs: list[int], terms: Terms) -> None:
        needed = sum(needs)
        room = terms.cache.room(needed + _SPARE) - _SPARE
        if needed > room:
            largest = wanted[needs.index(max(needs))]
            raise InputUnavailable(
                f"input {largest.input}: the inputs take {size(needed)}, and the machine's disk has room for "
                f"{size(max(room, 0))} (the largest file is {largest.uri}); "
                "name fewer files, or run it where there is more"
            )

    def _target(self, wanted: Wanted) -> Path | None:
        return self._names.take(wanted.input, wanted.name) if wanted.name is not None else None

    def _bring(self, wanted: Wanted, target: Path | None, terms: Terms) -> InputFile:
        if _on_demand(wanted):
            return InputFile(wanted, wanted.name or wanted.input, None, None)
        return self._named(wanted.input, self._fetch, wanted, target, terms)

    def _fetch(self, wanted: Wanted, target: Path | None, terms: Terms) -> InputFile:
        if self._given_up():
            raise Cancelled
        content = wanted.way.fetch(terms, ProgressEvents(self._sink, "download", wanted.uri))
        target = target or self._names.take(wanted.input, content.filename or wanted.input)
        target.parent.mkdir(parents=True, exist_ok=True)
        content.put(target)
        name = target.relative_to(self._folders.inputs / wanted.input).as_posix()
        return InputFile(wanted, name, target, content.sums, content.version)

    def _named(self, name: str, what: Callable[..., T], *arguments: Any) -> T:
        """Failures with the input's name."""
        try:
            return what(*arguments)
        except (Cancelled, InputUnavailable):
            raise
        except (StoreError, OSError) as error:
            reason = error.message if isinstance(error, StoreError) else error.strerror or str(error)
            raise InputUnavailable(f"input {name}: {reason}") from error

    def _all(self, futures: Iterable[Future[T]]) -> list[T]:
        """Their results; after a failure the others end, and it is that failure which is raised."""
        started = list(futures)
        done, waiting = wait(started, return_when=FIRST_EXCEPTION)
        if any(future.exception() for future in done):
            self._failed.set()
            for future in waiting:
                future.cancel()
            wait(waiting)
            errors = [error for future in started if not future.cancelled() and (error := future.exception())]
            raise next((error for error in errors if not isinstance(error, Cancelled)), errors[0])
        return [future.result() for future in started]

    def _given_up(self) -> bool:
        return self._failed.is_set() or self._cancel()

    def _registered(self, files: list[InputFile]) -> list[InputFile]:
        """Tell the server of the files; the same with their data."""
        present = [file for file in files if file.path]
        told: dict[Path | None, InputFile] = {}
        for start in range(0, len(present), _TOGETHER):
            part = present[start : start + _TOGETHER]
            answers = self._register([file.to_report() for file in part])
            for file, answer in zip(part, answers, strict=True):
                told[file.path] = replace(file, datum=answer["datum"])
                self._tell(told[file.path], answer.get("warning"))
        return [told.get(file.path, file) for file in files]

    def _tell(self, file: InputFile, warning: str | None) -> None:
        sums = file.sums
        assert sums is not None
        facts = {"input": file.wanted.input, "name": file.name, "uri": file.wanted.uri, "size": sums.size}
        self._sink.emit({"k": "input", **facts, "sha256": sums.sha256, "datum": file.datum, "warning": warning})
        shown = f"md5 {sums.md5}, sha1 {sums.sha1}, sha256 {sums.sha256}"
        self._sink.log("status", [f"Input {file.wanted.input}: {file.name}, {sums.size} bytes, {shown}"])
        if warning:
            self._sink.log("status", [f"Input {file.wanted.input}: {warning}"])


def _on_demand(wanted: Wanted) -> bool:
    # code cannot reach a store: it has no credentials of one
    return wanted.given.get("download") == "on-demand" and isinstance(wanted.way, FromWeb)
