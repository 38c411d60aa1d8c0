"""Fetches all inputs of an execution at once, checks them, and tells the server of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from valo_jupyter.client.human import size
from valo_jupyter.domain.errors import InputUnavailable
from valo_jupyter.runtime.assigned import AssignedStores
from valo_jupyter.runtime.contract import Folders, Sink
from valo_jupyter.runtime.elsewhere import Source
from valo_jupyter.runtime.inputs.finding import WEB, Finder, Wanted
from valo_jupyter.runtime.inputs.names import Places
from valo_jupyter.runtime.inputs.telling import InputFile, Register, Telling
from valo_jupyter.runtime.inputs.ways import FromCheckout, Terms
from valo_jupyter.runtime.progress import ProgressEvents
from valo_jupyter.stores.base import Cancel
from valo_jupyter.stores.errors import Cancelled, StoreError
from valo_jupyter.stores.web import without_credentials

if TYPE_CHECKING:
    from valo_jupyter.runtime.inputs.demand import OnDemand

#: files that are fetched at once; of the large ones, whose parts a store fetches at once, fewer
_AT_ONCE = 16
_LARGE_AT_ONCE = 3
_LARGE = 32_000_000
#: what a disk keeps free for all else
_SPARE = 100_000_000

T = TypeVar("T")


def asks_for_inputs(assignment: Mapping[str, Any]) -> bool:
    """Whether inputs are to be left to the code."""
    return any(given.get("download") == "on-demand" for given in assignment["inputs"])


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
    asks
        Code can ask for files while it runs.

    Attributes
    ----------
    waiting
        Those that it is to ask for, once everything else is fetched.
    """

    def __init__(
        self,
        assignment: Mapping[str, Any],
        folders: Folders,
        sink: Sink,
        *,
        register: Register,
        cancel: Cancel,
        source: Source,
        stores: AssignedStores,
        shared: bool = False,
        asks: bool = True,
    ) -> None:
        self._given = assignment["inputs"]
        self._folders = folders
        self._sink = sink
        self._telling = Telling(sink, register)
        self._cancel = cancel
        self._source = source
        self._failed = threading.Event()
        self._finder = Finder(assignment, folders, source, stores)
        self._names = Places(folders.inputs)
        asked = assignment["environment_variables"].get("VH_NO_DATA_CACHE", "")
        self._fresh = str(asked).lower() in ("1", "yes", "true")
        self._shared = shared and not self._fresh
        self._inside = bool(assignment.get("private_redirects"))
        self._asks = asks
        self.waiting: list[InputFile] = []

    def fetch(self) -> dict[str, Any]:
        """Fetch everything; what `inputs.json` is to hold."""
        self._folders.inputs.mkdir(exist_ok=True)
        if not self._given:
            return {}
        terms = self._terms()
        with (
            ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="valo-download") as small,
            ThreadPoolExecutor(_LARGE_AT_ONCE, thread_name_prefix="valo-download-large") as large,
        ):
            wanted = self._found(small)
            needs = [0 if self._on_demand(each) else each.way.needs(terms) for each in wanted]
            self._check_room(wanted, needs, terms)
            targets = [self._target(each) for each in wanted]
            files = self._all(
                (large if needed > _LARGE else small).submit(self._bring, each, target, terms)
                for each, needed, target in zip(wanted, needs, targets, strict=True)
            )
        terms.cache.trim()
        self.waiting = [file for file in files if file.path is None]
        here = iter(self._telling.tell([file for file in files if file.path is not None]))
        found: dict[str, list[InputFile]] = {given["name"]: [] for given in self._given}
        for file in files:
            found[file.wanted.input].append(file if file.path is None else next(here))
        return {name: self._config(name, files) for name, files in found.items()}

    def on_demand(self, token: str) -> OnDemand | None:
        """What code asks for the files that are left to it, if there are such; the caller closes it."""
        if not self.waiting:
            return None
        # imported where it is needed, which is seldom
        from valo_jupyter.runtime.inputs.demand import OnDemand

        return OnDemand(token, self.waiting, self._terms(), self._telling, self._sink, self._folders.root)

    def _config(self, name: str, files: list[InputFile]) -> dict[str, Any]:
        config: dict[str, Any] = {"files": [file.to_config() for file in files]}
        if waiting := sum(file.path is None for file in files):
            # valohai-utils asks for their addresses by it
            config["input_id"] = name
            count = "1 file" if waiting == 1 else f"{waiting} files"
            self._sink.log("status", [f"Input {name}: {count} to be downloaded when code asks for them"])
        return config

    def _terms(self) -> Terms:
        return Terms(self._source.inputs, self._given_up, self._fresh, self._shared, self._inside)

    def _found(self, pool: ThreadPoolExecutor) -> list[Wanted]:
        pairs = [(given, uri) for given in self._given for uri in given["uris"]]
        found = self._all(
            pool.submit(self._named, given["name"], self._finder.find, given, uri) for given, uri in pairs
        )
        for (given, uri), wanted in zip(pairs, found, strict=True):
            if "://" in uri and not any(self._on_demand(each) for each in wanted):
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
        # code asks for a file by its name
        name = wanted.name or (wanted.input if self._on_demand(wanted) else None)
        return self._names.take(wanted.input, name) if name is not None else None

    def _on_demand(self, wanted: Wanted) -> bool:
        # what is in the snapshot is here
        return self._asks and wanted.given.get("download") == "on-demand" and not isinstance(wanted.way, FromCheckout)

    def _bring(self, wanted: Wanted, target: Path | None, terms: Terms) -> InputFile:
        if self._on_demand(wanted):
            assert target is not None
            # valohai-utils makes the input's own folder only
            target.parent.mkdir(parents=True, exist_ok=True)
            return InputFile(wanted, self._name(wanted, target))
        return self._named(wanted.input, self._fetch, wanted, target, terms)

    def _fetch(self, wanted: Wanted, target: Path | None, terms: Terms) -> InputFile:
        if self._given_up():
            raise Cancelled
        content = wanted.way.fetch(terms, ProgressEvents(self._sink, "download", wanted.uri))
        target = target or self._names.take(wanted.input, content.filename or wanted.input)
        target.parent.mkdir(parents=True, exist_ok=True)
        content.put(target)
        return InputFile(wanted, self._name(wanted, target), target, content.sums, content.version)

    def _name(self, wanted: Wanted, target: Path) -> str:
        return target.relative_to(self._folders.inputs / wanted.input).as_posix()

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
